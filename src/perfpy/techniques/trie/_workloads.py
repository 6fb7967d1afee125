"""The keys on which the backends are compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from perfpy import datasets
from perfpy._workload import Agreement, Workload

from ._trie import Trie


def agree(reference: Trie, result: Trie, bound: float = 0.0) -> Agreement:  # noqa: ARG001
    """Compare two tries: their keys, in order, and what they say of keys that are there and that are not."""
    if len(reference) != len(result):
        return Agreement(False, float("inf"), f"expected {len(reference)} keys, found {len(result)}")
    for rank, (key, found) in enumerate(zip(reference, result, strict=True)):
        if key != found:
            return Agreement(False, float("inf"), f"expected key {rank} to be {key!r}, found {found!r}")
    some = list(reference[:: max(1, len(reference) // 1000)])
    for key in [*some, *(key + key[:1] for key in some)]:
        if (key in reference) != (key in result):
            return Agreement(False, float("inf"), f"expected {key!r} to be found: {key in reference}")
    return Agreement(True)


def _zipf(count: int, layout: str) -> Mapping[str, Any]:
    return {"keys": datasets.zipf_words(count), "layout": layout}


def _words(layout: str) -> Mapping[str, Any]:
    return {"keys": datasets.words(), "layout": layout}


def _paths(layout: str) -> Mapping[str, Any]:
    return {"keys": datasets.paths(), "layout": layout}


WORKLOADS = (
    Workload("tiny", "2,000 made-up words, by a law of Zipf", partial(_zipf, 2000, "compact")),
    Workload("small", "100,000 made-up words, by a law of Zipf", partial(_zipf, 100_000, "compact")),
    Workload("book", "the word lists of this machine, compact", partial(_words, "compact")),
    Workload("fast", "the word lists of this machine, for fast look-ups", partial(_words, "fast")),
    Workload("paths", "paths of the files of this machine, compact", partial(_paths, "compact")),
)
