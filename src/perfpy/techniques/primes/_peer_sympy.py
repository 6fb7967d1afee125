"""The package sympy, in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy
from sympy.ntheory import factor_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def primes(start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    count = 0
    for prime in sympy.primerange(start, stop):
        out[count] = prime
        count += 1
    return count


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    below = int(sympy.primepi(stop - 1))
    return below - int(sympy.primepi(start - 1)) if start > 2 else below


def nth_prime(n: int) -> int:
    """Return the prime number `n`."""
    return int(sympy.prime(n))


def is_prime(n: Any, out: NDArray[np.bool_] | None) -> bool | None:
    """Test an int, or fill `out` for the numbers of an array."""
    if out is None:
        return bool(sympy.isprime(n))
    for index, number in enumerate(n.tolist()):
        out[index] = sympy.isprime(number)
    return None


def next_prime(n: int) -> int:
    """Return the smallest prime above `n`."""
    return int(sympy.nextprime(n))


def previous_prime(n: int) -> int:
    """Return the largest prime below `n`, which is above 2."""
    return int(sympy.prevprime(n))


def prime_factors(n: int) -> list[int]:
    """Return the prime factors of `n` in ascending order."""
    if hasattr(factor_, "factor_cache"):  # it remembers answers, and would answer without factoring
        factor_.factor_cache.clear()
    factors = sympy.factorint(n)
    return sorted(int(prime) for prime, times in factors.items() for _ in range(times))
