"""Intervals so short that testing their numbers is quicker than finding the primes to sieve them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

Test = Callable[[Any, Any], object]

_BLOCK = 2**16  # odd numbers
_SMALL = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199,
)  # fmt: skip
_ABOVE = 200**2  # where no number of an interval is one of the small primes

#: The most primes there can be: how much memory to have for them.
most = _bounds.at_most_between


def is_sparse(start: int, stop: int, factor: int) -> bool:
    """Tell whether an interval is `factor` times shorter than the square root of its end."""
    return start > _ABOVE and factor * (stop - start) < isqrt(stop)


def primes(start: int, stop: int, out: NDArray[Any], is_prime: Test) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    written = 0
    for candidates in _candidates(start, stop):
        known = np.empty(candidates.size, np.bool_)
        is_prime(candidates, known)
        found = candidates[known]
        out[written : written + found.size] = found
        written += found.size
    return written


def count_primes(start: int, stop: int, is_prime: Test) -> int:
    """Return how many primes there are in [start, stop)."""
    count = 0
    for candidates in _candidates(start, stop):
        known = np.empty(candidates.size, np.bool_)
        is_prime(candidates, known)
        count += int(np.count_nonzero(known))
    return count


def _candidates(start: int, stop: int) -> Iterator[NDArray[np.uint64]]:
    """Yield the numbers without small factors."""
    for low in range(start | 1, stop, 2 * _BLOCK):
        size = (min(2 * _BLOCK, stop - low) + 1) // 2
        flags = np.ones(size, np.bool_)
        for prime in _SMALL:
            step = -low % prime
            flags[(step + prime * (step % 2)) // 2 :: prime] = False
        yield np.uint64(low) + np.uint64(2) * np.flatnonzero(flags).astype(np.uint64)
