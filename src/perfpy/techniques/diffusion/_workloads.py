"""The fields on which the backends are compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from perfpy._workload import Agreement, Workload, arrays_agree

_HOT = 0.005  # the heat of the book's square
_SLOW = ("python",)


def agree(reference: np.ndarray, result: np.ndarray, bound: float = 0.0) -> Agreement:
    """Compare two fields; bounds are those of float64, and a rounding of float32 is 2**29 times as large."""
    single = reference.dtype == np.float32
    return arrays_agree(reference, result, bound * 2.0**29 if single else bound)


def book_field(shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    """Return the book's field: zero but for a square (cube, stretch) from 0.4 to 0.5 of each side."""
    field = np.zeros(shape, dtype)
    field[tuple(slice(int(0.4 * n), int(0.5 * n)) for n in shape)] = _HOT
    return field


def _book(shape: tuple[int, ...], steps: int, dtype: str = "float64", **options: Any) -> Mapping[str, Any]:
    return {"field": book_field(shape, dtype), "steps": steps, **options}


def _random(shape: tuple[int, ...], steps: int, **options: Any) -> Mapping[str, Any]:
    """Return a field that is different everywhere, so that no side is like another."""
    return {"field": np.random.default_rng(3).random(shape), "steps": steps, **options}


def _variable(shape: tuple[int, ...], steps: int) -> Mapping[str, Any]:
    diffusivity = np.random.default_rng(4).uniform(0.1, 1.0, shape)
    return _random(shape, steps, diffusivity=diffusivity, boundary="neumann")


_MIXED = (("neumann", ("dirichlet", 1.0)), ("dirichlet", "neumann"))

WORKLOADS = (
    Workload("tiny", "24 x 20 random cells, 20 steps, periodic", partial(_random, (24, 20), 20)),
    Workload("small", "128 x 120 random cells, 60 steps, periodic", partial(_random, (128, 120), 60)),
    Workload(
        "book",
        "the book's square at 640 x 640, 500 steps, periodic",
        partial(_book, (640, 640), 500),
        too_slow_for=_SLOW,
    ),
    Workload(
        "large",
        "the book's square at 4096 x 4096, 100 steps, periodic",
        partial(_book, (4096, 4096), 100),
        too_slow_for=_SLOW,
    ),
    Workload(
        "single",
        "the book's square at 640 x 640 in float32, 500 steps, periodic",
        partial(_book, (640, 640), 500, "float32"),
        too_slow_for=_SLOW,
    ),
    Workload(
        "sides",
        "160 x 150 random cells, 40 steps, another condition at each side",
        partial(_random, (160, 150), 40, boundary=_MIXED, spacing=(1.0, 0.9)),
    ),
    Workload(
        "line",
        "4,000,000 random cells on a line, 100 steps, periodic",
        partial(_random, (4_000_000,), 100),
        too_slow_for=_SLOW,
    ),
    Workload(
        "volume",
        "a hot cube in 256 x 256 x 256 cells, 20 steps, periodic",
        partial(_book, (256, 256, 256), 20),
        too_slow_for=_SLOW,
    ),
    Workload(
        "variable",
        "160 x 150 random cells, each with a diffusivity of its own, 40 steps, nothing flows out",
        partial(_variable, (160, 150), 40),
        needs=(("diffusivity", "array"),),
    ),
    Workload(
        "spectral",
        "the book's square at 640 x 640, 500 steps at once",
        partial(_book, (640, 640), 500, method="spectral"),
        too_slow_for=_SLOW,
        needs=(("method", "spectral"),),
        bound=1e-12,
    ),
    Workload(
        "implicit",
        "the book's square at 640 x 640, 20 implicit steps 25 times as long",
        partial(_book, (640, 640), 20, method="implicit", dt=2.5),
        too_slow_for=_SLOW,
        needs=(("method", "implicit"),),
        bound=1e-12,
    ),
)
