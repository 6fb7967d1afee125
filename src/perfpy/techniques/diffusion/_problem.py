"""What a backend of `diffuse` is given: arguments that are checked, in one form."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfpy._dispatch import Needs

#: A field: float64 or float32, C-contiguous, aligned, in native byte order.
Field: TypeAlias = NDArray[np.float64] | NDArray[np.float32]
Method: TypeAlias = Literal["auto", "explicit", "spectral", "implicit"]


class Side(IntEnum):
    """What is beyond the first or the last cell of an axis."""

    PERIODIC = 0  #: the cell at the other end
    HELD = 1  #: nothing: the cell keeps its value
    REFLECTING = 2  #: a copy of the cell, so that nothing flows


class Problem(NamedTuple):
    """A field and what happens to it.

    Attributes
    ----------
    start : Field
        The field before the first step, of 1 to 3 dimensions, no side 0; not to be changed.
    steps : int
        Number of steps, at least 1.
    weights : tuple of float
        Of each axis D*dt/dx**2, or dt/dx**2 where `diffusivity` is given, rounded to the field's dtype.
    sides : tuple of pairs of Side
        Of each axis what is before its first and after its last cell. Both are periodic or none is.
    method : str
        "explicit", "spectral" or "implicit"; "auto" until one of the first two is chosen.
    diffusivity : Field, optional
        The diffusivity in each cell, of the shape and dtype of `start`; only with "explicit".
    """

    start: Field
    steps: int
    weights: tuple[float, ...]
    sides: tuple[tuple[Side, Side], ...]
    method: Method = "explicit"
    diffusivity: Field | None = None

    @property
    def isotropic(self) -> bool:
        """Whether all axes have the same weight, so that an explicit step sums over all neighbours first."""
        return len(set(self.weights)) == 1

    @property
    def needs(self) -> Needs:
        """What a backend must be able to take."""
        return ("method", self.method), ("diffusivity", "number" if self.diffusivity is None else "array")
