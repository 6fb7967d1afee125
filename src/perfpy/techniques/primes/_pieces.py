"""Intervals and arrays in pieces, for executors."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial
from math import isqrt
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from perfpy import executors
from perfpy._dispatch import Backend, Kernel, Technique
from perfpy.executors import Engine, Reach, Sizes

from . import _bounds, _listing, _nth
from ._tables import COUNT_PRIMES, IS_PRIME, NTH_PRIME, PRIMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perfpy.executors import ExecutorLike
    from perfpy.executors._shared import Handle

#: Numbers per second that each backend sieves on one core, roughly: they bound how long a piece can last.
_SPEED = {"python": 5e7, "numpy": 5e8, "sympy": 1e6}
_SPEED_OF_OTHERS = 2e9
_AT_WORST, _AT_LEAST = 0.2, 0.002  # seconds that a piece lasts, as far as can be told before
_ROOTS = 8
#: Numbers of a unit of work: a multiple of the wheel's 30, so that pieces begin where its bytes do.
_UNIT = 30 * 2**13
#: Numbers per second that each backend tests on one core.
_TESTS = {"python": 1e5, "numpy": 2e5, "sympy": 3e4, "gmpy2": 1e6}
_TESTS_OF_OTHERS = 1e7
_GRAIN = 256  # numbers: a test that is vectorised takes many at a time


# The two kernels in C have ways of their own to divide work, which a backend registered as "c" has not.
_C_LIST = PRIMES.table["c"].target
_C_COUNT = COUNT_PRIMES.table["c"].target


class Piece(NamedTuple):
    """A part of an interval, its place among the others, and the units of work that it is."""

    number: int
    start: int
    stop: int
    units: range

    def __str__(self) -> str:
        return f"the numbers from {self.start} to {self.stop - 1}"


class Pieces:
    """Cut an interval into pieces, sized by measured work.

    What a piece costs besides its numbers is to go through the primes up to the square root of its end. A
    unit has several times as many numbers as that root, where there is work enough for all workers, so that
    this is a small part of it.
    """

    def __init__(self, start: int, stop: int, backend: str, engine: Engine) -> None:
        self._start, self._stop = start, stop
        speed = _SPEED.get(backend, _SPEED_OF_OTHERS)
        self._first = start // 30 * 30  # where the first byte of a wheel begins
        total = stop - self._first
        unit = max(_UNIT, total // 2**40, min(_ROOTS * isqrt(stop), total // engine.workers))
        self._unit = -(-unit // 30) * 30
        largest = max(1, int(_AT_WORST * speed) // self._unit)
        width = min(largest * self._unit, stop - start)
        #: As many primes as no piece has more of.
        self.most_primes = min(_bounds.at_most_between(start, stop), _bounds.at_most_within(width))
        self._sizes = Sizes(
            -(-total // self._unit),
            workers=engine.workers,
            most=largest,
            longest=engine.longest,
            shortest=engine.shortest,
            grain=max(1, int(_AT_LEAST * speed) // self._unit),
        )

    def __iter__(self) -> Iterator[Piece]:
        for number, units in enumerate(self._sizes):
            low = self._first + units.start * self._unit
            high = self._first + units.stop * self._unit
            yield Piece(number, max(low, self._start), min(high, self._stop), units)

    def measured(self, piece: Piece, seconds: float) -> None:
        """Take in how long a piece took."""
        self._sizes.measured(piece.units, seconds)


def count_primes(executor: ExecutorLike, backend: str, start: int, stop: int) -> int:
    """Count the primes of an interval on an executor."""
    assert executor is not None
    engine = executors.engine(executor)
    if COUNT_PRIMES.table[backend].target == _C_COUNT:
        from . import _c_count, _c_pieces

        ends = _c_count.prefixes(start, stop)
        if ends:
            return sum(sign * _c_pieces.prime_pi(engine, x) for sign, x in ends)
    pieces = Pieces(start, stop, backend, engine)
    found = [0]

    def combine(piece: Piece, result: tuple[float, int]) -> None:
        seconds, count = result
        found[0] += count
        pieces.measured(piece, seconds)

    target = _target(engine, COUNT_PRIMES, COUNT_PRIMES.table[backend])
    executors.run(engine, _counted, (target,), pieces, combine)
    return found[0]


def _counted(piece: Piece, target: str | Kernel) -> tuple[float, int]:
    started = perf_counter()
    count = _loaded(target)(piece.start, piece.stop)
    return perf_counter() - started, int(count)


def nth_prime(executor: ExecutorLike, backend: str, n: int) -> int:
    """Return the prime number `n`; the primes before it are counted on an executor."""
    assert executor is not None
    executors.engine(executor)  # a mistake in it is one whatever the backend does
    if backend not in COUNT_PRIMES.table or backend not in PRIMES.table:
        return int(NTH_PRIME[backend](n))
    return _nth.nth_prime(n, partial(count_primes, executor, backend), PRIMES[backend])


def primes(
    executor: ExecutorLike,
    backend: str,
    start: int,
    stop: int,
    kind: np.dtype[Any],
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """List the primes of an interval on an executor, in `out` where that is given."""
    assert executor is not None
    if kind.itemsize < 4:
        return primes(executor, backend, start, stop, np.dtype(np.uint32)).astype(kind)
    engine = executors.engine(executor)
    result = _listing.allocate(start, stop, kind) if out is None else out
    if start >= stop:
        return result[:0]
    filled = _list(engine, PRIMES.table[backend], start, stop, _listing.unsigned(result))
    if out is not None:
        return result[:filled]
    result.resize(filled, refcheck=False)
    return result


def _list(engine: Engine, backend: Backend, start: int, stop: int, out: NDArray[Any]) -> int:
    pieces = Pieces(start, stop, backend.name, engine)
    line = _Line(out, pieces)
    if engine.reach is Reach.MEMORY and backend.target == _C_LIST:
        from . import _c_pieces

        if _c_pieces.sieves(start, stop):
            return _c_pieces.list_in_memory(engine, pieces, out)
    if engine.reach is Reach.HOST:
        _list_on_host(engine, backend, pieces, line)
    else:
        target = _target(engine, PRIMES, backend)
        executors.run(engine, _listed, (target, out.dtype.str), pieces, line.combine)
    return line.filled


def _listed(piece: Piece, target: str | Kernel, dtype: str) -> tuple[float, NDArray[Any]]:
    """Return the primes of a piece in an array of their own."""
    started = perf_counter()
    found = np.empty(_bounds.at_most_between(piece.start, piece.stop), dtype)
    found.resize(_loaded(target)(piece.start, piece.stop, found), refcheck=False)
    return perf_counter() - started, found


class _Line:
    """Puts the primes of pieces one behind the other, once all before them are there."""

    def __init__(self, out: NDArray[Any], pieces: Pieces) -> None:
        self.filled = 0
        self._out = out
        self._pieces = pieces
        self._waiting: dict[int, NDArray[Any]] = {}
        self._next = 0

    @property
    def dtype(self) -> str:
        return self._out.dtype.str

    def combine(self, piece: Piece, result: tuple[float, NDArray[Any]]) -> None:
        """Take the primes of a piece, in memory that may be kept."""
        seconds, self._waiting[piece.number] = result
        self._pieces.measured(piece, seconds)
        while self._next in self._waiting:
            found = self._waiting.pop(self._next)
            self._out[self.filled : self.filled + found.size] = found
            self.filled += found.size
            self._next += 1

    def is_next(self, piece: Piece) -> bool:
        """Tell whether `combine` would copy the primes of a piece at once."""
        return piece.number == self._next


class _Slotted(NamedTuple):
    """A piece and the part of shared memory that it may fill."""

    piece: Piece
    slot: int

    def __str__(self) -> str:
        return str(self.piece)


def _list_on_host(engine: Engine, backend: Backend, pieces: Pieces, line: _Line) -> None:
    """Let processes write into slots of shared memory, one for each piece under way."""
    _check_sendable("primes", backend)
    layout = ((line.dtype, (pieces.most_primes,)),) * engine.window
    block = executors.SharedArrays(layout)
    try:
        free = list(range(engine.window))

        def combine(slotted: _Slotted, result: tuple[float, int]) -> None:
            seconds, count = result
            found = block[slotted.slot][:count]
            line.combine(slotted.piece, (seconds, found if line.is_next(slotted.piece) else found.copy()))
            free.append(slotted.slot)

        slotted = (_Slotted(piece, free.pop()) for piece in pieces)
        executors.run(engine, _list_shared, (block.handle, backend.target), slotted, combine)
    finally:
        block.close()


def _list_shared(slotted: _Slotted, handle: Handle, target: str | Kernel) -> tuple[float, int]:
    result: tuple[float, int] = executors.call_with_arrays(handle, _list_into_slot, slotted, target)
    return result


def _list_into_slot(*arguments: Any) -> tuple[float, int]:
    *slots, (piece, slot), target = arguments
    started = perf_counter()
    count = _loaded(target)(piece.start, piece.stop, slots[slot])
    return perf_counter() - started, int(count)


def is_prime(
    executor: ExecutorLike, backend: str, numbers: NDArray[np.uint64], out: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Test the numbers of an array on an executor; the answers may be in other memory than `out`."""
    assert executor is not None
    engine = executors.engine(executor)
    if numbers.size == 0:
        return out
    row = IS_PRIME.table[backend]
    sizes = Sizes(
        numbers.size,
        workers=engine.workers,
        most=int(_AT_WORST * _TESTS.get(backend, _TESTS_OF_OTHERS)),
        longest=engine.longest,
        shortest=engine.shortest,
        grain=_GRAIN,
    )
    if engine.reach is Reach.HOST:
        return _test_on_host(engine, row, sizes, numbers, out)
    if engine.reach is Reach.MEMORY:
        arguments = numbers, out, _target(engine, IS_PRIME, row)
        executors.run(engine, _test_part, arguments, sizes, sizes.measured)
        return out

    def combine(sent: _Sent, result: tuple[float, NDArray[np.bool_]]) -> None:
        seconds, out[sent.part.start : sent.part.stop] = result
        sizes.measured(sent.part, seconds)

    pieces = (_Sent(part, numbers[part.start : part.stop]) for part in sizes)
    executors.run(engine, _tested, (_target(engine, IS_PRIME, row),), pieces, combine)
    return out


