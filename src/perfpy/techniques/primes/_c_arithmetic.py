"""Tests, neighbours and factors of numbers with 64 bits in C; arrays are tested in vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfpy._ext.primes import _arithmetic
from perfpy._ext.primes._arithmetic import ISA, next_prime, previous_prime
from perfpy._ext.primes._arithmetic import factor as prime_factors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ISA", "is_prime", "next_prime", "previous_prime", "prime_factors"]


def is_prime(n: Any, out: NDArray[np.bool_] | None) -> bool | None:
    """Test an int, or fill `out` for the numbers of a uint64 array."""
    if out is None:
        return _arithmetic.is_prime(n)
    _arithmetic.is_prime_array(n, out)
    return None
