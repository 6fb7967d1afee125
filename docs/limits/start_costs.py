"""What it costs to start threads and processes."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from statistics import median

from perfpy.lab import units

ROUNDS = 7
#: In a fresh interpreter: the first call on an executor, and a later one.
CALLS = """
import time, sys
import perfpy

def seconds():
    started = time.perf_counter()
    perfpy.estimate_pi(1024, seed=1, executor=sys.argv[1])
    return time.perf_counter() - started

perfpy.estimate_pi(1024, seed=1)
if __name__ == "__main__":
    print(seconds(), min(seconds() for _ in range(20)))
"""


def nothing() -> None:
    """Do nothing."""


def timed(make: Callable[[], threading.Thread | multiprocessing.process.BaseProcess]) -> float:
    """Return the seconds from the start to the end of a thread or process."""
    started = time.perf_counter()
    worker = make()
    worker.start()
    worker.join()
    return time.perf_counter() - started


def processes(method: str, target: Callable[[], object]) -> float:
    """Return the time of a process that is started by a method; the first one is not counted."""
    context = multiprocessing.get_context(method)
    return median([timed(lambda: context.Process(target=target)) for _ in range(ROUNDS + 1)][1:])


def calls(executor: str) -> tuple[float, float]:
    """Return the time of the first call on an executor, and of a later one."""
    command = [sys.executable, "-c", CALLS, executor]
    answers = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(ROUNDS)]
    first, later = zip(*(map(float, answer.stdout.split()) for answer in answers), strict=True)
    return median(first), median(later)


def main() -> None:
    """Print the table."""
    rows = [
        ("a thread", median(timed(lambda: threading.Thread(target=nothing)) for _ in range(100))),
        ("a process, forked", processes("fork", nothing)),
        ("a process of the fork server", processes("forkserver", nothing)),
        ("a process, spawned", processes("spawn", nothing)),
    ]
    for executor in ("threads:2", "processes:2"):
        first, later = calls(executor)
        rows += [(f"the first call on {executor}", first), ("a later one", later)]
    print(json.dumps({"header": ["", "time"], "cells": [[what, units.time(cost)] for what, cost in rows]}))


if __name__ == "__main__":
    main()
