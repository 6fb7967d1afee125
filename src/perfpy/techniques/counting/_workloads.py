"""The keys on which the backends are compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from perfpy._workload import Agreement, Workload

from ._counter import DistinctCounter
from ._morris import MorrisCounter


def agree(
    reference: DistinctCounter | MorrisCounter, result: DistinctCounter | MorrisCounter, bound: float = 0.0
) -> Agreement:
    """Compare two counters by what they hold; no backend is allowed a difference."""
    if bound == 0 and reference == result:
        return Agreement(True)
    return Agreement(False, float("inf"), f"expected {reference!r}, found {result!r}")


def _integers(count: int) -> Mapping[str, Any]:
    return {"items": np.random.default_rng(2025).integers(0, 2**62, count)}


def _words(count: int) -> Mapping[str, Any]:
    return {"items": [f"word {number * 7919}" for number in range(count)]}


_KEYS = (
    Workload("tiny", "5,000 random integers", partial(_integers, 5000)),
    Workload("small", "100,000 random integers", partial(_integers, 100_000)),
    Workload("book", "1,000,000 strings", partial(_words, 10**6)),
    Workload("large", "10,000,000 random integers", partial(_integers, 10**7), too_slow_for=("python",)),
)


def _events(count: int, size: int, base: float) -> Mapping[str, Any]:
    indices = np.random.default_rng(2025).zipf(1.2, count) % size
    return {"indices": indices, "size": size, "base": base, "seed": 1}


_EVENTS = (
    Workload("tiny", "5,000 events at 16 counters", partial(_events, 5000, 16, 2.0)),
    Workload("small", "100,000 events at 1,000 counters", partial(_events, 100_000, 1000, 1.1)),
    Workload("book", "1,000,000 events at a counter", partial(_events, 10**6, 1, 2.0)),
    Workload(
        "large",
        "10,000,000 events at 1,000,000 counters",
        partial(_events, 10**7, 10**6, 1.01),
        too_slow_for=("python",),
    ),
)

WORKLOADS = {
    **dict.fromkeys(("linear_counting", "loglog", "superloglog", "k_minimum_values"), _KEYS),
    "morris_counter": _EVENTS,
}
