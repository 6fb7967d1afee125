"""How far predictions are from measurements: two workers, predicted from calls on one worker.

python docs/limits/scaling_error.py [TECHNIQUE:ENGINE ...]
"""

from __future__ import annotations

import json
import statistics
import sys

from perfpy import executors, lab
from perfpy.lab import units

TECHNIQUES = (
    "estimate_pi",
    "julia",
    "diffuse",
    "primes",
    "is_prime",
    "twin_primes",
    "hyperloglog",
    "bloom_filter",
)
LOCAL = ("threads", "processes")
#: Whose pieces are small to send.
SENT = ("estimate_pi", "twin_primes")
CASES = [f"{technique}:{engine}" for engine in LOCAL for technique in TECHNIQUES]
CASES += [f"{technique}:dask" for technique in SENT]
HEADER = ["technique", "engine", "alone", "1 worker", "2 workers", "model", "error", "rehearsed", "error"]


def row(case: str) -> list[str]:
    """Return what was predicted of a technique on an engine, and what was measured after that."""
    technique, engine = case.split(":")
    before = lab.scaling(technique, executor=engine, workers=(1,), predict=(2,))
    after = lab.scaling(technique, executor=engine, workers=(1, 2), predict=())
    measured = after.measured(2)
    assert measured is not None
    predictions = before.seconds(2), before.rehearsed[2]
    return [
        technique,
        engine,
        units.time(statistics.median(after.alone)),
        units.time(after.measured(1)),
        units.time(measured),
        *(
            cell
            for seconds in predictions
            for cell in (units.time(seconds), f"{seconds / measured - 1:+.0%}")
        ),
    ]


def main() -> None:
    """Print the table."""
    chosen = sys.argv[1:] or [
        case
        for case in CASES
        if "dask" not in case or any(r.name == "dask" and r.available for r in executors.available())
    ]
    print(json.dumps({"header": HEADER, "cells": [row(case) for case in chosen]}))


if __name__ == "__main__":
    main()
