"""What a step costs in NumPy, by how it is written: time, and page faults of arrays that are made anew."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable

import numpy as np

import perfpy
from perfpy.lab import units

STEPS = 5
Field = np.ndarray


def rolled(field: Field) -> Field:
    """Take a step as the formula says: every operation makes a new array."""
    around = np.roll(field, 1, 0) + np.roll(field, -1, 0) + np.roll(field, 1, 1) + np.roll(field, -1, 1)
    return field + 0.1 * (around - 4 * field)


def in_place(field: Field, work: Field, twice: Field) -> Field:
    """Take the same step without making an array: slices of a field with ghost cells, and room to work."""
    field[0], field[-1] = field[-2], field[1]
    field[:, 0], field[:, -1] = field[:, -2], field[:, 1]
    cells = field[1:-1, 1:-1]
    np.add(field[:-2, 1:-1], field[2:, 1:-1], out=work)
    np.add(work, field[1:-1, :-2], out=work)
    np.add(work, field[1:-1, 2:], out=work)
    np.multiply(cells, 4.0, out=twice)
    np.subtract(work, twice, out=work)
    np.multiply(work, 0.1, out=work)
    np.add(cells, work, out=cells)
    return field


def costs(step: Callable[[Field], Field], field: Field) -> tuple[float, float]:
    """Return seconds and page faults of a step."""
    for _ in range(2):
        field = step(field)
    best, faults = float("inf"), 0
    for _ in range(STEPS):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        started = time.perf_counter()
        field = step(field)
        elapsed = time.perf_counter() - started
        if elapsed < best:
            best, faults = elapsed, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return best, faults


def main() -> None:
    """Print the table."""
    cells = []
    for n in (640, 4096):
        field = np.random.default_rng(0).random((n, n))
        work, twice = np.empty_like(field), np.empty_like(field)
        forms: dict[str, tuple[Callable[[Field], Field], Field]] = {
            "np.roll": (rolled, field),
            "slices, in place": (lambda padded, w=work, t=twice: in_place(padded, w, t), np.pad(field, 1)),
        }
        for name, (step, start) in forms.items():
            seconds, faults = costs(step, start)
            cells.append([f"{n} x {n}", name, units.time(seconds), f"{faults:,}"])
        started = time.perf_counter()
        perfpy.diffuse(field, 50, backend="numpy")
        cells.append([f"{n} x {n}", "perfpy's numpy", units.time((time.perf_counter() - started) / 50), ""])
    print(json.dumps({"header": ["field", "form", "a step", "page faults of a step"], "cells": cells}))


if __name__ == "__main__":
    main()
