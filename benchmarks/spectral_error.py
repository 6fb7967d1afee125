"""How the rounding errors of explicit steps grow, taken one by one and all at once.

    python benchmarks/spectral_error.py [--shape 128 120] [--steps 1 10 100 1000 10000 100000]

prints a Markdown table for random cells in float64: the largest error of each way, relative to the largest
number in the field. The truth is the same steps in numpy.longdouble, which has 11 bits more on x86 (a machine
where it has none refuses to run this).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import perfpy

BOUNDARIES = ("periodic", "neumann", "dirichlet")
DT = 0.1


def exact(
    start: NDArray[np.float64], steps: Sequence[int], boundary: str
) -> Iterator[NDArray[np.longdouble]]:
    """Yield the field after each number of steps, in extended precision."""
    field = start.astype(np.longdouble)
    mode: Literal["wrap", "edge"] = "wrap" if boundary == "periodic" else "edge"
    held = boundary == "dirichlet"
    inside = (slice(1, -1),) * 2 if held else (slice(None),) * 2
    done = 0
    for target in steps:
        for _ in range(target - done):
            around = np.pad(field, 1, mode=mode)
            total = around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]
            field[inside] += (np.longdouble(DT) * (total - 4 * field))[inside]
        done = target
        yield field


def errors(start: NDArray[np.float64], steps: Sequence[int], boundary: str) -> Iterator[tuple[float, float]]:
    """Yield for each number of steps the errors of explicit steps and of all at once."""
    scale = np.abs(start).max()
    for count, truth in zip(steps, exact(start, steps, boundary), strict=True):
        results = (
            perfpy.diffuse(start, count, dt=DT, boundary=boundary, method=method)
            for method in ("explicit", "spectral")
        )
        one_by_one, at_once = (float(np.abs(result - truth).max() / scale) for result in results)
        yield one_by_one, at_once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shape", type=int, nargs=2, default=[128, 120])
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 10, 100, 1000, 10_000, 100_000])
    arguments = parser.parse_args()
    if np.finfo(np.longdouble).eps == np.finfo(np.float64).eps:
        raise SystemExit("numpy.longdouble is no more precise than float64 here")
    steps = sorted(arguments.steps)
    start = np.random.default_rng(1).random(arguments.shape)
    print("| steps | " + " | ".join(f"{name}: one by one / at once" for name in BOUNDARIES) + " |")
    print("| --: |" + " --: |" * len(BOUNDARIES))
    columns = [list(errors(start, steps, boundary)) for boundary in BOUNDARIES]
    for count, row in zip(steps, zip(*columns, strict=True), strict=True):
        print(f"| {count:,} | " + " | ".join(f"{one:.1e} / {all_:.1e}" for one, all_ in row) + " |")


if __name__ == "__main__":
    main()
