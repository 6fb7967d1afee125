"""The reference: what a step is, in the clearest Python.

Every operation is rounded to the type of the field: Python's floats are float64, and the cells of a
float32 field are NumPy's float32 scalars, which stay float32 together with Python's floats. The order of
operations is part of the meaning, so that other backends can agree bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from ._problem import Field, Problem, Side

#: Of each axis two lists: the places of the neighbours before each cell, and after it.
_Neighbours: TypeAlias = list[tuple[list[int], list[int]]]
_Cells: TypeAlias = Sequence[float]
#: Returns what becomes of the cell at a place.
_Update: TypeAlias = Callable[[_Cells, int], float]


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    if problem.method == "spectral":
        from . import _spectral_python

        _spectral_python.diffuse(problem, out)
    elif problem.method == "implicit":
        from . import _implicit_python

        _implicit_python.diffuse(problem, out)
    else:
        _explicit(problem, out)


def _explicit(problem: Problem, out: Field) -> None:
    shape = problem.start.shape
    neighbours = neighbours_of(shape, problem.sides)
    if problem.diffusivity is not None:
        update = _with_diffusivity(neighbours, problem.weights, list_cells(problem.diffusivity))
    elif problem.isotropic:
        update = _isotropic(neighbours, problem.weights[0])
    else:
        update = _anisotropic(neighbours, problem.weights)
    moving = places_that_move(shape, problem.sides)
    cells = list_cells(problem.start)
    with np.errstate(all="ignore"):
        for _ in range(problem.steps):
            before, cells = cells, cells.copy()
            for place in moving:
                cells[place] = update(before, place)
    out.reshape(-1)[:] = cells


def _isotropic(neighbours: _Neighbours, weight: float) -> _Update:
    (first_before, first_after), *others = neighbours
    count = 2.0 * len(neighbours)

    def update(cells: _Cells, place: int) -> float:
        total = cells[first_before[place]] + cells[first_after[place]]
        for before, after in others:
            total = (total + cells[before[place]]) + cells[after[place]]
        cell = cells[place]
        return cell + weight * (total - count * cell)

    return update


def _anisotropic(neighbours: _Neighbours, weights: Sequence[float]) -> _Update:
    def along(axis: int, cells: _Cells, place: int) -> float:
        before, after = neighbours[axis]
        return weights[axis] * ((cells[before[place]] + cells[after[place]]) - 2.0 * cells[place])

    return _sum_over_axes(along, len(neighbours))


def _with_diffusivity(neighbours: _Neighbours, weights: Sequence[float], diffusivity: _Cells) -> _Update:
    def flow(cells: _Cells, source: int, target: int) -> float:
        """Return what flows between neighbours, by the mean of their diffusivities."""
        return (0.5 * (diffusivity[target] + diffusivity[source])) * (cells[source] - cells[target])

    def along(axis: int, cells: _Cells, place: int) -> float:
        before, after = neighbours[axis]
        return weights[axis] * (flow(cells, after[place], place) - flow(cells, place, before[place]))

    return _sum_over_axes(along, len(neighbours))


def _sum_over_axes(along: Callable[[int, _Cells, int], float], dimensions: int) -> _Update:
    def update(cells: _Cells, place: int) -> float:
        total = along(0, cells, place)
        for axis in range(1, dimensions):
            total = total + along(axis, cells, place)
        return cells[place] + total

    return update


def neighbours_of(shape: tuple[int, ...], sides: tuple[tuple[Side, Side], ...]) -> _Neighbours:
    """Find the neighbours of every cell; that beyond a held side does not matter."""
    places = np.arange(np.prod(shape)).reshape(shape)
    found = []
    for axis, (first, _) in enumerate(sides):
        along = np.arange(shape[axis])
        mode: Literal["wrap", "clip"] = "wrap" if first is Side.PERIODIC else "clip"
        before, after = (places.take(along + offset, axis, mode=mode) for offset in (-1, 1))
        found.append((before.reshape(-1).tolist(), after.reshape(-1).tolist()))
    return found


def places_that_move(shape: tuple[int, ...], sides: tuple[tuple[Side, Side], ...]) -> list[int]:
    """Return the places of the cells that are not held."""
    moves = np.ones(shape, bool)
    for axis, pair in enumerate(sides):
        for end, side in zip((0, -1), pair, strict=True):
            if side is Side.HELD:
                moves.swapaxes(0, axis)[end] = False
    places: list[int] = np.flatnonzero(moves).tolist()
    return places


def list_cells(field: Field) -> list[float]:
    """List the cells in the order of memory, as numbers whose arithmetic rounds to the field's dtype."""
    return field.reshape(-1).tolist() if field.dtype == np.float64 else list(field.reshape(-1))
