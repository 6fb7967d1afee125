"""The package primesieve: another segmented sieve, in C++."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import primesieve

try:
    from primesieve.numpy import primes as _list_of
except ImportError:  # a build without it
    _list_of = primesieve.primes

if TYPE_CHECKING:
    from numpy.typing import NDArray


def primes(start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    found = np.asarray(_list_of(start, stop - 1))
    out[: found.size] = found
    return int(found.size)


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    return int(primesieve.count_primes(start, stop - 1))


def nth_prime(n: int) -> int:
    """Return the prime number `n`."""
    return int(primesieve.nth_prime(n))
