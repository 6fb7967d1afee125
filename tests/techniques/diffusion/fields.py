"""Problems for the tests of diffusion, and the definition of a step once more: by whole arrays."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from perfpy.techniques.diffusion import DIFFUSE
from perfpy.techniques.diffusion._problem import Field, Problem, Side

#: All pairs of sides that an axis can have.
PAIRS = (
    (Side.PERIODIC, Side.PERIODIC),
    *itertools.product((Side.HELD, Side.REFLECTING), repeat=2),
)
#: Around the lengths of vectors, primes, and those where one cell is its own neighbour or both.
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17, 31, 33, 64, 65)
ODD = (np.inf, -np.inf, np.nan, -0.0, 5e-324, 1e-310, 1e-40, 1.7e308, -1.7e308, 3.4e38)


def solve(backend: str, problem: Problem) -> Field:
    """Let a backend solve a problem; make sure that it changes nothing else."""
    start = problem.start.copy()
    out = np.full_like(start, 7.25)
    DIFFUSE[backend, problem.needs](problem, out)
    assert start.tobytes() == problem.start.tobytes()
    return out


def whole_arrays(problem: Problem) -> Field:
    """Return the field after all steps, by arithmetic on whole arrays and their copies moved by one cell."""
    field, dtype = problem.start, problem.start.dtype
    with np.errstate(all="ignore"):
        for _ in range(problem.steps):
            field = _hold(problem, field, field + _change(problem, field))
    assert field.dtype == dtype
    return field


def _change(problem: Problem, field: Field) -> Any:
    pairs = [_moved(problem, field, axis) for axis in range(field.ndim)]
    if problem.diffusivity is not None:
        d = problem.diffusivity
        terms = []
        for axis, (before, after) in enumerate(pairs):
            d_before, d_after = _moved(problem, d, axis)
            outflow = (0.5 * (d + d_before)) * (field - before)
            terms.append(problem.weights[axis] * ((0.5 * (d + d_after)) * (after - field) - outflow))
        return sum(terms[1:], start=terms[0])
    if problem.isotropic:
        first, *others = (neighbour for pair in pairs for neighbour in pair)
        return problem.weights[0] * (sum(others, start=first) - 2 * field.ndim * field)
    terms = [weight * ((a + b) - 2 * field) for weight, (a, b) in zip(problem.weights, pairs, strict=True)]
    return sum(terms[1:], start=terms[0])


def _moved(problem: Problem, field: Field, axis: int) -> tuple[Field, Field]:
    """Return the neighbours of all cells before and after them."""
    cells = np.arange(field.shape[axis])
    mode: Any = "wrap" if problem.sides[axis][0] is Side.PERIODIC else "clip"
    return field.take(cells - 1, axis, mode=mode), field.take(cells + 1, axis, mode=mode)


def _hold(problem: Problem, before: Field, after: Field) -> Field:
    for axis, pair in enumerate(problem.sides):
        for end, side in zip((0, -1), pair, strict=True):
            if side is Side.HELD:
                after.swapaxes(0, axis)[end] = before.swapaxes(0, axis)[end]
    return after


def weights(random: np.random.Generator, dimensions: int, dtype: Any, *, equal: bool) -> tuple[float, ...]:
    """Return stable weights, rounded to a dtype."""
    values = random.uniform(0.01, 0.5 / dimensions, dimensions)
    return tuple(float(np.dtype(dtype).type(values[0 if equal else axis])) for axis in range(dimensions))


def random_problem(
    seed: int,
    shape: tuple[int, ...],
    sides: tuple[tuple[Side, Side], ...],
    steps: int,
    dtype: Any,
    *,
    equal: bool = True,
    array: bool = False,
    odd: int = 0,
) -> Problem:
    """Return a problem with random cells, `odd` of them no ordinary numbers."""
    random = np.random.default_rng(seed)
    field = random.normal(size=shape).astype(dtype)
    with np.errstate(all="ignore"):
        field.reshape(-1)[random.integers(0, field.size, odd)] = random.choice(ODD, odd).astype(dtype)
    diffusivity = random.uniform(0, 1, shape).astype(dtype) if array else None
    equal_or_not = weights(random, len(shape), dtype, equal=equal)
    return Problem(field, steps, equal_or_not, sides, "explicit", diffusivity)


def faint_field(random: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Field:
    """Return cells from 1 down to the smallest numbers of the type: smoothly, then of any size and sign."""
    smallest = float(np.log2(np.finfo(dtype).smallest_subnormal))
    places = np.linspace(0, 1, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    powers = np.where(places < 0.7, smallest * places / 0.7, random.integers(int(smallest), 0, shape))
    signs = np.where(places < 0.7, 1.0, random.choice((-1.0, 0.0, -0.0, 1.0), shape))
    return np.asarray(signs * np.exp2(powers), dtype)


def assert_same_bits(expected: Field, found: Field) -> None:
    """Compare bit for bit; not-a-numbers are all alike."""
    assert (expected.shape, expected.dtype) == (found.shape, found.dtype)
    bits = f"u{expected.itemsize}"
    differ = (expected.view(bits) != found.view(bits)) & ~(np.isnan(expected) & np.isnan(found))
    places = np.argwhere(differ)
    assert not places.size, f"{len(places)} cells differ, the first at {places[0]}"
