"""Trial division of many numbers on two processes, in chunks of a fixed size, and in pieces sized by work."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import perfpy
from perfpy.lab import units

STOP = 1_200_000
CHUNKS = (100, 1_000, 10_000, 100_000, 300_000, 600_000)
ROUNDS = 2


def test(bounds: tuple[int, int]) -> int:
    """Count the primes of an interval by trial division."""
    return int(perfpy.is_prime(np.arange(*bounds, dtype=np.uint64), backend="trial").sum())


def best(call: Callable[[], int]) -> float:
    """Return the shortest of some times."""
    found = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        assert call() == expected
        found = min(found, time.perf_counter() - started)
    return found


def main() -> None:
    """Print the table."""
    numbers = np.arange(STOP, dtype=np.uint64)
    rows = [("one process", 1, best(lambda: test((0, STOP))))]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(test, [(0, 100)] * 8))  # starts both
        for size in CHUNKS:
            chunks = [(low, min(low + size, STOP)) for low in range(0, STOP, size)]
            seconds = best(lambda chunks=chunks: sum(pool.map(test, chunks)))
            rows.append((f"chunks of {size:,}", len(chunks), seconds))
    own = {"backend": "trial", "executor": "processes:2"}
    perfpy.is_prime(numbers[:100_000], **own)  # starts them
    seconds = best(lambda: int(perfpy.is_prime(numbers, **own).sum()))
    cells = [[what, f"{pieces:,}", units.time(seconds)] for what, pieces, seconds in rows]
    cells.append(["sized by perfpy", "", units.time(seconds)])
    print(json.dumps({"header": ["1,200,000 numbers, two processes", "pieces", "time"], "cells": cells}))


expected = perfpy.count_primes(STOP)
if __name__ == "__main__":
    main()
