"""SciPy's Laplacian of an array, in compiled code that knows what is beyond the sides.

`scipy.ndimage.laplace` adds the second differences of all axes, each computed in float64 a line at a
time, so the order of operations is not that of the reference, nor is the rounding of float32. Along the
first axis a line would jump through all of memory, so a step takes some slabs at a time, with a copy of
one more on both sides.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage

from ._problem import Field, Problem, Side

_CELLS = 1 << 16  # that are done at a time
_FEWEST_SLABS = 8


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    if problem.method == "spectral":
        from . import _spectral_scipy

        _spectral_scipy.diffuse(problem, out)
    elif problem.method == "implicit":
        from . import _implicit_scipy

        _implicit_scipy.diffuse(problem, out)
    else:
        _explicit(problem, out)


def _explicit(problem: Problem, out: Field) -> None:
    before, spare = problem.start, np.empty_like(out)
    with np.errstate(all="ignore"):
        for left in range(problem.steps - 1, -1, -1):
            after = spare if left % 2 else out
            _step(problem, before, after)
            before = after


def _step(problem: Problem, before: Field, after: Field) -> None:
    """Take a step, some slabs of the first axis after the other."""
    beyond: Literal["wrap", "clip"] = "wrap" if problem.sides[0][0] is Side.PERIODIC else "clip"
    (begin, end), *moving = (
        (int(first is Side.HELD), size - int(last is Side.HELD))
        for size, (first, last) in zip(before.shape, problem.sides, strict=True)
    )
    inner = (slice(None), *(slice(*ends) for ends in moving))
    count = max(_FEWEST_SLABS, _CELLS * len(before) // before.size)
    for first in range(0, len(before), count):
        last = min(first + count, len(before))
        slabs = before.take(range(first - 1, last + 1), axis=0, mode=beyond)
        change = _change(problem, slabs)
        after[first:last] = slabs[1:-1]
        rows = slice(max(begin, first), min(end, last))
        if rows.start < rows.stop:
            after[rows][inner] += change[rows.start - first + 1 : rows.stop - first + 1][inner]


def _change(problem: Problem, slabs: Field) -> Field:
    """Return what a step adds to all slabs but the first and the last."""
    modes = ["wrap" if first is Side.PERIODIC else "nearest" for first, _ in problem.sides]
    change = np.empty_like(slabs)
    if problem.isotropic:
        ndimage.laplace(slabs, output=change, mode=modes)
        change *= problem.weights[0]
        return change
    ndimage.correlate1d(slabs, _second_difference(problem.weights[0]), 0, output=change, mode=modes[0])
    for axis in range(1, slabs.ndim):
        difference = _second_difference(problem.weights[axis])
        change += ndimage.correlate1d(slabs, difference, axis, mode=modes[axis])
    return change


def _second_difference(weight: float) -> list[float]:
    return [weight, -2 * weight, weight]
