"""Rows that LLVM turns into SIMD instructions, several steps per pass through memory.

The inner loop runs over cells that are contiguous, with neighbours at fixed distances and no special
case, as `_halo` arranges it: LLVM computes as many cells in an instruction as a register has room for.
Indices are unsigned: with others, Numba asks of each whether it counts from the end, and nothing is
vectorised. A field that does not fit in cache would be read and written once per step, and memory is far
slower than arithmetic; so several steps follow each other through the field, each finding in cache what
the one before has written.

Numba contracts nothing to fused multiply-adds unless ``fastmath`` is on, which stays off. Constants are
of the field's type, as a Python number would make float32 arithmetic float64. Work is done in slices of
some milliseconds, and Python runs its signal handlers in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from . import _rows
from ._problem import Field, Problem

_ONE = np.uint64(1)
_SLICE = 1 << 24  # cells between two looks at signals: some milliseconds


def _compile(function: Callable[..., Any]) -> Any:
    """Compile with Numba, the machine code kept on disk where Numba finds a place for it."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # no directory that can be written
        return numba.njit(nogil=True, error_model="numpy")(function)


@_compile
def _isotropic_1d(source, target, first, last, two, weight):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        cell = source[i]
        target[i] = cell + weight * ((source[i - _ONE] + source[i + _ONE]) - two * cell)


@_compile
def _isotropic_2d(source, target, first, last, stride, four, weight):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        cell = source[i]
        total = ((source[i - stride] + source[i + stride]) + source[i - _ONE]) + source[i + _ONE]
        target[i] = cell + weight * (total - four * cell)


@_compile
def _isotropic_3d(source, target, first, last, far, near, six, weight):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        cell = source[i]
        total = ((source[i - far] + source[i + far]) + source[i - near]) + source[i + near]
        total = (total + source[i - _ONE]) + source[i + _ONE]
        target[i] = cell + weight * (total - six * cell)


@_compile
def _anisotropic_2d(source, target, first, last, stride, two, weight0, weight1):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        cell = source[i]
        twice = two * cell
        change = weight0 * ((source[i - stride] + source[i + stride]) - twice)
        change += weight1 * ((source[i - _ONE] + source[i + _ONE]) - twice)
        target[i] = cell + change


@_compile
def _anisotropic_3d(source, target, first, last, far, near, two, weights):  # type: ignore[no-untyped-def]
    weight0, weight1, weight2 = weights[0], weights[1], weights[2]
    for i in range(first, last):
        cell = source[i]
        twice = two * cell
        change = weight0 * ((source[i - far] + source[i + far]) - twice)
        change += weight1 * ((source[i - near] + source[i + near]) - twice)
        change += weight2 * ((source[i - _ONE] + source[i + _ONE]) - twice)
        target[i] = cell + change


@_compile
def _row(kind, source, target, begin, end, axes, two, weights):  # type: ignore[no-untyped-def]
    """Take a step with the cells from one place in memory to before another."""
    first, last, far, near = np.uint64(begin), np.uint64(end), np.uint64(axes[0, 0]), np.uint64(axes[1, 0])
    if kind == 1:
        _isotropic_1d(source, target, first, last, two, weights[0])
    elif kind == 2:
        _isotropic_2d(source, target, first, last, far, two + two, weights[0])
    elif kind == 3:
        _isotropic_3d(source, target, first, last, far, near, two + two + two, weights[0])
    elif kind == -2:
        _anisotropic_2d(source, target, first, last, far, two, weights[0], weights[1])
    else:
        _anisotropic_3d(source, target, first, last, far, near, two, weights)


@_compile
def _step(kind, source, target, begin, end, axes, two, weights):  # type: ignore[no-untyped-def]
    """Take a step with slabs, and renew the copies around them."""
    far, near = axes[0, 0], axes[1, 0]
    if kind == 1:
        _row(kind, source, target, begin, end, axes, two, weights)
    else:
        for slab in range(begin, end):
            for line in range(axes[1, 1], axes[1, 2]):
                place = slab * far + line * near
                _row(kind, source, target, place + axes[2, 1], place + axes[2, 2], axes, two, weights)
                for side in (3, 5):
                    if axes[2, side] >= 0:
                        target[place + axes[2, side]] = target[place + axes[2, side + 1]]
            for side in (3, 5):
                if axes[1, side] >= 0:
                    _copy(
                        target, slab * far + axes[1, side] * near, slab * far + axes[1, side + 1] * near, near
                    )
    for side in (3, 5):
        if axes[0, side] >= 0 and begin <= axes[0, side + 1] < end:
            _copy(target, axes[0, side] * far, axes[0, side + 1] * far, far)


@_compile
def _copy(buffer, place, other, count):  # type: ignore[no-untyped-def]
    buffer[place : place + count] = buffer[other : other + count]


@_compile
def _copy_slabs(buffer, count, begin, end, stride):  # type: ignore[no-untyped-def]
    """Put copies of slabs before and after a field whose first axis is periodic."""
    size = end - begin
    for k in range(count):
        _copy(buffer, (begin - 1 - k) * stride, (begin - 1 - k + size) * stride, stride)
        _copy(buffer, (end + k) * stride, (end + k - size) * stride, stride)


@_compile
def _advance(kind, buffers, axes, levels, slabs, steps, two, weights, state):  # type: ignore[no-untyped-def]
    """Work for a slice; return whether all is done. See `_rows.Advance`."""
    periodic, stride, begin, end = axes[0, 7], axes[0, 0], axes[0, 1], axes[0, 2]
    budget = _SLICE
    while state[0] < steps:
        done = state[0]
        count = min(levels, steps - done)
        spread = (count - 1) * periodic
        if state[1] == 0 and periodic:
            _copy_slabs(buffers[done % 2], count, begin, end, stride)
        while state[1] < end - begin + 2 * spread + count:
            front = begin - spread + state[1]
            for level in range(count):
                more = (count - 1 - level) * periodic
                first, last = max(begin - more, front - level), min(end + more, front - level + slabs)
                if first < last:
                    now = (done + level) % 2
                    _step(kind, buffers[now], buffers[1 - now], first, last, axes, two, weights)
                    budget -= (last - first) * stride
            state[1] += slabs
            if budget < 0:
                return False
        state[0] += count
        state[1] = 0
    return True


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    _rows.diffuse(problem, out, _advance)
