"""Implicit steps by alternating directions: what all forms share, and the order of operations.

A step is that of Douglas with weights of one half: with A_i the second difference along axis i times its
weight w_i, and d what the step changes,

    (1 - A_0/2) (1 - A_1/2) (1 - A_2/2) d = (A_0 + A_1 + A_2) u,      u' = u + d,

which is Crank and Nicolson's in 1-D. Written for the change, a step is one sum over neighbours, a system of
tridiagonal equations for each line of cells along axis 0, then axis 1, then axis 2, and one addition. Held
cells do not change, so that they are cells with d = 0 around the systems.

The sum is R = t_0, (t_0 + t_1), ((t_0 + t_1) + t_2) with t_i = w_i*((a_i + b_i) - 2*u), a_i and b_i the
neighbours before and after. A system has 1 + 2*h on the diagonal and -h beside it, h = w/2, and is solved by
elimination (Thomas) with the numbers of `Factors`:

    z_0 = r_0                   z_i = r_i + upper_(i-1)*z_(i-1)
    x_last = z_last*pivot_last  x_i = z_i*pivot_i + upper_i*x_(i+1)

On a periodic axis the last cell is taken out of the system: y solves that of the others as if it were held
at 0, and then

    x_last = (r_last + h*(y_0 + y_(last-1)))*closing,      x_i = y_i + share_i*x_last.

Every operation on cells is rounded to the field's dtype. The numbers of `Factors` are computed in float64
without a subtraction, so that no length of a step makes them lose accuracy, and rounded to it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._problem import Field, Problem, Side

_HELD_BOTH = (Side.HELD, Side.HELD)


class Factors(NamedTuple):
    """An axis's system of equations, factored.

    Attributes
    ----------
    half : float
        h, half of the axis's weight.
    upper, pivot : array of the field's dtype
        h over the pivots of the elimination, and 1 over them.
    share : array of the field's dtype, optional
        On a periodic axis, how far the other cells follow the last.
    closing : float
        On a periodic axis, 1 over the pivot of the last cell.
    """

    half: float
    upper: Field
    pivot: Field
    share: Field | None = None
    closing: float = 1.0


def moving_cells(problem: Problem) -> tuple[slice, ...]:
    """Return where the cells are that are not held."""
    return tuple(
        slice(int(first is Side.HELD), max(size - int(last is Side.HELD), int(first is Side.HELD)))
        for size, (first, last) in zip(problem.start.shape, problem.sides, strict=True)
    )


def factors(problem: Problem) -> list[Factors | None]:
    """Factor the system of each axis; None for an axis of a single cell that is its own neighbour."""
    dtype: np.dtype[Any] = problem.start.dtype
    found: list[Factors | None] = []
    for cells, size, sides, weight in zip(
        moving_cells(problem), problem.start.shape, problem.sides, problem.weights, strict=True
    ):
        half = 0.5 * weight
        if size == 1 and Side.HELD not in sides:
            found.append(None)
        elif sides[0] is Side.PERIODIC:
            found.append(_periodic(size, half, dtype))
        else:
            upper, pivot = _pivots(cells.stop - cells.start, half, sides)
            found.append(Factors(half, np.array(upper, dtype), np.array(pivot, dtype)))
    return found


def _pivots(count: int, half: float, sides: tuple[Side, Side]) -> tuple[list[float], list[float]]:
    """Return ``half / pivot`` and ``1 / pivot`` for each of so many cells.

    The excess of a row is what its pivot has over the link to the next cell. It is 1, and the link to a held
    cell or what of the link to the cell before is left when that is eliminated.
    """
    first, last = sides
    upper, inverse = [], []
    excess = 1.0 + half if first is Side.HELD else 1.0
    for i in range(count):
        pivot = excess + half if i < count - 1 or last is Side.HELD else excess
        upper.append(half / pivot)
        inverse.append(1.0 / pivot)
        excess = 1.0 + half * (excess / pivot)
    return upper, inverse


def _periodic(size: int, half: float, dtype: np.dtype[Any]) -> Factors:
    """Factor the system of all cells but the last, and how it and the last one depend on each other."""
    upper, pivot = _pivots(size - 1, half, _HELD_BOTH)
    share = [0.0] * (size - 1)
    share[0] += half
    share[-1] += half
    eliminate(upper, pivot, share)
    left = [1.0] * (size - 1)  # what is solved for 1 everywhere is 1 - share
    eliminate(upper, pivot, left)
    closing = 1.0 / (1.0 + half * (left[0] + left[-1]))
    return Factors(
        half,
        np.array(upper, dtype),
        np.array(pivot, dtype),
        np.array(share, dtype),
        float(dtype.type(closing)),
    )


def eliminate(upper: list[float], pivot: list[float], line: list[float]) -> None:
    """Replace the right-hand sides of a line that is not periodic by the solution."""
    value = line[0]
    for i in range(1, len(line)):
        line[i] = value = line[i] + upper[i - 1] * value
    line[-1] = value = value * pivot[-1]
    for i in range(len(line) - 2, -1, -1):
        line[i] = value = line[i] * pivot[i] + upper[i] * value
