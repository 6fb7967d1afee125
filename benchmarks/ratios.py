"""How many times as fast as the best peer: one process, rounds that take turns, every answer checked first.

    python benchmarks/ratios.py [--rounds N] [--case NAME ...]

prints a Markdown table. The peer is the hand-written Numba kernel that is fastest on the case (plain, or in
batches of 64 points), on as many threads as perfpy, divided by the same executor. Figures of one table can
be compared; those of two runs cannot, as the machine is another one each time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmarks.julia import PEERS, function_of
from benchmarks.julia import arguments_of as workload

import perfpy

_SEAHORSE = -0.7269 + 0.1889j


def _square(points: int, max_iterations: int, c: complex) -> dict[str, Any]:
    return {"x": points, "y": points, "c": c, "max_iterations": max_iterations}


#: Name, arguments, threads.
CASES: dict[str, tuple[Callable[[], dict[str, Any]], int]] = {
    "book 1000 x 1000 / 300": (lambda: workload("book"), 1),
    "book 1000 x 1000 / 300, 2 threads": (lambda: workload("book"), 2),
    "4000 x 4000 / 1000, 2 threads": (lambda: workload("large"), 2),
    "rabbit, 2 threads": (lambda: workload("rabbit"), 2),
    "c = 0, 2 threads": (lambda: _square(1000, 300, 0j), 2),
    "seahorse, 2 threads": (lambda: _square(1000, 300, _SEAHORSE), 2),
}


def measure(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Time functions in turns, so that a slow spell of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return times


def row(case: str, rounds: int) -> str:
    """Return the line of the table for one case."""
    make, threads = CASES[case]
    arguments = make()
    executor = f"threads:{threads}" if threads > 1 else None
    expected = perfpy.julia(backend="cython", **arguments)
    functions = {}
    for name in ("c", "numba", *PEERS):
        run = function_of(name, executor)
        if not np.array_equal(run(**arguments), expected):
            raise SystemExit(f"{name} gives a wrong answer on {case}")
        functions[name] = lambda run=run: run(**arguments)
    times = measure(functions, rounds)
    best = min(PEERS, key=lambda name: min(times[name]))
    cells = [f"{min(times[name]) * 1e3:.2f} / {statistics.median(times[name]) * 1e3:.2f}" for name in times]
    ratios = [pick(times[best]) / pick(times["c"]) for pick in (min, statistics.median)]
    return f"| {case} | {' | '.join(cells)} | **{ratios[0]:.1f}** / {ratios[1]:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--case", nargs="*", choices=list(CASES), default=list(CASES), metavar="NAME")
    options = parser.parse_args()
    titles = ["perfpy c", "perfpy numba", *(peer.removeprefix("peer: ") for peer in PEERS)]
    print("Milliseconds, minimum / median; last column: best peer divided by perfpy c.\n")
    print(f"| case | {' | '.join(titles)} | ratio |")
    print(f"| --- |{' ---: |' * (len(titles) + 1)}")
    for case in options.case:
        print(row(case, options.rounds), flush=True)


if __name__ == "__main__":
    main()
