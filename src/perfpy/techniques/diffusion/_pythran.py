"""The loops over rows compiled by Pythran, once per instruction set like the C kernel."""

from __future__ import annotations

from importlib import import_module

from perfpy._ext.diffusion._c import ISA

from . import _rows
from ._problem import Field, Problem

__all__ = ["ISA", "diffuse"]

_module = import_module("perfpy._ext.diffusion._pythran" + ("" if ISA == "baseline" else f"_{ISA}"))


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    _rows.diffuse(problem, out, _module.advance)
