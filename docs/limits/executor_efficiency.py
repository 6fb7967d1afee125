"""How many times as fast calls are on two workers as without an executor.

python docs/limits/executor_efficiency.py [NAME ...]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

import perfpy
from perfpy.lab import units

ROUNDS = 5
EXECUTORS = (None, "threads:2", "processes:2")
KEYS = 5 * 10**7


def field() -> np.ndarray:
    """Return a field of 4096 x 4096 cells."""
    return np.random.default_rng(1).random((4096, 4096))


def keys() -> np.ndarray:
    """Return random integers."""
    return np.random.default_rng(1).integers(0, 2**62, KEYS)


def words() -> list[str]:
    """Return different strings."""
    return [f"word {number}" for number in range(2 * 10**6)]


def case(
    function: Callable[..., Any], *made: Callable[[], Any], **arguments: Any
) -> Callable[[], Callable[..., Any]]:
    """Return what makes a call's arguments and then the call."""
    return lambda: partial(function, *(make() for make in made), **arguments)


def added(make: Callable[..., Any], source: Callable[[], Any]) -> Callable[[], Callable[..., Any]]:
    """Return what makes keys, and then a call that makes a structure of them."""

    def prepared() -> Callable[..., Any]:
        items = source()
        return lambda executor: make(items=items, executor=executor)

    return prepared


CASES: dict[str, Callable[[], Callable[..., Any]]] = {
    "estimate_pi(4*10**9)": case(perfpy.estimate_pi, samples=4 * 10**9, seed=1),
    "julia(4000, 4000, max_iterations=1000)": case(perfpy.julia, x=4000, y=4000, max_iterations=1000),
    "diffuse(4096 x 4096, 100 steps)": case(perfpy.diffuse, field, steps=100),
    "primes(10**9)": case(perfpy.primes, start_or_stop=10**9),
    "count_primes(10**10)": case(perfpy.count_primes, start_or_stop=10**10),
    "count_primes(10**13)": case(perfpy.count_primes, start_or_stop=10**13),
    "hyperloglog(5*10**7 integers)": added(perfpy.hyperloglog, keys),
    "hyperloglog(2*10**6 words)": added(perfpy.hyperloglog, words),
    "bloom_filter(10**6, 5*10**7 integers)": added(partial(perfpy.bloom_filter, 10**6), keys),
    "bloom_filter(5*10**7, as many integers)": added(partial(perfpy.bloom_filter, KEYS), keys),
}


def row(name: str) -> list[str]:
    """Return the shortest times of a call: a virtual machine lacks a core at times."""
    call = CASES[name]()
    seconds: dict[str | None, list[float]] = {executor: [] for executor in EXECUTORS}
    for warm in range(ROUNDS + 1):
        for executor, found in seconds.items():
            started = perf_counter()
            call(executor=executor)
            if warm:
                found.append(perf_counter() - started)
    alone, *others = (min(found) for found in seconds.values())
    cells = [name, units.time(alone)]
    for other in others:
        cells += [units.time(other), units.ratio(alone / other)]
    return cells


def main() -> None:
    """Print the table."""
    header = ["call", "alone", "2 threads", "gain", "2 processes", "gain"]
    print(json.dumps({"header": header, "cells": [row(name) for name in sys.argv[1:] or CASES]}))


if __name__ == "__main__":
    main()
