"""Whole-array arithmetic on the points that have not escaped yet.

Masking the full grid would touch every point in every step; compressing the arrays to the live points makes a
step as cheap as there are points left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# |z| < 2 is decided by x*x + y*y away from 4 and by hypot, as Python's abs does it, this close to it.
_DOUBT = 1e-13
_ROWS_AT_ONCE = 1 << 15  # points in a block: its arrays stay in the L2 cache


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    rows = max(1, _ROWS_AT_ONCE // x.size)
    for first in range(0, y.size, rows):
        _block(x, y[first : first + rows], c, max_iterations, out[first : first + rows].reshape(-1))


def _block(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, counts: NDArray[np.int32]
) -> None:
    real, imag = (axis.ravel() for axis in np.meshgrid(x, y))
    index = np.arange(real.size)
    counts[:] = max_iterations
    with np.errstate(all="ignore"):
        for n in range(max_iterations):
            real_squared, imag_squared = real * real, imag * imag
            alive = _inside(real_squared + imag_squared, real, imag)
            if not alive.all():
                counts[index[~alive]] = n
                index, real, imag = index[alive], real[alive], imag[alive]
                real_squared, imag_squared = real_squared[alive], imag_squared[alive]
                if index.size == 0:
                    break
            imag *= real
            imag += imag
            imag += c.imag
            real = real_squared - imag_squared
            real += c.real


def _inside(
    norm: NDArray[np.float64], real: NDArray[np.float64], imag: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell where abs(z) < 2, exactly as Python's abs on complex numbers."""
    inside = norm < 4 + _DOUBT
    doubtful = np.flatnonzero(inside & (norm > 4 - _DOUBT))
    if doubtful.size:
        inside[doubtful] = np.hypot(real[doubtful], imag[doubtful]) < 2
    return inside
