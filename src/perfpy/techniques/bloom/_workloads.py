"""The keys on which the backends are compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from perfpy._workload import Agreement, Workload

from ._filter import BloomFilter


def agree(reference: BloomFilter, result: BloomFilter, bound: float = 0.0) -> Agreement:
    """Compare two filters: by their bits, or by their error rates where `bound` lets them differ."""
    if reference == result:
        return Agreement(True)
    if bound and abs(reference.expected_error() - result.expected_error()) <= bound:
        return Agreement(True)
    return Agreement(False, float("inf"), f"expected {reference!r}, found {result!r}")


def _integers(count: int, error_rate: float) -> Mapping[str, Any]:
    keys = np.random.default_rng(2025).integers(0, 2**62, count)
    return {"capacity": count, "error_rate": error_rate, "items": keys}


def _words(count: int) -> Mapping[str, Any]:
    return {"capacity": count, "items": [f"word {number * 7919}" for number in range(count)]}


WORKLOADS = (
    Workload("tiny", "2,000 random integers at 1 %", partial(_integers, 2000, 0.01)),
    Workload("small", "100,000 random integers at 1 %", partial(_integers, 100_000, 0.01)),
    Workload("book", "1,000,000 strings at 1 %", partial(_words, 10**6)),
    Workload(
        "large",
        "10,000,000 random integers at 0.1 %",
        partial(_integers, 10**7, 0.001),
        too_slow_for=("python",),
    ),
)
