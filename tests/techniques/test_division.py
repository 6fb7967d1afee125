"""Structures that are built in parts are those that are built at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import perfpy
from perfpy import _division

NUMBERS = np.random.default_rng(5).integers(0, 2**60, 100_000)
WORDS = [f"word {i % 50_000}" for i in range(70_000)]

FAMILIES = {
    "bloom_filter": lambda **some: perfpy.bloom_filter(100_000, **some),
    "classic": lambda **some: perfpy.bloom_filter(100_000, layout="classic", **some),
    "hyperloglog": perfpy.hyperloglog,
    "exaloglog": perfpy.exaloglog,
    "count_min": lambda **some: perfpy.count_min(error=1e-3, **some),
    "linear_counting": perfpy.linear_counting,
    "superloglog": perfpy.superloglog,
    "k_minimum_values": perfpy.k_minimum_values,
}


@pytest.fixture(autouse=True)
def many_pieces(monkeypatch):
    monkeypatch.setattr(_division, "_LEAST", 1000)
    monkeypatch.setattr(_division, "_MOST", 9000)
    monkeypatch.setattr(_division, "_LEAST_SENT", 30_000)
    monkeypatch.setattr(_division, "gil_enabled", lambda: False)  # else objects are not divided


@pytest.mark.parametrize("executor", ["threads:3", "processes:2", "own"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_result_is_that_of_one_thread(family, executor):
    make = FAMILIES[family]
    with ThreadPoolExecutor(2) as own:
        where = own if executor == "own" else executor
        for items in (NUMBERS, WORDS, WORDS[:1], [], np.array(WORDS[:5000])):
            assert make(items=items, executor=where) == make(items=items)
        assert make(items=iter(WORDS), executor=where) == make(items=WORDS)


@pytest.mark.parametrize("name", ["python", "numpy", "c"])
def test_every_backend(name):
    for make in (FAMILIES["bloom_filter"], FAMILIES["hyperloglog"]):
        made = make(items=WORDS[:9000], backend=name, executor="threads:2")
        assert made == make(items=WORDS[:9000])
        assert made.backend == name


@pytest.mark.parametrize("items", [WORDS, iter(WORDS), np.array(WORDS[:9000], object)], ids=type)
def test_objects_are_not_divided_among_threads_that_take_turns(items, monkeypatch):
    monkeypatch.setattr(_division, "gil_enabled", lambda: True)
    monkeypatch.setattr(_division, "_in_threads", None)
    assert perfpy.hyperloglog(items, executor="threads:2").count() > 8000


def test_what_is_there_stays():
    made = perfpy.hyperloglog(WORDS)
    made.update(NUMBERS, executor="threads:2")
    both = perfpy.hyperloglog(WORDS)
    both.update(NUMBERS)
    assert made == both


def test_functions_that_make_keys():
    made = perfpy.bloom_filter(1000, items=WORDS, key=len, executor="threads:2")
    assert made == perfpy.bloom_filter(1000, items=WORDS, key=len)
    assert perfpy.hyperloglog(set(WORDS), key=len, executor="threads:2").count() == 6 - 1
    with pytest.raises(ValueError, match="key function"):
        perfpy.hyperloglog(WORDS, key=len, executor="processes:2")


def test_what_is_no_key():
    for executor in ("threads:2", "processes:2"):
        with pytest.raises(TypeError, match="keys must be"):
            perfpy.hyperloglog([*WORDS, {}], executor=executor)


@pytest.mark.parametrize(
    "make",
    [
        lambda **some: perfpy.bloom_filter(10, scalable=True, **some),
        lambda **some: perfpy.bloom_filter(10, counting=True, **some),
        lambda **some: perfpy.count_min(conservative=True, **some),
        lambda **some: perfpy.count_min(heavy_hitters=3, **some),
    ],
)
def test_what_cannot_be_divided_says_so(make):
    with pytest.raises(ValueError, match="executor must be None"):
        make(items=WORDS, executor="threads:2")


def test_an_executor_that_is_none():
    with pytest.raises(ValueError, match="did you mean 'threads'"):
        perfpy.hyperloglog(WORDS, executor="thread")
    with pytest.raises(ValueError, match="no items"):
        perfpy.hyperloglog(executor="threads")
