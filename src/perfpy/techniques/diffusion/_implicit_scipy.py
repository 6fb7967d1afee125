"""Implicit steps (see `_implicit`), with LAPACK's solver of factored tridiagonal equations."""

from __future__ import annotations

import numpy as np
from scipy.linalg import get_lapack_funcs

from . import _implicit_numpy
from ._implicit import Factors
from ._problem import Field, Problem


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    _implicit_numpy.step(problem, out, _eliminate)


def _eliminate(system: Factors, right: Field) -> Field:
    """Solve ``L D L' x = right``: the pivots are D, and minus `upper` is beside the diagonal of L."""
    count = len(right)
    lines = np.moveaxis(right, 0, -1)
    columns = np.array(lines, order="C").reshape(-1, count).T
    if count == 1:
        solution = columns * system.pivot[0]
    else:
        pttrs = get_lapack_funcs("pttrs", dtype=right.dtype)
        solution, _ = pttrs(1.0 / system.pivot, -system.upper[:-1], columns, overwrite_b=True)
    result: Field = np.moveaxis(solution.T.reshape(lines.shape), -1, 0)
    return result
