"""The package primecountpy, which binds primecount: the prime-counting function in C++."""

from __future__ import annotations

from primecountpy import primecount


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    below = int(primecount.prime_pi(stop - 1))
    return below - int(primecount.prime_pi(start - 1)) if start > 2 else below


def nth_prime(n: int) -> int:
    """Return the prime number `n`."""
    return int(primecount.nth_prime(n))
