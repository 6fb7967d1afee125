"""The batched loops compiled by Cython, once per instruction set like the C kernel."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from perfpy._ext.julia._c import ISA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ISA", "julia"]

_module = import_module("perfpy._ext.julia._cython" + ("" if ISA == "baseline" else f"_{ISA}"))


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    _module.julia(x, y, c.real, c.imag, max_iterations, out)
