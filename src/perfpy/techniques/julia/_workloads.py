"""The grids on which the backends are compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from perfpy._workload import Workload, arrays_agree

#: How two results are held equal.
agree = arrays_agree


def book_axes(points: int) -> tuple[list[float], list[float]]:
    """Return the book's columns and rows: steps of 3.6/points added up from -1.8 and from +1.8."""
    step = 3.6 / points
    columns, value = [], -1.8
    while value < 1.8:
        columns.append(value)
        value += step
    rows, value = [], 1.8
    while value > -1.8:
        rows.append(value)
        value -= step
    return columns, rows


def _book(points: int, max_iterations: int) -> Mapping[str, Any]:
    columns, rows = book_axes(points)
    return {"x": np.array(columns), "y": np.array(rows), "max_iterations": max_iterations}


def _square(points: int, max_iterations: int, c: complex) -> Mapping[str, Any]:
    return {"x": points, "y": points, "c": c, "max_iterations": max_iterations}


WORKLOADS = (
    Workload("tiny", "the book's grid at 100 x 100, 100 iterations", partial(_book, 100, 100)),
    Workload("small", "the book's grid at 400 x 400, 300 iterations", partial(_book, 400, 300)),
    Workload("book", "the book's grid at 1000 x 1000, 300 iterations", partial(_book, 1000, 300)),
    Workload(
        "large",
        "4000 x 4000 points, 1000 iterations",
        partial(_square, 4000, 1000, -0.62772 - 0.42193j),
        too_slow_for=("python",),
    ),
    Workload(
        "rabbit",
        "Douady's rabbit: a third of the points never escape",
        partial(_square, 1000, 300, -0.12 + 0.74j),
    ),
    Workload(
        "seahorse",
        "c in the seahorse valley: no point stays, so none can be proved to",
        partial(_square, 1000, 300, -0.7269 + 0.1889j),
    ),
)
