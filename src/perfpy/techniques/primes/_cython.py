"""The sieve on a wheel of 30, and Montgomery products of 128 bits, compiled by Cython."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from perfpy._ext.primes import _cython

from . import _nth, _wheel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCH = 2**13  # numbers between two looks at signals


def is_prime(n: Any, out: NDArray[np.bool_] | None) -> bool | None:
    """Test an int, or fill `out` for the numbers of a uint64 array."""
    if out is None:
        return _cython.is_prime(n)
    answers = out.view(np.uint8)
    for first in range(0, n.size, _BATCH):
        _cython.is_prime_array(n[first : first + _BATCH], answers[first : first + _BATCH])
    return None


class _Loops(_wheel.Loops):
    cross_off = staticmethod(_cython.cross_off)
    extract = staticmethod(_cython.extract)
    count = staticmethod(_cython.count)
    is_prime = staticmethod(is_prime)


def primes(start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    return _wheel.primes(_Loops, start, stop, out)


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    return _wheel.count_primes(_Loops, start, stop)


def nth_prime(n: int) -> int:
    """Return the prime number `n`."""
    return _nth.nth_prime(n, count_primes, primes)
