"""Counting in C: by the sieve, or by two prime-counting functions where that is quicker."""

from __future__ import annotations

from perfpy._ext.primes import _count
from perfpy._ext.primes._count import ISA

from . import _c_sieve, _nth

__all__ = ["ISA", "count_primes", "nth_prime", "prefixes"]


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    ends = prefixes(start, stop)
    if not ends:
        return _c_sieve.count_primes(start, stop)
    return sum(sign * _count.prime_pi(x) for sign, x in ends)


def prefixes(start: int, stop: int) -> tuple[tuple[int, int], ...]:
    """Return the (sign, x) for which the sum of sign * pi(x) is the answer, or none where to sieve."""
    ends: tuple[tuple[int, int], ...] = ((1, stop - 1),)
    if start > 2:
        ends += ((-1, start - 1),)
    return ends if sum(_seconds_to_count(x) for _, x in ends) < _seconds_to_sieve(start, stop) else ()


def nth_prime(n: int) -> int:
    """Return the prime number `n`."""
    return _nth.nth_prime(n, count_primes, _c_sieve.primes, _count.estimate_nth_prime)


# Fitted to measurements on one core with AVX-512, x from 10**5 to 10**15; the choice is about the ratio.


def _seconds_to_count(x: int) -> float:
    seconds: float = 4e-6 + 5e-11 * float(x) ** (2 / 3)
    return seconds


def _seconds_to_sieve(start: int, stop: int) -> float:
    seconds: float = 1e-6 + 2e-12 * float(stop) ** 0.16 * (stop - start) + 3e-10 * float(stop) ** 0.5
    return seconds
