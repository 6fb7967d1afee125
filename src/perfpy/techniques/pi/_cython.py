"""Runs side by side, compiled by Cython, once per instruction set like the C kernel."""

from __future__ import annotations

from importlib import import_module

from perfpy._ext.pi._c import ISA

from ._batches import in_batches

__all__ = ["ISA", "count_inside"]

_module = import_module("perfpy._ext.pi._cython" + ("" if ISA == "baseline" else f"_{ISA}"))


def count_inside(seed: int, start: int, stop: int) -> int:
    """Count the points from number `start` on below `stop` that lie inside the circle."""
    return in_batches(_module.count_inside, seed, start, stop)
