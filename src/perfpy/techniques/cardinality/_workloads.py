"""The keys on which the backends are compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from perfpy._workload import Agreement, Workload

from ._hyperloglog import HyperLogLog


def agree(reference: HyperLogLog, result: HyperLogLog, bound: float = 0.0) -> Agreement:
    """Compare two sketches: by what they hold, or by their counts where `bound` lets them differ."""
    if reference == result:
        return Agreement(True)
    difference = abs(reference.count() - result.count())
    if bound and difference <= bound * reference.count():
        return Agreement(True, difference)
    return Agreement(False, difference, f"expected {reference!r}, found {result!r}")


def _integers(count: int) -> Mapping[str, Any]:
    return {"items": np.random.default_rng(2025).integers(0, 2**62, count)}


def _words(count: int) -> Mapping[str, Any]:
    return {"items": [f"word {number * 7919}" for number in range(count)]}


WORKLOADS = (
    Workload("tiny", "5,000 random integers", partial(_integers, 5000)),
    Workload("small", "100,000 random integers", partial(_integers, 100_000)),
    Workload("book", "1,000,000 strings", partial(_words, 10**6)),
    Workload(
        "large",
        "10,000,000 random integers",
        partial(_integers, 10**7),
        too_slow_for=("python",),
    ),
)
