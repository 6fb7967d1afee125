"""The segmented bit sieve in C; where an interval is short for its height, tests of its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from perfpy._ext.primes import _sieve
from perfpy._ext.primes._sieve import ISA

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ISA", "constellations", "primes"]

#: The patterns that the kernel looks for among the bits, by how many primes they have.
_TUPLETS = {(0, 2): 2, (0, 2, 6, 8): 4}


def primes(start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    return _sieve.fill(start, stop, out)


def constellations(start: int, stop: int, offsets: tuple[int, ...]) -> NDArray[np.uint64]:
    """Return the p in [start, stop) for which p + offset is prime for all offsets."""
    from . import _numpy

    size = _TUPLETS.get(offsets)
    if size is None:
        return _numpy.among(primes, start, stop, offsets)
    end = stop + offsets[-1]
    found = np.empty(_sieve.count_tuplets(start, end, size), np.uint64)
    _sieve.fill_tuplets(start, end, size, found)
    return found
