"""Booleans of the odd numbers, by segments: each prime is crossed off by one strided assignment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _nth, _sparse
from ._numpy_test import is_prime

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["among", "constellations", "count_primes", "is_prime", "nth_prime", "primes"]

_SEGMENT = 2**19  # odd numbers; larger ones leave the second cache, smaller ones pay more calls
_PATTERN = (3, 5, 7, 11, 13)  # crossed off beforehand, in a pattern that repeats itself
_PERIOD = 3 * 5 * 7 * 11 * 13
#: An interval this many times shorter than the square root of its end is quicker tested than sieved.
_SPARSE = 100


def primes(start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    if _sparse.is_sparse(start, stop, _SPARSE):
        return _sparse.primes(start, stop, out, is_prime)
    written = 0
    if start <= 2 < stop:
        out[0], written = 2, 1
    for low, flags in _segments(start, stop):
        found = np.flatnonzero(flags).astype(out.dtype)
        part = out[written : written + found.size]
        np.multiply(found, out.dtype.type(2), out=part)
        part += out.dtype.type(low)
        written += found.size
    return written


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    if _sparse.is_sparse(start, stop, _SPARSE):
        return _sparse.count_primes(start, stop, is_prime)
    odd = sum(int(np.count_nonzero(flags)) for _, flags in _segments(start, stop))
    return odd + (start <= 2 < stop)


def nth_prime(n: int) -> int:
    """Return the prime number `n`."""
    return _nth.nth_prime(n, count_primes, primes)


def constellations(start: int, stop: int, offsets: tuple[int, ...]) -> NDArray[np.uint64]:
    """Return the p in [start, stop) for which p + offset is prime for all offsets."""
    return among(primes, start, stop, offsets)


def among(
    primes: Callable[[int, int, Any], int], start: int, stop: int, offsets: tuple[int, ...]
) -> NDArray[np.uint64]:
    """Return the p in [start, stop) for which p + offset is prime for all offsets, by a listing of primes."""
    found = []
    width = max(2 * _SEGMENT, isqrt(stop))
    for low in range(start, stop, width):
        high = min(low + width, stop)
        known = np.empty(_sparse.most(low, high + offsets[-1]), np.uint64)
        known = known[: primes(low, high + offsets[-1], known)]
        firsts = known[: np.searchsorted(known, np.uint64(high - 1), "right")]
        for offset in offsets[1:]:
            partners = firsts + np.uint64(offset)
            places = np.minimum(np.searchsorted(known, partners), known.size - 1)
            firsts = firsts[known[places] == partners]
        found.append(firsts)
    return np.concatenate(found)


def _segments(start: int, stop: int) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield odd numbers and, for each odd number from there on, whether it is prime."""
    first = max(start | 1, 3)
    if first >= stop:
        return
    divisors = _divisors(isqrt(stop - 1))
    size = min(max(_SEGMENT, isqrt(stop) // 8), (stop - first + 1) // 2)
    memory = np.empty(size, np.bool_)
    pattern = np.resize(_pattern(), size + _PERIOD)
    for low in range(first, stop, 2 * size):
        count = (min(2 * size, stop - low) + 1) // 2
        flags = memory[:count]
        phase = low // 2 % _PERIOD
        flags[:] = pattern[phase : phase + count]
        for prime in _PATTERN:
            if low <= prime < low + 2 * count:
                flags[(prime - low) // 2] = True
        _cross_off(flags, low, divisors)
        yield low, flags


def _cross_off(flags: NDArray[np.bool_], low: int, divisors: NDArray[np.int64]) -> None:
    """Cross off the odd multiples of the divisors, from their squares on."""
    last = low + 2 * flags.size - 1
    divisors = divisors[: np.searchsorted(divisors, isqrt(last), "right")]
    # Everything relative to `low`, which has 64 bits: the first odd multiple that is not below it.
    steps = (-(np.uint64(low) % divisors.astype(np.uint64)).astype(np.int64)) % divisors
    steps += divisors * (steps & 1)  # low is odd, so that an odd distance leads to an even multiple
    after = np.searchsorted(divisors, isqrt(low - 1), "right")  # from here on, squares are above `low`
    squares = np.array([divisor * divisor - low for divisor in divisors[after:].tolist()], np.int64)
    steps[after:] = squares
    for index, divisor in zip((steps >> 1).tolist(), divisors.tolist(), strict=True):
        flags[index::divisor] = False


@cache
def _pattern() -> NDArray[np.bool_]:
    """Return a period of the flags of the odd numbers from 1 on without multiples of the smallest primes."""
    flags = np.ones(_PERIOD, np.bool_)
    for prime in _PATTERN:
        flags[prime // 2 :: prime] = False
    return flags


def _divisors(limit: int) -> NDArray[np.int64]:
    """Return the primes up to a limit that are not in the pattern."""
    if limit < 17:
        return np.empty(0, np.int64)
    found = np.empty(_sparse.most(17, limit + 1), np.int64)
    return found[: primes(17, limit + 1, found)]
