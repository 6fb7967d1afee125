"""method="auto": explicit steps one by one or all at once, whichever is expected to take less time.

The time of explicit steps is that of a cell and a step, times both numbers; that of all at once hardly
depends on the number of steps. The times below were measured with one thread of a 3.7 GHz server core with
AVX-512, on lines of up to 2,000,000 cells, planes of up to 2048 x 2048 and volumes of up to 160**3, in both
dtypes. What decides is their ratio, which differs less between machines. With the C kernels and scipy, a
plane of 640 x 640 float64 cells is taken at once from about 70 steps on if it is periodic, 120 if nothing
flows out and 385 if its sides are held; one of 32 x 32 from about 1,100 on. With numpy alone the first is
taken at once from 10 on.
"""

from __future__ import annotations

import math

import numpy as np

from . import DIFFUSE
from ._modes import Axis, Kind, axis_of
from ._problem import Problem

#: Nanoseconds of a cell in an explicit step, in 1, 2 and 3 dimensions; float32 takes this part of it.
_STEP = {
    "python": (200.0, 200.0, 250.0, 1.5),
    "numpy": (1.4, 2.0, 3.0, 0.5),
    "numexpr": (10.0, 10.0, 10.0, 0.7),
    "scipy": (3.0, 9.0, 10.0, 0.8),
    "numba": (0.27, 0.4, 1.0, 0.6),
    "cython": (0.5, 0.5, 1.0, 0.6),
    "pythran": (0.4, 0.4, 1.0, 0.6),
    "cffi": (0.14, 0.27, 0.5, 0.45),
    "c": (0.14, 0.27, 0.5, 0.45),
}
#: What every explicit step of any field takes besides, in nanoseconds.
_EACH_STEP = {"numpy": 8e3, "numexpr": 3e4, "scipy": 4e3}

#: Nanoseconds of a call that takes all steps at once, per dimension.
_CALL = 150e3
#: Nanoseconds of a cell for an axis whose transform has length L, per log2(L); float32 takes this part of it.
_TRANSFORM = {"numpy": 1.0, "scipy": 1.0}
_SINGLE = {"numpy": 1.0, "scipy": 0.7}
#: How much longer than the Fourier transform the others take.
_KIND = {
    "numpy": {Kind.PERIODIC: 1.0, Kind.COSINE: 3.0, Kind.SINE: 3.0, Kind.QUARTER: 6.0},
    "scipy": {Kind.PERIODIC: 1.0, Kind.COSINE: 1.7, Kind.SINE: 2.5, Kind.QUARTER: 5.0},
}
#: A line is one row, which leaves the cache in every pass, and has as many factors as cells.
_LINE = 5.0
#: Dense eigenvectors: nanoseconds of a cell, and for each cell of its lines.
_DENSE, _DENSE_LINE = 8e3, 400.0


def choose(problem: Problem, backend: str) -> Problem:
    """Return the problem with method "explicit" or "spectral"."""
    explicit, spectral = problem._replace(method="explicit"), problem._replace(method="spectral")
    if problem.diffusivity is not None or problem.start.size == 0 or problem.steps < 2:
        return explicit
    try:
        at_once = DIFFUSE.resolve(backend, spectral.needs)
        one_by_one = DIFFUSE.resolve(backend, explicit.needs)
    except (TypeError, ValueError):  # the backend does not have it; what is no backend is reported later
        return explicit
    if one_by_one not in _STEP or at_once not in (*_TRANSFORM, "python"):
        return explicit
    pays = _spectral_time(problem, at_once) < _explicit_time(problem, one_by_one)
    return spectral if pays and np.isfinite(problem.start).all() else explicit


def _explicit_time(problem: Problem, backend: str) -> float:
    """Estimate how many nanoseconds the explicit steps take."""
    *by_dimension, single = _STEP[backend]
    cell = by_dimension[problem.start.ndim - 1] * (single if problem.start.dtype == np.float32 else 1.0)
    return problem.steps * (problem.start.size * cell + _EACH_STEP.get(backend, 0.0))


def _spectral_time(problem: Problem, backend: str) -> float:
    """Estimate how many nanoseconds all steps at once take."""
    start = problem.start
    if backend == "python":
        return start.size * (_DENSE + _DENSE_LINE * sum(start.shape))
    axes = (axis_of(*item) for item in zip(start.shape, problem.sides, problem.weights, strict=True))
    kinds = _KIND[backend]
    cell = _TRANSFORM[backend] * sum(
        kinds[axis.kind] * math.log2(_length(axis)) * _awkwardness(_length(axis)) for axis in axes
    )
    cell *= _LINE if start.ndim == 1 else 1.0
    cell *= _SINGLE[backend] if start.dtype == np.float32 else 1.0
    return _CALL * start.ndim + start.size * cell


def _length(axis: Axis) -> int:
    """Return the length of the Fourier transform that an axis takes."""
    match axis.kind:
        case Kind.SINE:
            return 2 * (axis.size + 1)
        case Kind.QUARTER:
            return 2 * (2 * axis.size + 1)
        case _:
            return max(axis.size, 1)


def _awkwardness(length: int) -> float:
    """Return how much longer a transform takes for the prime factors of its length."""
    largest = 1
    for factor in range(2, 128):
        while length % factor == 0:
            length //= factor
            largest = factor
    if length > 1:
        return 4.0
    return 1.0 if largest <= 13 else 2.0
