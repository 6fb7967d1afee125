"""The loops over rows compiled by Cython, once per instruction set like the C kernel."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from perfpy._ext.diffusion._c import ISA

from . import _rows
from ._problem import Field, Problem

__all__ = ["ISA", "diffuse"]

_module = import_module("perfpy._ext.diffusion._cython" + ("" if ISA == "baseline" else f"_{ISA}"))


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    single = problem.start.dtype == np.float32
    _rows.diffuse(problem, out, _module.advance_float if single else _module.advance_double)
