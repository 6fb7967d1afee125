"""Batched loops compiled by Pythran for each instruction set, called for a slice of the work at a time."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from perfpy._ext.julia._c import ISA

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ISA", "julia"]

_module = import_module("perfpy._ext.julia._pythran" + ("" if ISA == "baseline" else f"_{ISA}"))

_BATCH = 2048  # points; the arrays of a batch stay in the nearest caches


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    if not max_iterations:
        out[:] = 0
        return
    counts = np.asarray(out).reshape(-1)
    size = min(_BATCH, counts.size)
    lanes, places, state = np.empty((5, size)), np.empty(size, np.int64), np.zeros(3, np.int64)
    while _module.advance(x, y, c.real, c.imag, max_iterations, counts, lanes, places, state):
        pass  # between two slices Python runs its signal handlers
