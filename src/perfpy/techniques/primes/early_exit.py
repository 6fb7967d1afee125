"""Early exit across processes: how the others learn that one has found what all look for, and its price.

A flag that all workers can read lets them stop early, and is one more thing to do in the loop. How dear it is
depends on where it lives: from a Manager, a process of its own that is asked over a socket, down to a byte of
memory that all share.
"""

from __future__ import annotations

import mmap
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from perfpy import executors

from ._arguments import sixty_four_bits, whole
from ._trial import odd_divisors, smallest_divisor

#: Where the flag can live.
SHARINGS = ("none", "Manager", "RawValue", "mmap", "shared_memory")


@dataclass(frozen=True, slots=True)
class Search:
    """What a search for a divisor found, and what it took.

    Attributes
    ----------
    n : int
        The number.
    sharing : str
        Where the flag was.
    workers, chunk : int
        Processes, and divisors between two looks at the flag.
    divisor : int, optional
        A divisor of the number other than 1 and itself; None where it is prime (or 1).
    seconds : float
        From when all workers were ready to when the last one was done.
    tried : int
        Divisors tried by all workers together.
    """

    n: int
    sharing: str
    workers: int
    chunk: int
    divisor: int | None
    seconds: float
    tried: int

    @property
    def prime(self) -> bool:
        """Whether the number is prime."""
        return self.n > 1 and self.divisor is None


def search(n: int, *, sharing: str = "shared_memory", workers: int = 2, chunk: int = 10_000) -> Search:
    """Look for a divisor by trial division on several processes, which stop when one has found one.

    The odd divisors up to the square root are dealt out in chunks: the first to the first worker, the second
    to the second, and so on round. Between two chunks a worker looks at the flag.

    Parameters
    ----------
    n : int
        The number, from 1 to 2**64 - 1.
    sharing : str, default: "shared_memory"
        Where the flag is: ``"none"`` (there is none: all go on to the end), ``"Manager"``, ``"RawValue"``,
        ``"mmap"`` or ``"shared_memory"``.
    workers : int, default: 2
        How many processes look. They are started anew for each call, by the method ``spawn``.
    chunk : int, default: 10000
        How many divisors a worker tries between two looks at the flag.

    Returns
    -------
    Search
        The divisor and the time; that of starting the processes is left out.

    Raises
    ------
    ValueError
        If a number is out of range or `sharing` is not one of the names.
    TypeError
        If an argument is of the wrong type.

    See Also
    --------
    sweep : Several ways and chunk sizes, one after the other.
    perfpy.is_prime : What to use when it is the answer that counts.

    Examples
    --------
    >>> from perfpy.techniques.primes import early_exit
    >>> found = early_exit.search(1009 * 1013, workers=1)
    >>> found.prime, found.divisor
    (False, 1009)
    """
    number = sixty_four_bits("n", n, least=1)
    if sharing not in SHARINGS:
        raise ValueError(f"sharing must be one of {', '.join(SHARINGS)}, not {sharing!r}")
    for name, value in (("workers", workers), ("chunk", chunk)):
        if whole(name, value) < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    if number < 4 or number % 2 == 0:
        divisor = 2 if number > 2 and number % 2 == 0 else None
        return Search(number, sharing, workers, chunk, divisor, 0.0, 1)
    with _FLAGS[sharing]() as open_flag:
        seconds, answers = _race(number, open_flag, workers, chunk)
    divisors = [divisor for divisor, _ in answers if divisor is not None]
    tried = sum(count for _, count in answers)
    return Search(number, sharing, workers, chunk, min(divisors, default=None), seconds, tried)


def sweep(
    n: int,
    *,
    sharings: Sequence[str] = SHARINGS,
    chunks: Sequence[int] = (100, 1000, 10_000, 100_000),
    workers: int = 2,
) -> list[Search]:
    """Do the same search for each way of sharing and each chunk size.

    Parameters
    ----------
    n : int
        The number, from 1 to 2**64 - 1.
    sharings : sequence of str
        Where the flag is, as for `search`.
    chunks : sequence of int
        How many divisors are tried between two looks at the flag.
    workers : int, default: 2
        How many processes look.

    Returns
    -------
    list of Search
        One for each pair, those of one way of sharing together.

    See Also
    --------
    search : One of them.
    """
    return [
        search(n, sharing=sharing, workers=workers, chunk=chunk) for sharing in sharings for chunk in chunks
    ]


