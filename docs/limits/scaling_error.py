"""How far predictions are from measurements: two workers, predicted from calls on one worker.

python docs/limits/scaling_error.py ["TECHNIQUE ENGINE" ...]
"""

from __future__ import annotations

import json
import sys
from typing import Any

from perfpy import executors, lab
from perfpy.lab import units

TECHNIQUES = ("estimate_pi", "julia", "diffuse", "primes", "is_prime", "hyperloglog", "bloom_filter")
ENGINES = ("threads", "processes")
CASES = [f"{technique} {engine}" for engine in ENGINES for technique in TECHNIQUES] + ["estimate_pi dask"]
#: Dask's pieces last a tenth of a second at least: more work, by a slower backend.
OPTIONS = {"dask": {"workload": "book", "backend": "numpy"}}
ROUNDS = 3
HEADER = ["technique", "engine", "alone", "1 worker", "2 workers", "model", "error", "rehearsed", "error"]


def row(case: str) -> list[str]:
    """Return what was predicted of a technique on an engine, and what was measured after that."""
    technique, engine = case.split()
    options: dict[str, Any] = {"executor": engine, "rounds": ROUNDS, **OPTIONS.get(engine, {})}
    before = lab.scaling(technique, workers=(1,), predict=(2,), **options)
    after = lab.scaling(technique, workers=(1, 2), predict=(), **options)
    one, two = (shortest(after, workers) for workers in (1, 2))
    cells = [technique, engine, *map(units.time, (min(after.alone), one, two))]
    for seconds in (before.seconds(2), before.rehearsed[2]):
        cells += [units.time(seconds), f"{seconds / two - 1:+.0%}"]
    return cells


def shortest(found: lab.Scaling, workers: int) -> float:
    """Return the shortest call on so many workers: a virtual machine lacks a core at times."""
    return min(s.seconds for s in found.samples if s.workers == workers and s.asked == found.longest)


def main() -> None:
    """Print the table."""
    here = {row.name for row in executors.available() if row.available}
    chosen = sys.argv[1:] or [case for case in CASES if case.split()[1] in here]
    print(json.dumps({"header": HEADER, "cells": [row(case) for case in chosen]}))


if __name__ == "__main__":
    main()
