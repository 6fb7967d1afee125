from __future__ import annotations

from typing import TYPE_CHECKING

from perfpy._ext.julia import _cython

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    _cython.julia(x, y, c.real, c.imag, max_iterations, out)
