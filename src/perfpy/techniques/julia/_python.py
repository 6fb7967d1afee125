"""The reference: what a count is, in the clearest Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    columns = x.tolist()
    for row, imag in zip(out, y.tolist(), strict=True):
        row[:] = [_count(complex(real, imag), c, max_iterations) for real in columns]


def _count(z: complex, c: complex, max_iterations: int) -> int:
    n = 0
    try:
        while n < max_iterations and abs(z) < 2:
            z = z * z + c
            n += 1
    except OverflowError:  # z is finite but abs(z) is not: far outside
        pass
    return n
