"""The keys on which the backends are compared, and what it means that two filters agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from perfpy import datasets
from perfpy._workload import Agreement, Workload

from ._filter import BloomFilter

_MOST_STRANGERS = 100_000


class KeySet(NamedTuple):
    """Keys for a filter, and strangers to it.

    Attributes
    ----------
    capacity : int
        How many keys.
    error_rate : float
        What is asked of the filter.
    make : callable
        Makes so many keys, or so many that are none of them.
    """

    capacity: int
    error_rate: float
    make: Callable[[int, bool], Any]

    def arguments(self) -> Mapping[str, Any]:
        """Return the arguments of `perfpy.bloom_filter`."""
        keys = self.make(self.capacity, False)
        return {"capacity": self.capacity, "error_rate": self.error_rate, "items": keys}


def integers(count: int, strange: bool = False) -> np.ndarray:
    """Make random integers, even or odd ones."""
    return np.random.default_rng(2025 + strange).integers(0, 2**61, count) * 2 + strange


def words(count: int, strange: bool = False) -> list[str]:
    """Take words of this machine, and pairs of them where it has too few."""
    found = datasets.words()
    singles = len(found)
    turn = 0
    while len(found) < count:
        turn += 1
        found += [
            f"{found[i]} {found[(i - turn) % singles]}" for i in range(min(singles, count - len(found)))
        ]
    return [f"{word}?" for word in found[:count]] if strange else found[:count]


SETS = {
    "tiny": KeySet(2000, 0.01, integers),
    "small": KeySet(100_000, 0.01, integers),
    "book": KeySet(10**6, 0.01, words),
    "large": KeySet(10**7, 0.001, integers),
}

WORKLOADS = (
    Workload("tiny", "2,000 random integers at 1 %", SETS["tiny"].arguments),
    Workload("small", "100,000 random integers at 1 %", SETS["small"].arguments),
    Workload("book", "1,000,000 words and pairs of words at 1 %", SETS["book"].arguments),
    Workload(
        "large",
        "10,000,000 random integers at 0.1 %",
        SETS["large"].arguments,
        too_slow_for=("python", "pybloom-live"),
    ),
)


def agree(reference: BloomFilter, result: BloomFilter, bound: float = 0.0) -> Agreement:
    """Compare two filters by their bits or, where `bound` lets these differ, by what they find.

    One with bits of its own has to find every key, and strangers at most so much more often than the nominal
    rate as `bound` says, apart from chance.
    """
    if reference == result:
        return Agreement(True)
    sets = [item for item in SETS.values() if item[:2] == (reference.capacity, reference.error_rate)]
    if not bound or not sets:
        return Agreement(False, float("inf"), f"expected {reference!r}, found {result!r}")
    capacity, rate, make = sets[0]
    missing = capacity - int(np.count_nonzero(result.contains(make(capacity, False))))
    if missing:
        return Agreement(False, float("inf"), f"{missing} of {capacity} keys are missing")
    strangers = make(min(capacity, _MOST_STRANGERS), True)
    found = int(np.count_nonzero(result.contains(strangers)))
    expected = rate * len(strangers)
    difference = abs(found - expected) / len(strangers)
    if found <= (1 + bound) * expected + 5 * expected**0.5:
        return Agreement(True, difference)
    return Agreement(False, difference, f"finds {found / len(strangers):.2%} of strangers, not {rate:.2%}")
