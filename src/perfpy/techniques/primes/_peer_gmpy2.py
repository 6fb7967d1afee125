"""The package gmpy2, which binds GMP; its numbers have any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gmpy2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROUNDS = 25  # from 24 on GMP does the Baillie-PSW test first, which is proven for 64 bits


def is_prime(n: Any, out: NDArray[np.bool_] | None) -> bool | None:
    """Test an int, or fill `out` for the numbers of an array."""
    if out is None:
        return bool(gmpy2.is_prime(n, _ROUNDS))
    out[:] = [gmpy2.is_prime(number, _ROUNDS) for number in n.tolist()]
    return None


def next_prime(n: int) -> int:
    """Return the smallest prime above `n`."""
    return int(gmpy2.next_prime(n))


def previous_prime(n: int) -> int:
    """Return the largest prime below `n`, which is above 2."""
    return int(gmpy2.prev_prime(n))
