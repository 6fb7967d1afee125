"""The sieve on a wheel of 30, compiled by Pythran, which has no products of 128 bits for single tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfpy._ext.primes import _pythran

from . import _nth, _wheel
from ._numpy_test import is_prime

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Loops(_wheel.Loops):
    cross_off = staticmethod(_pythran.cross_off)
    extract = staticmethod(_pythran.extract)
    count = staticmethod(_pythran.count)
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
