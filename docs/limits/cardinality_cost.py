"""What a sketch of different keys costs for its error: bytes, bits times variance, and time for each key."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import perfpy

TRIALS = 2000
KEYS = np.arange(10**6, dtype=np.int64)
TIMED = np.random.default_rng(1).integers(0, 2**62, 10**6)

SKETCHES: dict[str, Callable[..., Any]] = {
    "HyperLogLog": partial(perfpy.hyperloglog, precision=12),
    "ExaLogLog": partial(perfpy.exaloglog, precision=10),
    "SuperLogLog": partial(perfpy.superloglog, precision=12),
    "LogLog": partial(perfpy.loglog, precision=12),
    "k minimum values": partial(perfpy.k_minimum_values, k=512),
    "HyperLogLog, by default": perfpy.hyperloglog,
    "ExaLogLog, by default": perfpy.exaloglog,
}


def row(name: str, make: Callable[..., Any]) -> list[str]:
    """Return what is measured of a kind of sketch."""
    counts = np.array([make(KEYS, seed=seed).count() for seed in range(TRIALS)])
    variance = float(((counts / len(KEYS) - 1) ** 2).mean())
    seconds = []
    for seed in range(9):
        started = time.perf_counter()
        sketch = make(TIMED, seed=seed)
        seconds.append(time.perf_counter() - started)
    counting = []
    for _ in range(9):
        started = time.perf_counter()
        sketch.count()
        counting.append(time.perf_counter() - started)
    return [
        name,
        f"{sketch.nbytes:,}",
        f"{variance**0.5:.2%}",
        f"{8 * sketch.nbytes * variance:.2f}",
        f"{min(seconds) / len(TIMED) * 1e9:.1f} ns",
        f"{min(counting) * 1e6:.0f} us",
    ]


def main() -> None:
    """Print the table."""
    header = ["sketch", "bytes", "error at 1,000,000 keys", "bits times variance", "a key", "a count"]
    print(json.dumps({"header": header, "cells": [row(*item) for item in SKETCHES.items()]}))


if __name__ == "__main__":
    main()
