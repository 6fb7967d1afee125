"""The segmented bit sieve in C; where an interval is short for its height, tests of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from perfpy._ext.primes import _sieve
from perfpy._ext.primes._sieve import ISA

from . import _bounds, _numpy, _sparse
from ._c_arithmetic import is_prime

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ISA", "constellations", "count_primes", "is_sparse", "primes"]

#: An interval this many times shorter than the square root of its end is quicker tested than sieved.
_SPARSE = 50

#: As many tuplets as this need not be counted before memory for them is asked for: 512 MiB.
_UNCOUNTED = 2**26

#: The patterns that the kernel looks for among the bits, by how many primes they have.
_TUPLETS = {(0, 2): 2, (0, 2, 6, 8): 4}


def primes(start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    if is_sparse(start, stop):
        return _sparse.primes(start, stop, out, is_prime)
    return _sieve.fill(start, stop, out)


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop), without a prime-counting function."""
    if is_sparse(start, stop):
        return _sparse.count_primes(start, stop, is_prime)
    return _sieve.count(start, stop)


def is_sparse(start: int, stop: int) -> bool:
    """Tell whether testing the numbers of an interval is quicker than sieving it."""
    return _sparse.is_sparse(start, stop, _SPARSE)


def constellations(start: int, stop: int, offsets: tuple[int, ...]) -> NDArray[np.uint64]:
    """Return the p in [start, stop) for which p + offset is prime for all offsets."""
    size, end = _TUPLETS.get(offsets), stop + offsets[-1]
    if size is None or is_sparse(start, end):
        return _numpy.among(primes, start, stop, offsets)
    # No prime above 5 is in two tuplets. Memory that is not written to costs nothing, so only where even this
    # much cannot be had is a sieve spent on counting them first.
    most = _bounds.at_most_between(start, end) // size + 2
    if most > _UNCOUNTED:
        most = _sieve.count_tuplets(start, end, size)
    found = np.empty(most, np.uint64)
    found.resize(_sieve.fill_tuplets(start, end, size, found), refcheck=False)
    return found
