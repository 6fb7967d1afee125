"""By how much the counts of a count-min sketch are too high: keys by Zipf's law, as words of a language are.

python docs/limits/count_min_error.py
"""

from __future__ import annotations

import json

import numpy as np

import perfpy

KEYS = 2_000_000
SEEDS = 10
ERRORS = (1e-2, 1e-3, 1e-4)
FREQUENT = 1000


def keys() -> np.ndarray:
    """Return keys, of which the most frequent is a tenth or so."""
    return np.random.default_rng(2025).zipf(1.1, KEYS) % 2**40


def excess(error: float, conservative: bool) -> np.ndarray:
    """Return how much too high the count of each key is, a row for each hash function."""
    sketches = (
        perfpy.count_min(items, error=error, conservative=conservative, seed=seed) for seed in range(SEEDS)
    )
    return np.array([sketch.counts(different) - truth for sketch in sketches])


def main() -> None:
    """Print the table."""
    cells = []
    for error in ERRORS:
        for conservative in (False, True):
            found = excess(error, conservative)
            sketch = perfpy.count_min(error=error)
            cells.append(
                [
                    f"{error:g}, conservative" if conservative else f"{error:g}",
                    f"{sketch.nbytes:,}",
                    f"{error * KEYS:,.0f}",
                    f"{found.mean():,.2f}",
                    f"{found[:, truth >= FREQUENT].mean():,.2f}",
                    f"{np.mean(found > error * KEYS):.2%}",
                ]
            )
    header = [
        f"error, of {KEYS:,} keys",
        "bytes",
        "bound",
        "mean excess",
        f"of keys that occur {FREQUENT:,} times or more",
        "keys beyond the bound",
    ]
    print(json.dumps({"header": header, "cells": cells}))


items = keys()
different, truth = np.unique(items, return_counts=True)
if __name__ == "__main__":
    main()
