"""The pixel loop compiled by Pythran, called for a slice of the work at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfpy._ext.julia import _pythran

if TYPE_CHECKING:
    from numpy.typing import NDArray


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    counts = np.asarray(out).reshape(-1)
    z, state = np.zeros(2), np.zeros(2, np.int64)
    while not _pythran.advance(x, y, c.real, c.imag, max_iterations, counts, z, state):
        pass  # between two slices Python runs its signal handlers
