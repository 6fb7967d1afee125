"""Rules for counting as *High Performance Python* has printed them, beside what is right, over 200 trials."""

from __future__ import annotations

import json
import math

import numpy as np

from perfpy.hashing import hash_keys

TRIALS = 200
PRECISION = 10
REGISTERS = 1 << PRECISION
#: The constant of HyperLogLog, and those of LogLog and SuperLogLog for many registers.
ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)
LOGLOG = 0.39701
KEPT = 7 * REGISTERS // 10


def ranks(keys: int, seed: int) -> np.ndarray:
    """Return the registers of LogLog."""
    hashes = hash_keys(np.arange(keys), seed)
    rest = hashes << np.uint64(PRECISION)
    rank = 65 - np.frexp((rest & ~(rest >> np.uint64(1))).astype(np.float64))[1]
    registers = np.zeros(REGISTERS)
    np.maximum.at(registers, (hashes >> np.uint64(64 - PRECISION)).astype(np.intp), rank)
    return registers


def super_mean(registers: np.ndarray) -> float:
    """Return two to the mean of the lowest seven tenths."""
    return float(2 ** np.sort(registers)[:KEPT].mean())


def mean_error(keys: int, rule: object) -> str:
    """Return the mean relative error of a rule for registers."""
    assert callable(rule)
    found = [rule(ranks(keys, seed)) / keys - 1 for seed in range(TRIALS)]
    return f"{np.mean(found):+.1%}"


def minima(keys: int, k: int, exact: bool) -> str:
    """Return the mean count of k minimum values, of which there may be fewer than k."""
    counts = []
    for seed in range(TRIALS):
        lowest = np.sort(hash_keys(np.arange(keys), seed))[:k] / 2.0**64
        counts.append(len(lowest) if exact and len(lowest) < k else (k - 1) / lowest[-1])
    return f"{np.median(counts):,.0f}"


def morris(events: int, less: int) -> str:
    """Return the mean relative error of a counter that grows with the probability of two to the minus it."""
    random = np.random.default_rng(1)
    counters = np.zeros(20_000)
    for _ in range(events):
        counters += random.random(len(counters)) < 2.0**-counters
    return f"{(2.0**counters - less).mean() / events - 1:+.1%}"


def scaling(ratio: float) -> str:
    """Return the bound of the error of ten layers in parts of that asked for, each by `ratio` stricter."""
    return f"{sum(ratio**layer for layer in range(10)):.2f} times"


def main() -> None:
    """Print the table."""
    cells = [
        [
            "HyperLogLog with 100 keys",
            "m log2(m / V) while registers are empty",
            mean_error(100, lambda found: REGISTERS * math.log2(REGISTERS / (found == 0).sum())),
            "the natural logarithm",
            mean_error(100, lambda found: REGISTERS * math.log(REGISTERS / (found == 0).sum())),
        ],
        [
            "LogLog with 100,000 keys",
            "the constant of HyperLogLog, 0.7213",
            mean_error(100_000, lambda found: ALPHA * REGISTERS * 2 ** found.mean()),
            "its own, 0.397",
            mean_error(100_000, lambda found: LOGLOG * REGISTERS * 2 ** found.mean()),
        ],
        [
            "SuperLogLog with 100,000 keys",
            "the same constant times the registers that are kept",
            mean_error(100_000, lambda found: ALPHA * KEPT * super_mean(found)),
            "one for what is kept",
            mean_error(100_000, lambda found: super_constant * REGISTERS * super_mean(found)),
        ],
        [
            "1,024 minimum values of 3 keys",
            "(k - 1) / the highest of them",
            minima(3, 1024, exact=False),
            "their number while it is below k",
            minima(3, 1024, exact=True),
        ],
        [
            "Morris counter after 10 events",
            "2**c",
            morris(10, 0),
            "2**c - 1",
            morris(10, 1),
        ],
        [
            "Bloom filter of ten layers",
            "each layer half as often wrong, from the error asked for",
            scaling(0.5),
            "the first one stricter by the sum of all",
            "1.00 times",
        ],
    ]
    print(json.dumps({"header": ["rule", "as printed", "it gives", "right", "that gives"], "cells": cells}))


def fitted_super_constant() -> float:
    """Return the constant that makes SuperLogLog right in the mean, from trials of its own."""
    found = [super_mean(ranks(100_000, 10_000 + seed)) for seed in range(TRIALS)]
    return 100_000 / REGISTERS / float(np.mean(found))


super_constant = fitted_super_constant()
if __name__ == "__main__":
    main()
