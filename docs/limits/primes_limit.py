"""What listing the primes below 10**9 is made of: touching memory, crossing off, and writing numbers."""

from __future__ import annotations

import json
import mmap
import time
from collections.abc import Callable

import numpy as np

import perfpy
from perfpy.lab import units
from perfpy.techniques.primes import _c_sieve

STOP = 10**9
ROUNDS = 5
#: What the kernel does not cross off one by one (presieve.h), and what it crosses off without multiples of 7.
PRESIEVED, TINY = 163, 2048


def best(call: Callable[[], object]) -> float:
    """Return the shortest of some times."""
    found = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        found = min(found, time.perf_counter() - started)
    return found


def touched(size: int, advice: int) -> float:
    """Return the shortest time to fill new memory, with pages of the advised kind."""
    found = float("inf")
    for _ in range(ROUNDS):
        # Private, as memory of malloc is: shared memory has huge pages only where the system says so.
        with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
            memory.madvise(advice)
            array = np.frombuffer(memory, np.uint8)
            found = min(found, filled(array))
            del array  # which keeps the memory from being closed
    return found


def filled(array: np.ndarray) -> float:
    """Return the time to fill memory once."""
    started = time.perf_counter()
    array.fill(1)
    return time.perf_counter() - started


def crossings() -> float:
    """Return how many multiples the kernel crosses off: those of a prime from its square on, 8 of 30."""
    primes = perfpy.primes(PRESIEVED + 1, int(STOP**0.5) + 1).astype(np.float64)
    share = np.where(primes < TINY, 6 / 7, 1.0)
    return float(np.sum(share * 8 / 30 * (STOP - primes**2) / primes))


def main() -> None:
    """Print the table."""
    result = perfpy.primes(STOP)
    size, again = result.nbytes, np.empty(result.size + 64, result.dtype)
    again.fill(1)
    count = crossings()
    sieving = best(lambda: _c_sieve.count_primes(0, STOP))
    del result
    megabytes = f"{size / 1e6:.0f} MB"
    rows = [
        (f"fill {megabytes}, new pages of 4 KiB", touched(size, mmap.MADV_NOHUGEPAGE), ""),
        (f"fill {megabytes}, new huge pages", touched(size, mmap.MADV_HUGEPAGE), ""),
        (f"fill {megabytes} that were used before", best(lambda: filled(again)), ""),
        (
            "sieve and count",
            sieving,
            f"{count / 1e6:.0f} million crossings, {count / (STOP / 30):.1f} per byte; "
            f"{sieving / count * 1e9:.2f} ns for each, all included",
        ),
        ("list into memory that was used before", best(lambda: perfpy.primes(STOP, out=again)), ""),
        ("list into a new array", best(lambda: perfpy.primes(STOP)), ""),
    ]
    cells = [[what, units.time(seconds), note] for what, seconds, note in rows]
    print(json.dumps({"header": ["primes below 10**9, one thread", "time", "in detail"], "cells": cells}))


if __name__ == "__main__":
    main()
