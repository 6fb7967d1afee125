"""The errors of the counts of different keys, at any number of them, in about four kilobytes each.

Each of 200 trials has a hash of its own and counts at 62 places on the way from 1 key to 10,000,000. All
kinds of sketch go the same way.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import perfpy

TRIALS = 200
MOST = 10**7
SHOWN = [10**power for power in range(1, 8)]
PLACES = sorted({round(10 ** (step / 9)) for step in range(64)} | set(SHOWN))
KEYS = np.arange(MOST, dtype=np.int64)

SKETCHES: dict[str, Callable[..., Any]] = {
    "HyperLogLog": partial(perfpy.hyperloglog, precision=12),
    "ExaLogLog": partial(perfpy.exaloglog, precision=10),
    "SuperLogLog": partial(perfpy.superloglog, precision=12),
    "LogLog": partial(perfpy.loglog, precision=12),
    "linear counting": partial(perfpy.linear_counting, bits=2**15),
    "k minimum values": partial(perfpy.k_minimum_values, k=512),
}


def relative_errors(make: Callable[..., Any]) -> np.ndarray:
    """Return the relative errors of all trials (rows) at all places."""
    errors = np.empty((TRIALS, len(PLACES)))
    for trial in range(TRIALS):
        sketch, before = make(seed=trial), 0
        for column, place in enumerate(PLACES):
            sketch.update(KEYS[before:place])
            errors[trial, column] = sketch.count() / place - 1
            before = place
    return errors


def described(errors: np.ndarray) -> str:
    """Return the root of the mean square, and the mean, of errors in words."""
    if not np.isfinite(errors).all():
        return "full"
    if not errors.any():
        return "exact"
    if errors.mean() > 1:
        return f"{1 + errors.mean():,.1f} times as many"
    return f"{math.sqrt((errors**2).mean()):.2%} ({errors.mean():+.2%})"


def main() -> None:
    """Print the table."""
    errors = {name: relative_errors(make) for name, make in SKETCHES.items()}
    cells = [
        [f"{keys:,}", *(described(found[:, PLACES.index(keys)]) for found in errors.values())]
        for keys in SHOWN
    ]
    worst = [np.argmax(np.nan_to_num((found**2).mean(axis=0), posinf=1e300)) for found in errors.values()]
    cells.append(
        [
            f"the worst of {len(PLACES)} places",
            *(described(found[:, place]) for found, place in zip(errors.values(), worst, strict=True)),
        ]
    )
    print(json.dumps({"header": ["keys", *SKETCHES], "cells": cells}))


if __name__ == "__main__":
    main()
