"""What the backend ``c`` does on executors in ways of its own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from perfpy import executors
from perfpy._ext.primes import _count, _sieve
from perfpy.executors import Engine, Sizes

from . import _c_sieve

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Interval(Protocol):
    """A piece of an interval, as `_pieces.Piece`."""

    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...
    @property
    def number(self) -> int: ...


_P = TypeVar("_P", bound=_Interval)


class _Pieces(Iterable[_P], Protocol[_P]):
    def measured(self, piece: _P, seconds: float) -> None:
        """Take in how long a piece took."""


class _Sieved(NamedTuple):
    """A piece after the first pass: its bits, and where its primes belong."""

    piece: Any
    bits: NDArray[np.uint8]
    place: slice

    def __str__(self) -> str:
        return str(self.piece)


def list_in_memory(engine: Engine, pieces: _Pieces[_P], out: NDArray[Any]) -> int:
    """Let threads fill `out` with the primes of the pieces and return how many there are.

    No piece knows where its primes belong before the others are counted. So all are sieved first, into one
    bit for each number that is prime to 30; then each is written to its place, with no copy.
    """
    found: dict[int, tuple[Any, NDArray[np.uint8], int]] = {}

    def combine(piece: _P, result: tuple[float, NDArray[np.uint8], int]) -> None:
        seconds, bits, count = result
        found[piece.number] = piece, bits, count
        pieces.measured(piece, seconds)

    executors.run(engine, _sieve_piece, (), pieces, combine)
    parts, filled = [], 0
    for number in sorted(found):
        piece, bits, count = found[number]
        parts.append(_Sieved(piece, bits, slice(filled, filled + count)))
        filled += count
    executors.run(engine, _extract_piece, (out,), parts, _nothing)
    return filled


def sieves(start: int, stop: int) -> bool:
    """Tell whether an interval is one to sieve, not one whose numbers are quicker tested."""
    return not _c_sieve.is_sparse(start, stop)


def _sieve_piece(piece: _Interval) -> tuple[float, NDArray[np.uint8], int]:
    started = perf_counter()
    bits = np.empty(_sieve.bits_size(piece.start, piece.stop), np.uint8)
    count = _sieve.sieve(piece.start, piece.stop, bits)
    return perf_counter() - started, bits, count


def _extract_piece(part: _Sieved, out: NDArray[Any]) -> None:
    _sieve.extract(part.bits, part.piece.start, part.piece.stop, out[part.place])


def _nothing(*_: object) -> None:
    """Leave results alone."""


_PARTS = 2**12  # units of work of a prime-counting function, about equal
_SHORT = 2 * 10**9  # to count up to here takes less than to hand out pieces


def prime_pi(engine: Engine, x: int) -> int:
    """Return the number of primes up to x, counted on an executor."""
    if x < _SHORT:
        return _count.prime_pi(x)
    plan = _plan(x)  # here first, so that threads find it
    sizes = Sizes(
        _PARTS,
        workers=engine.workers,
        most=_PARTS // (2 * engine.workers) + 1,
        longest=engine.longest,
        shortest=engine.shortest,
    )
    found: dict[int, bytes] = {}

    def combine(part: range, result: tuple[float, bytes]) -> None:
        seconds, found[part.start] = result
        sizes.measured(part, seconds)

    try:
        executors.run(engine, _part, (x,), sizes, combine)
        return plan.combine([found[first] for first in sorted(found)])
    finally:
        _plan.cache_clear()


@lru_cache(maxsize=1)
def _plan(x: int) -> _count.Plan:
    """Return the tables that all parts of one count share; a worker process makes them once."""
    return _count.Plan(x)


def _part(part: range, x: int) -> tuple[float, bytes]:
    started = perf_counter()
    result = _plan(x).part(part.start, part.stop, _PARTS)
    return perf_counter() - started, result


executors.sendable(_part)
