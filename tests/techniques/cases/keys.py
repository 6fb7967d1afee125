"""Techniques that take keys in, and keep something smaller."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

import perfpy
from perfpy import datasets
from perfpy._workload import Workload
from perfpy.techniques.bloom import _workloads as _bloom
from perfpy.techniques.cardinality import _workloads as _cardinality
from perfpy.techniques.counting import _workloads as _counting
from perfpy.techniques.trie import _workloads as _trie

from .case import Case


class _Zeros:
    """So many that nobody waits for the end."""

    def __iter__(self) -> Iterator[int]:
        return itertools.repeat(0)


class _Endless:
    """So many keys that nobody waits for the end."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._count))


class _Words:
    """Made-up words, as many as are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __iter__(self) -> Iterator[str]:
        return map(datasets.made_up_word, range(self._count))


def _of_keys(
    name: str,
    options: Mapping[str, Any],
    workloads: Sequence[Workload],
    lengthy: int,
    *bad: tuple[Mapping[str, Any], type[Exception]],
) -> Case:
    """Return the case of a structure that takes keys in; `lengthy` keys take it some tenths of a second."""
    return Case(
        function=getattr(perfpy, name),
        arrays={"items": np.array([-1.0, 0.0, 1.0, 2.0, 77.0])},
        options=options,
        empty={},
        huge={**({"capacity": 1000} if "capacity" in options else {}), "items": _Endless(2**62)},
        lengthy={"items": np.zeros(lengthy, np.uint8)},
        workload=workloads[0].arguments,
        bad=(*bad, ({"seed": -1}, ValueError), ({"key": 1}, TypeError)),
        out=False,
        held=SimpleNamespace(update=lambda *keys, **options: None),
        content=lambda result: result.to_bytes(),
    )


_PRECISIONS = (
    ({"precision": 3}, ValueError),
    ({"precision": 25}, ValueError),
    ({"precision": 12.0}, TypeError),
    ({"precision": "12"}, TypeError),
)

KEYS = {
    "bloom_filter": _of_keys(
        "bloom_filter",
        {"capacity": 100},
        _bloom.WORKLOADS,
        60_000_000,
        ({"capacity": 0}, ValueError),
        ({"capacity": 2**63}, ValueError),
        ({"capacity": 1.5}, TypeError),
        ({"error_rate": float("nan")}, ValueError),
        ({"error_rate": 1}, ValueError),
        ({"error_rate": "0.1"}, TypeError),
        ({"layout": "square"}, ValueError),
    ),
    "count_min": _of_keys(
        "count_min",
        {"error": 0.1},
        _cardinality.WORKLOADS["count_min"],
        60_000_000,
        ({"error": 0}, ValueError),
        ({"error": 2.0}, ValueError),
        ({"error": float("nan")}, ValueError),
        ({"error": "0.1"}, TypeError),
        ({"failure": 0.0}, ValueError),
        ({"failure": None}, TypeError),
        ({"heavy_hitters": -1}, ValueError),
        ({"heavy_hitters": 1.5}, TypeError),
    ),
    **{
        name: _of_keys(name, {"precision": 4}, _cardinality.WORKLOADS[name], 200_000_000, *_PRECISIONS)
        for name in ("hyperloglog", "exaloglog")
    },
    **{
        name: _of_keys(name, {"precision": 4}, _counting.WORKLOADS[name], 100_000_000, *_PRECISIONS)
        for name in ("loglog", "superloglog")
    },
    "linear_counting": _of_keys(
        "linear_counting",
        {"bits": 100},
        _counting.WORKLOADS["linear_counting"],
        100_000_000,
        ({"bits": 7}, ValueError),
        ({"bits": 8.0}, TypeError),
    ),
    "k_minimum_values": _of_keys(
        "k_minimum_values",
        {"k": 8},
        _counting.WORKLOADS["k_minimum_values"],
        100_000_000,
        ({"k": 7}, ValueError),
        ({"k": None}, TypeError),
    ),
    "morris_counter": Case(
        function=perfpy.morris_counter,
        arrays={},
        options={"indices": [0, 1, 1, 3] * 20, "size": 4, "base": 1.5, "seed": 1},
        empty={},
        huge={"indices": _Zeros()},
        lengthy={"indices": np.zeros(50_000_000, np.uint8)},
        workload=_counting.WORKLOADS["morris_counter"][0].arguments,
        bad=(
            ({"indices": [4]}, ValueError),
            ({"indices": [-1]}, ValueError),
            ({"indices": [0.5]}, TypeError),
            ({"indices": ["0"]}, TypeError),
            ({"size": 0}, ValueError),
            ({"size": 1.5}, TypeError),
            ({"base": 1.0}, ValueError),
            ({"base": float("nan")}, ValueError),
            ({"base": "2"}, TypeError),
            ({"seed": -1}, ValueError),
            ({"seed": "1"}, TypeError),
        ),
        out=False,
        held=SimpleNamespace(update=lambda *indices, **options: None),
        content=lambda result: result.to_bytes(),
    ),
    "trie": Case(
        function=perfpy.trie,
        arrays={},
        options={"keys": ["pear", "apple", "pear", "pears", "\U0001f350", "\xe9"]},
        empty={},
        huge={"keys": _Words(2**62)},
        lengthy={"keys": _Words(300_000)},
        workload=_trie.WORKLOADS[0].arguments,
        bad=(
            ({"keys": "pear"}, TypeError),
            ({"keys": 7}, TypeError),
            ({"keys": ["pear", 7]}, TypeError),
            ({"keys": ["pear", b"pear"]}, TypeError),
            ({"keys": [("pear", 1), "apple"]}, TypeError),
            ({"keys": np.array([["pear"]])}, ValueError),
            ({"layout": "loose"}, ValueError),
            ({"layout": 1}, TypeError),
            ({"memory_limit": 0}, ValueError),
            ({"memory_limit": "1"}, TypeError),
        ),
        out=False,
        content=lambda trie: repr(list(trie)).encode(),
    ),
}