class _Sent(NamedTuple):
    """A part of an array, and its numbers."""

    part: range
    numbers: NDArray[np.uint64]

    def __str__(self) -> str:
        return f"numbers {self.part.start} to {self.part.stop - 1} of the array"


def _tested(sent: _Sent, target: str | Kernel) -> tuple[float, NDArray[np.bool_]]:
    answers = np.empty(sent.numbers.size, np.bool_)
    seconds = _test_part(range(answers.size), sent.numbers, answers, target)
    return seconds, answers


def _test_part(
    part: range, numbers: NDArray[np.uint64], out: NDArray[np.bool_], target: str | Kernel
) -> float:
    started = perf_counter()
    chosen = slice(part.start, part.stop)
    _loaded(target)(numbers[chosen], out[chosen])
    return perf_counter() - started


def _test_on_host(
    engine: Engine, row: Backend, sizes: Sizes, numbers: NDArray[np.uint64], out: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Let processes read and write shared memory, and make that the result where the system can."""
    _check_sendable("is_prime", row)
    block = executors.SharedArrays(((numbers.dtype.str, numbers.shape), (out.dtype.str, out.shape)))
    try:
        block[0][:] = numbers
        executors.run(engine, _test_shared, (block.handle, row.target), sizes, sizes.measured)
        kept = block.keep(1)
        if kept is None:
            out[:] = block[1]
        return out if kept is None else kept
    finally:
        block.close()


def _test_shared(part: range, handle: Handle, target: str | Kernel) -> float:
    return float(executors.call_with_arrays(handle, _test_arrays, part, target))


def _test_arrays(
    numbers: NDArray[np.uint64], out: NDArray[np.bool_], part: range, target: str | Kernel
) -> float:
    return _test_part(part, numbers, out, target)


def _target(engine: Engine, technique: Technique, backend: Backend) -> str | Kernel:
    """Return what a worker is given: the kernel where it shares this memory, else its address."""
    if engine.reach is Reach.MEMORY:
        return technique[backend.name]
    _check_sendable(technique.name, backend)
    return backend.target


def _loaded(target: str | Kernel) -> Kernel:
    return Backend("", target).load()


def _check_sendable(technique: str, backend: Backend) -> None:
    try:
        pickle.dumps(backend.target)
    except Exception as error:
        raise TypeError(
            f"backend {backend.name!r} of {technique!r} cannot be sent to worker processes: {error}; "
            "define its function at the top level of a module, or use executor='threads'"
        ) from error


executors.sendable(_counted, kernel=1)
executors.sendable(_listed, kernel=1)
executors.sendable(_tested, kernel=1)
executors.sendable_record(Piece, int, int, int, range)
executors.sendable_record(_Sent, range, np.ndarray)
