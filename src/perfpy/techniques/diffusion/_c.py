"""The SIMD kernels behind a hand-written CPython extension: the cheapest call; and work shared by threads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perfpy._ext.diffusion import _c
from perfpy._ext.diffusion._c import ISA

if TYPE_CHECKING:
    from ._problem import Field, Problem

__all__ = ["ISA", "diffuse", "plan"]


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    if problem.method == "implicit":
        _c.implicit(problem.start, problem.steps, problem.weights, problem.sides, out)
    else:
        _c.diffuse(problem.start, problem.steps, problem.weights, problem.sides, problem.diffusivity, out)


def plan(problem: Problem, out: Field, workers: int | None = None) -> _c.Plan:
    """Return explicit steps that threads take together, each by calling `work` on the plan.

    `workers` is how many threads there will be, by default the number of processors. Any number gives the
    same result. When every call has returned and none has raised, `out` is filled.
    """
    return _c.Plan(
        problem.start,
        problem.steps,
        problem.weights,
        problem.sides,
        problem.diffusivity,
        out,
        workers or os.cpu_count() or 1,
    )
