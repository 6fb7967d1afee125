"""Implicit steps (see `_implicit`), some hundred lines of cells at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ._implicit import Factors, eliminate, factors, moving_cells
from ._problem import Field, Problem, Side

#: Returns the solution for right-hand sides that lie along the first axis, perhaps in their memory.
Eliminate: TypeAlias = Callable[[Factors, Field], Field]

_BLOCK = 1 << 20  # bytes of right-hand sides that are solved together
_LEAST_LINES = 256  # in a block, for which numpy's operations are long enough
_FEW_LINES = 8  # for which they are not worth their calls


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    step(problem, out, _eliminate)


def step(problem: Problem, out: Field, solver: Eliminate) -> None:
    """Fill `out` with the field after all steps, given how tridiagonal equations are solved."""
    moving = moving_cells(problem)
    systems = factors(problem)
    out[...] = problem.start
    cells = out[moving]
    if cells.size:
        with np.errstate(all="ignore"):
            for _ in range(problem.steps):
                change = _sum_of_neighbours(problem, out)[moving]
                for axis, system in enumerate(systems):
                    if system is not None:
                        _solve(system, np.moveaxis(change, axis, 0), solver)
                cells += change


def _sum_of_neighbours(problem: Problem, field: Field) -> Field:
    """Return what flows into each cell in a step, as it is before the step."""
    total, *terms = (
        _second_difference(field, axis, sides[0] is Side.PERIODIC, weight)
        for axis, (sides, weight) in enumerate(zip(problem.sides, problem.weights, strict=True))
    )
    for term in terms:
        total += term
    return total


def _second_difference(field: Field, axis: int, periodic: bool, weight: float) -> Field:
    result = np.empty_like(field)
    along, cells = np.moveaxis(result, axis, 0), np.moveaxis(field, axis, 0)
    ends = (cells[-1:], cells[:1]) if periodic else (cells[:1], cells[-1:])
    np.add(cells[:-2], cells[2:], out=along[1:-1])
    np.add(ends[0], cells[1:2] if len(cells) > 1 else ends[1], out=along[:1])
    np.add(cells[-2:-1] if len(cells) > 1 else ends[0], ends[1], out=along[-1:])
    result -= 2.0 * field
    result *= weight
    return result


def _solve(system: Factors, lines: Field, solver: Eliminate) -> None:
    """Replace the right-hand sides along the first axis by the solutions, block by block."""
    if lines.ndim == 1:
        lines = lines[:, np.newaxis]
    slice_bytes = lines[:, :1].size * lines.itemsize
    least = -(-_LEAST_LINES * len(lines) * lines.itemsize // slice_bytes)
    several = max(least, _BLOCK // slice_bytes)
    for begin in range(0, lines.shape[1], several):
        block = lines[:, begin : begin + several]
        if system.share is None:
            block[...] = solver(system, block)
        else:
            others = solver(system, block[:-1])
            last = block[-1] + system.half * (others[0] + others[-1])
            last *= system.closing
            share = system.share.reshape(-1, *[1] * last.ndim)
            others += share * last
            block[:-1], block[-1] = others, last


def _eliminate(system: Factors, right: Field) -> Field:
    solution = right.copy()
    if solution[0].size < _FEW_LINES and solution.dtype == np.float64:
        return _eliminate_few(system, solution)
    term = np.empty_like(solution[0])
    upper = system.upper.tolist()
    for i in range(1, len(solution)):
        np.multiply(solution[i - 1], upper[i - 1], out=term)
        solution[i] += term
    np.multiply(solution, system.pivot.reshape(-1, *[1] * term.ndim), out=solution)
    for i in range(len(solution) - 2, -1, -1):
        np.multiply(solution[i + 1], upper[i], out=term)
        solution[i] += term
    return solution


def _eliminate_few(system: Factors, solution: Field) -> Field:
    """Solve for a few lines: every number needs the one before, and Python's are quicker than numpy's."""
    upper, pivot = system.upper.tolist(), system.pivot.tolist()
    for line in solution.reshape(len(solution), -1).T:
        numbers = line.tolist()
        eliminate(upper, pivot, numbers)
        line[:] = numbers
    return solution
