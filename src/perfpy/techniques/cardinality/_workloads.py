"""The keys on which the backends are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from perfpy._workload import Agreement, Workload

from ._count_min import CountMin
from ._distinct import DistinctSketch


def agree(
    reference: DistinctSketch | CountMin, result: DistinctSketch | CountMin, bound: float = 0.0
) -> Agreement:
    """Compare two sketches: by what they hold, or by their counts of keys where `bound` lets them differ."""
    if reference == result:
        return Agreement(True)
    if isinstance(reference, DistinctSketch) and isinstance(result, DistinctSketch):
        difference = abs(reference.count() - result.count())
        if bound and difference <= bound * reference.count():
            return Agreement(True, difference)
    return Agreement(False, float("inf"), f"expected {reference!r}, found {result!r}")


def _integers(count: int) -> Mapping[str, Any]:
    return {"items": np.random.default_rng(2025).integers(0, 2**62, count)}


def _frequencies(count: int) -> Mapping[str, Any]:
    return {"items": np.random.default_rng(2025).zipf(1.2, count)}


def _words(count: int) -> Mapping[str, Any]:
    return {"items": [f"word {number * 7919}" for number in range(count)]}


def _workloads(name: str, integers: Callable[[int], Mapping[str, Any]]) -> tuple[Workload, ...]:
    return (
        Workload("tiny", f"5,000 {name}", partial(integers, 5000)),
        Workload("small", f"100,000 {name}", partial(integers, 100_000)),
        Workload("book", "1,000,000 strings", partial(_words, 10**6)),
        Workload(
            "large", f"10,000,000 {name}", partial(integers, 10**7), too_slow_for=("python", "datasketch")
        ),
    )


WORKLOADS = {
    "hyperloglog": _workloads("random integers", _integers),
    "exaloglog": _workloads("random integers", _integers),
    "count_min": _workloads("integers by Zipf's law", _frequencies),
}
