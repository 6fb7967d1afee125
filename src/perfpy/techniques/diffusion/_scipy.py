"""SciPy's Laplacian of an array: one line a step, in compiled code that knows what is beyond the sides.

`scipy.ndimage.laplace` adds the second differences of all axes, each computed in float64 a line at a
time, so the order of operations is not that of the reference, nor is the rounding of float32.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ._problem import Field, Problem, Side


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
    modes = ["wrap" if first is Side.PERIODIC else "nearest" for first, _ in problem.sides]
    moving = tuple(
        slice(int(first is Side.HELD), size - int(last is Side.HELD))
        for size, (first, last) in zip(problem.start.shape, problem.sides, strict=True)
    )
    change, term = np.empty_like(out), np.empty_like(out)
    out[...] = problem.start
    with np.errstate(all="ignore"):
        for _ in range(problem.steps):
            if problem.isotropic:
                ndimage.laplace(out, output=change, mode=modes)
                change *= problem.weights[0]
            else:
                change.fill(0)
                for axis, (weight, mode) in enumerate(zip(problem.weights, modes, strict=True)):
                    ndimage.correlate1d(out, [weight, -2 * weight, weight], axis, output=term, mode=mode)
                    change += term
            out[moving] += change[moving]
