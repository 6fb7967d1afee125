"""The numbers of points for which the backends are compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from perfpy._workload import Agreement, Workload

from ._estimate import PiEstimate


def agree(reference: PiEstimate, result: PiEstimate, _bound: float = 0.0) -> Agreement:
    """Compare two estimates: every backend has to count the same points."""
    if reference == result:
        return Agreement(True)
    return Agreement(False, float("inf"), f"expected {reference!r}, found {result!r}")


def _points(samples: int) -> Mapping[str, Any]:
    return {"samples": samples, "seed": 2025}


WORKLOADS = (
    Workload("tiny", "10,000 points", partial(_points, 10**4)),
    Workload("small", "a million points", partial(_points, 10**6)),
    Workload("book", "a hundred million points", partial(_points, 10**8), too_slow_for=("python",)),
    Workload("large", "a thousand million points", partial(_points, 10**9), too_slow_for=("python", "numpy")),
)
