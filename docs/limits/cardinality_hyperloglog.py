"""The error of HyperLogLog's registers at any number of keys, against its theory.

There are 256 registers and 6,000 trials. Keys are not hashed: a share of new ones falls to each register by a
multinomial draw, and the highest of n new ranks is at most k with the probability (1 - 2**-k)**n, which is
turned around.
"""

from __future__ import annotations

import json
import math

import numpy as np

from perfpy.techniques.cardinality import _estimate

PRECISION = 8
REGISTERS = 1 << PRECISION
HIGHEST = 65 - PRECISION
TRIALS = 6000
THEORY = 1.04 / math.sqrt(REGISTERS)
#: Keys for each register: every quarter of an octave where other estimators change over, else every one.
LOADS = sorted({2.0**power for power in range(-8, 16)} | {2 ** (step / 4) for step in range(-8, 17)})
SHOWN = {2.0**power for power in (-8, -4, -2, -1, 0, 1, 2, 3, 4, 8, 15)}


def raise_ranks(random: np.random.Generator, ranks: np.ndarray, keys: int) -> None:
    """Let new keys fall to the registers of all trials."""
    shares = random.multinomial(keys, np.full(REGISTERS, 1 / REGISTERS), size=TRIALS)
    tail = -np.expm1(np.log(random.random(ranks.shape)) / np.maximum(shares, 1))
    new = np.ceil(-np.log2(np.maximum(tail, 2.0**-70))).clip(1, HIGHEST).astype(np.uint8)
    np.maximum(ranks, np.where(shares > 0, new, 0), out=ranks)


def main() -> None:
    """Print the table."""
    random = np.random.default_rng(2026)
    ranks = np.zeros((TRIALS, REGISTERS), np.uint8)
    cells, worst, before = [], (0.0, 0), 0
    for load in LOADS:
        keys = round(load * REGISTERS)
        raise_ranks(random, ranks, keys - before)
        before = keys
        counts = (np.bincount(row, minlength=HIGHEST + 1).tolist() for row in ranks)
        errors = np.array([_estimate.estimate(count) for count in counts]) / keys - 1
        ratio = math.sqrt((errors**2).mean()) / THEORY
        worst = max(worst, (ratio, keys))
        if load in SHOWN:
            cells.append([f"{keys:,}", f"{ratio:.3f}", f"{errors.mean():+.2%}"])
    cells.append([f"the worst of {len(LOADS)} places: {worst[1]:,}", f"{worst[0]:.3f}", ""])
    header = ["keys in 256 registers", "error in parts of 1.04 / 16", "mean error"]
    print(json.dumps({"header": header, "cells": cells}))


if __name__ == "__main__":
    main()