class _Flag(Protocol):
    """Something that says whether a worker has found a divisor."""

    def is_set(self) -> bool: ...
    def set(self) -> None: ...


class _Never:
    """No flag at all."""

    def is_set(self) -> bool:
        return False

    def set(self) -> None:
        """Tell nobody."""


class _Value:
    """A flag in an object with an attribute `value`: of a Manager or a RawValue."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def is_set(self) -> bool:
        return bool(self._value.value)

    def set(self) -> None:
        self._value.value = 1


class _Byte:
    """A flag in the first byte of shared memory."""

    def __init__(self, memory: Any) -> None:
        self._memory = memory

    def is_set(self) -> bool:
        return bool(self._memory[0])

    def set(self) -> None:
        self._memory[0] = 1


#: Called in a worker: opens its flag, calls the function with it, and returns what that returns.
_Open = Callable[..., Any]


def _with_flag(flag: _Flag, function: Callable[[_Flag], Any]) -> Any:
    return function(flag)


def _with_file(path: str, function: Callable[[_Flag], Any]) -> Any:
    with Path(path).open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        return function(_Byte(memory))


def _with_block(handle: Any, function: Callable[[_Flag], Any]) -> Any:
    return executors.call_with_arrays(handle, lambda array: function(_Byte(array)))


@contextmanager
def _nothing() -> Iterator[tuple[_Open, Any]]:
    yield _with_flag, _Never()


@contextmanager
def _manager() -> Iterator[tuple[_Open, Any]]:
    with _context.Manager() as manager:
        yield _with_flag, _Value(manager.Value("b", 0))


@contextmanager
def _raw_value() -> Iterator[tuple[_Open, Any]]:
    yield _with_flag, _Value(_context.RawValue("b", 0))


@contextmanager
def _mapped_file() -> Iterator[tuple[_Open, Any]]:
    with tempfile.NamedTemporaryFile(prefix="perfpy-flag-") as file:
        file.write(b"\0")
        file.flush()
        yield _with_file, file.name


@contextmanager
def _shared_memory() -> Iterator[tuple[_Open, Any]]:
    block = executors.SharedArrays((("|u1", (1,)),))
    try:
        block[0][0] = 0
        yield _with_block, block.handle
    finally:
        block.close()


_context = multiprocessing.get_context("spawn")
_FLAGS = dict(zip(SHARINGS, (_nothing, _manager, _raw_value, _mapped_file, _shared_memory), strict=True))


def _race(
    n: int, flag: tuple[_Open, Any], workers: int, chunk: int
) -> tuple[float, list[tuple[int | None, int]]]:
    """Start the workers, let them go at once, and return how long they took and what they found."""
    pipes = [_context.Pipe() for _ in range(workers)]
    processes = [
        _context.Process(target=_work, args=(there, flag, n, chunk, index, workers), daemon=True)
        for index, (_, there) in enumerate(pipes)
    ]
    try:
        for process, (_, there) in zip(processes, pipes, strict=True):
            process.start()
            there.close()  # so that a worker that dies ends the pipe
        here = [pipe for pipe, _ in pipes]
        for pipe in here:
            pipe.recv()  # ready
        started = perf_counter()
        for pipe in here:
            pipe.send(None)  # go
        answers = [pipe.recv() for pipe in here]
        return perf_counter() - started, answers
    except EOFError:
        raise RuntimeError("a worker process died; the reason is on stderr or in the system's log") from None
    finally:
        for process in processes:
            if process.pid is not None:
                process.terminate()
                process.join()


def _work(pipe: Connection, flag: tuple[_Open, Any], n: int, chunk: int, index: int, workers: int) -> None:
    """Be a worker: say that it is ready, wait for the start, look, and send what came of it."""
    open_flag, argument = flag

    def look(flag: _Flag) -> tuple[int | None, int]:
        pipe.send(None)
        pipe.recv()
        return _look(n, flag, chunk, index, workers)

    pipe.send(open_flag(argument, look))


def _look(n: int, flag: _Flag, chunk: int, index: int, workers: int) -> tuple[int | None, int]:
    """Try this worker's chunks; return the divisor found, if one is, and how many were tried."""
    divisors = odd_divisors(n)
    tried = 0
    for first in range(index * chunk, len(divisors), workers * chunk):
        if flag.is_set():
            break
        part = divisors[first : first + chunk]
        divisor = smallest_divisor(n, part)
        if divisor is not None:
            flag.set()
            return divisor, tried + part.index(divisor) + 1
        tried += len(part)
    return None, tried
