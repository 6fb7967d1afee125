"""How much two threads and two processes gain where the interpreter lock is held, and where it is not."""

from __future__ import annotations

import json
import time
from statistics import median

import perfpy
from perfpy.lab import units

#: Backend to a number of points that it counts in tenths of a second.
POINTS = {"python": 25 * 10**4, "numpy": 2 * 10**7, "numba": 5 * 10**8, "cython": 5 * 10**8, "c": 10**9}
EXECUTORS = (None, "threads:2", "processes:2")
ROUNDS = 9


def seconds(backend: str, executor: str | None) -> float:
    """Time one call."""
    started = time.perf_counter()
    perfpy.estimate_pi(POINTS[backend], seed=1, backend=backend, executor=executor)
    return time.perf_counter() - started


def cells(backend: str, rounds: dict[tuple[str, str | None], list[float]]) -> list[str]:
    """Return the row of a backend."""
    alone, *together = (rounds[backend, executor] for executor in EXECUTORS)
    row = [backend, f"{POINTS[backend]:,}", units.time(median(alone))]
    for times in together:
        gain = f"{min(alone) / min(times):.2f} / {median(alone) / median(times):.2f}"
        row += [units.time(median(times)), gain]
    return row


def main() -> None:
    """Print the table."""
    rounds: dict[tuple[str, str | None], list[float]] = {
        (backend, executor): [] for backend in POINTS for executor in EXECUTORS
    }
    for backend, executor in rounds:
        seconds(backend, executor)  # starts workers, and compiles
    for _ in range(ROUNDS):  # all take turns, so that what disturbs the machine disturbs all of them
        for (backend, executor), times in rounds.items():
            times.append(seconds(backend, executor))
    gain = "gain (minimum / median)"
    header = ["backend", "points", "one thread", "threads:2", gain, "processes:2", gain]
    print(json.dumps({"header": header, "cells": [cells(backend, rounds) for backend in POINTS]}))


if __name__ == "__main__":
    main()
