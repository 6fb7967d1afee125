"""A sieve of bits on a wheel of 30, driven from Python; a compiler brings the loops.

Beyond 5 a prime has one of eight remainders modulo 30, so that a byte has the flags of thirty numbers: bit i
of byte k stands for ``30*k + REMAINDERS[i]``. The loops get bytes of one segment and where it begins, and
return in about a millisecond, between which Python looks after signals.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import isqrt
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import _bounds, _sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

REMAINDERS = np.array([1, 7, 11, 13, 17, 19, 23, 29], np.int64)
_SEGMENT = 2**16  # bytes; the first cache has half of it and the second all
_LARGEST = 2**25
_GROUP = 2**14  # divisors between two looks at signals
_PATTERN = (7, 11, 13, 17)  # crossed off beforehand, in a pattern that repeats itself
_PERIOD = 7 * 11 * 13 * 17
#: An interval this many times shorter than the square root of its end is quicker tested than sieved.
_SPARSE = 16


class Loops(Protocol):
    """What a compiler brings: a module of it, or anything with these attributes."""

    @staticmethod
    def cross_off(flags: Bytes, first: int, root: int, divisors: NDArray[np.uint32]) -> None:
        """Cross off the multiples of the divisors.

        `first` is the byte of the whole number line where `flags` begin. From divisors above `root`, the
        square root of 30*first, only multiples from the square on are crossed off.
        """

    @staticmethod
    def extract(flags: Bytes, first: int, out: NDArray[Any]) -> int:
        """Write the numbers whose bits are set and return how many there are."""

    @staticmethod
    def count(flags: Bytes) -> int:
        """Return how many bits are set."""

    @staticmethod
    def is_prime(n: Any, out: Any) -> Any:
        """Test an int, or the numbers of an array."""


def primes(loops: type[Loops], start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    if _sparse.is_sparse(start, stop, _SPARSE):
        return _sparse.primes(start, stop, out, loops.is_prime)
    written = 0
    for prime in (2, 3, 5):
        if start <= prime < stop:
            out[written] = prime
            written += 1
    for first, flags in _segments(loops, start, stop):
        written += loops.extract(flags, first, out[written:])
    return written


def count_primes(loops: type[Loops], start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    if _sparse.is_sparse(start, stop, _SPARSE):
        return _sparse.count_primes(start, stop, loops.is_prime)
    small = sum(start <= prime < stop for prime in (2, 3, 5))
    return small + sum(loops.count(flags) for _, flags in _segments(loops, start, stop))


def _segments(loops: type[Loops], start: int, stop: int) -> Iterator[tuple[int, Bytes]]:
    """Yield the numbers of bytes and the flags from there on, with nothing outside [start, stop) set."""
    if stop <= 7:
        return
    begin, end = start // 30, -(-stop // 30)
    root = isqrt(stop - 1)
    divisors = _divisors(loops, root)
    size = min(max(_SEGMENT, root // 64), _LARGEST, end - begin)
    memory = np.empty(size, np.uint8)
    pattern = np.resize(_pattern(), size + min(_PERIOD, end))
    for first in range(begin, end, size):
        last = min(first + size, end)
        flags = memory[: last - first]
        flags[:] = pattern[first % _PERIOD :][: flags.size]
        if first == 0:
            flags[0] = 0b11111110  # the primes of the pattern, and not 1
        needed = np.searchsorted(divisors, isqrt(30 * last - 1), "right")
        for group in range(0, int(needed), _GROUP):
            loops.cross_off(flags, first, isqrt(30 * first), divisors[group : min(group + _GROUP, needed)])
        if start > 30 * first:
            flags[0] &= _bits(start - 30 * first, 30)
        if stop < 30 * last:
            flags[-1] &= _bits(0, stop - 30 * (last - 1))
        yield first, flags


def _bits(low: int, high: int) -> int:
    """Return the bits of the remainders in [low, high)."""
    return sum(1 << bit for bit, remainder in enumerate(REMAINDERS.tolist()) if low <= remainder < high)


def _divisors(loops: type[Loops], limit: int) -> NDArray[np.uint32]:
    """Return the primes up to a limit that are not in the pattern."""
    if limit < 19:
        return np.empty(0, np.uint32)
    found = np.empty(_bounds.at_most_between(19, limit + 1), np.uint32)
    found.resize(primes(loops, 19, limit + 1, found), refcheck=False)
    return found


@cache
def _pattern() -> Bytes:
    """Return a period of the flags without multiples of the smallest primes."""
    numbers = 30 * np.arange(_PERIOD)[:, np.newaxis] + REMAINDERS
    flags = np.ones(numbers.shape, np.bool_)
    for prime in _PATTERN:
        flags &= numbers % prime != 0
    return np.packbits(flags, axis=1, bitorder="little").reshape(-1)
