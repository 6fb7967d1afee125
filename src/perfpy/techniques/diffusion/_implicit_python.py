"""Implicit steps as they are defined (see `_implicit`), in the clearest Python."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._implicit import Factors, eliminate, factors, moving_cells
from ._problem import Field, Problem
from ._python import list_cells, neighbours_of, places_that_move


class _System(NamedTuple):
    """The equations of an axis, as lists of numbers, and the lines of cells that have to solve them."""

    half: float
    upper: list[float]
    pivot: list[float]
    share: list[float] | None
    closing: float
    lines: list[list[int]]


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    neighbours = list(zip(neighbours_of(problem.start.shape, problem.sides), problem.weights, strict=True))
    moving = places_that_move(problem.start.shape, problem.sides)
    if not moving:
        out[...] = problem.start
        return
    systems = [
        _system(problem, axis, found) for axis, found in enumerate(factors(problem)) if found is not None
    ]
    cells = list_cells(problem.start)
    change = [0.0] * len(cells)
    with np.errstate(all="ignore"):
        for _ in range(problem.steps):
            for place in moving:
                terms = [
                    weight * ((cells[before[place]] + cells[after[place]]) - 2.0 * cells[place])
                    for (before, after), weight in neighbours
                ]
                total = terms[0]
                for term in terms[1:]:
                    total = total + term
                change[place] = total
            for system in systems:
                for line in system.lines:
                    _solve(system, change, line)
            for place in moving:
                cells[place] = cells[place] + change[place]
    out.reshape(-1)[:] = cells


def _system(problem: Problem, axis: int, found: Factors) -> _System:
    places = np.arange(problem.start.size).reshape(problem.start.shape)[moving_cells(problem)]
    lines: list[list[int]] = np.moveaxis(places, axis, -1).reshape(-1, places.shape[axis]).tolist()
    share = None if found.share is None else list_cells(found.share)
    return _System(found.half, list_cells(found.upper), list_cells(found.pivot), share, found.closing, lines)


def _solve(system: _System, change: list[float], line: list[int]) -> None:
    """Replace the right-hand sides of a line by the solution."""
    numbers = [change[place] for place in line]
    if system.share is None:
        eliminate(system.upper, system.pivot, numbers)
    else:
        right = numbers.pop()
        eliminate(system.upper, system.pivot, numbers)
        last = (right + system.half * (numbers[0] + numbers[-1])) * system.closing
        numbers = [x + share * last for x, share in zip(numbers, system.share, strict=True)]
        numbers.append(last)
    for place, number in zip(line, numbers, strict=True):
        change[place] = number
