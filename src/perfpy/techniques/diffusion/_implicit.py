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
from numpy.typing import NDArray

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
        periodic = sides[0] is Side.PERIODIC
        half = 0.5 * weight
        if size == 1 and Side.HELD not in sides:
            found.append(None)
        elif periodic:
            found.append(_periodic(size, half, dtype))
        else:
            upper, pivot = _eliminate(cells.stop - cells.start, half, sides)
            found.append(Factors(half, upper.astype(dtype), pivot.astype(dtype)))
    return found


def _eliminate(
    count: int, half: float, sides: tuple[Side, Side]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    return np.array(upper), np.array(inverse)


def _periodic(size: int, half: float, dtype: np.dtype[Any]) -> Factors:
    """Factor the system of all cells but the last, and how it and the last one depend on each other."""
    upper, pivot = _eliminate(size - 1, half, _HELD_BOTH)
    links = np.zeros(size - 1)
    links[0] += half
    links[-1] += half
    share = _solve(upper, pivot, links)
    left = _solve(upper, pivot, np.ones(size - 1))  # 1 - share
    closing = 1.0 / (1.0 + half * (left[0] + left[-1]))
    return Factors(
        half, upper.astype(dtype), pivot.astype(dtype), share.astype(dtype), float(dtype.type(closing))
    )


def _solve(
    upper: NDArray[np.float64], pivot: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    solution = right.copy()
    for i in range(1, len(solution)):
        solution[i] += upper[i - 1] * solution[i - 1]
    solution *= pivot
    for i in range(len(solution) - 2, -1, -1):
        solution[i] += upper[i] * solution[i + 1]
    return solution
