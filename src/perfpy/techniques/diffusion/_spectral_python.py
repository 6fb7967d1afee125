"""All explicit steps at once, as it is defined: by the eigenvectors themselves, for small fields.

An axis of n cells takes n*n operations for each of its lines, where a fast transform takes n*log(n).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from operator import mul
from typing import NamedTuple

from ._modes import Axis, Kind, angles, axis_of, margin
from ._problem import Field, Problem, Side

_SHRINK = 2.0**-64  # for fields so large that sums over them overflow


class Mode(NamedTuple):
    """An eigenvector of the second difference along an axis, of length 1, and its eigenvalue.

    Attributes
    ----------
    cells : list of float
        The eigenvector.
    rate, rest : float
        The eigenvalue is ``-rate``, which is ``rest - 4``; both to full relative accuracy.
    """

    cells: list[float]
    rate: float
    rest: float


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    start = problem.start
    axes = [axis_of(*item) for item in zip(start.shape, problem.sides, problem.weights, strict=True)]
    moving = (range(size)[axis.cells] for size, axis in zip(start.shape, axes, strict=True))
    places = list(itertools.product(*moving))
    out[...] = start
    shrink = _SHRINK if max(map(abs, map(float, start.flat))) > 1e200 else 1.0
    cells = [shrink * float(start[place]) for place in places]
    inflow = [shrink * _inflow(problem, axes, place) for place in places]
    bases = [list(_modes(axis)) for axis in axes]
    actions = [_action(problem, modes) for modes in itertools.product(*bases)]
    changed = [
        factor * mode + total * gain
        for (factor, total), mode, gain in zip(
            actions, _to_modes(cells, bases), _to_modes(inflow, bases), strict=True
        )
    ]
    for place, value in zip(places, _to_cells(changed, bases), strict=True):
        out[place] = value / shrink


def _modes(axis: Axis) -> Iterator[Mode]:
    """Yield the modes of an axis; the waves that are not constant come in pairs if it is periodic."""
    numerators, q = angles(axis)
    for p in numerators:
        rate = 4.0 * math.sin(0.5 * math.pi * (p / q)) ** 2
        rest = 4.0 * math.sin(0.5 * math.pi * ((q - p) / q)) ** 2
        for shift in (0, 1) if axis.kind is Kind.PERIODIC and 0 < p < q else (0,):
            wave = [_wave(axis.kind, p, q, shift, i) for i in range(axis.size)]
            length = math.sqrt(math.fsum(map(mul, wave, wave)))
            yield Mode([cell / length for cell in wave], rate, rest)


def _wave(kind: Kind, p: int, q: int, shift: int, i: int) -> float:
    """Return the cosine or sine in cell `i`; integers keep the angle exact until the last."""
    match kind:
        case Kind.PERIODIC:
            quarters = 2 * p * i - shift * q
        case Kind.COSINE:
            quarters = p * (2 * i + 1)
        case _:
            quarters = 2 * p * (i + 1) - q
    return math.cos(0.5 * math.pi * (quarters % (4 * q) / q))


def _inflow(problem: Problem, axes: list[Axis], place: tuple[int, ...]) -> float:
    """Return what the held neighbours of a cell add in each step."""
    total = 0.0
    for k, (axis, pair) in enumerate(zip(axes, problem.sides, strict=True)):
        ends = (0, 1), (problem.start.shape[k] - 1, problem.start.shape[k] - 2)
        for side, (held, next_to_it) in zip(pair, ends, strict=True):
            if side is Side.HELD and place[k] == next_to_it:
                total += axis.weight * float(problem.start[*place[:k], held, *place[k + 1 :]])
    return total


def _action(problem: Problem, modes: tuple[Mode, ...]) -> tuple[float, float]:
    """Return ``g**steps`` and ``1 + g + ... + g**(steps-1)`` for the product of modes of all axes."""
    weights, steps = problem.weights, problem.steps
    rate = math.fsum(weight * mode.rate for weight, mode in zip(weights, modes, strict=True))
    rests = (weight * mode.rest for weight, mode in zip(weights, modes, strict=True))
    rest = math.fsum([margin(weights), *rests])
    nearer = min(rate, rest)
    exponent = steps * math.log1p(-nearer) if nearer < 1 else -math.inf
    if rate <= rest:
        return math.exp(exponent), -math.expm1(exponent) / rate if rate else float(steps)
    factor = (-1.0) ** (steps % 2) * (math.exp(exponent) if exponent < 709 else math.inf)
    return factor, (1.0 - factor) / rate


def _to_modes(values: list[float], bases: list[list[Mode]]) -> list[float]:
    return _along_each_axis(values, [[mode.cells for mode in basis] for basis in bases])


def _to_cells(values: list[float], bases: list[list[Mode]]) -> list[float]:
    transposed = [[list(row) for row in zip(*(mode.cells for mode in basis), strict=True)] for basis in bases]
    return _along_each_axis(values, transposed)


def _along_each_axis(values: list[float], matrices: list[list[list[float]]]) -> list[float]:
    """Multiply the lines along each axis by its matrix. The first axis becomes the last, for all in turn."""
    for matrix in matrices:
        lines = len(values) // len(matrix) if matrix else 0
        values = [math.fsum(map(mul, values[line::lines], row)) for line in range(lines) for row in matrix]
    return values
