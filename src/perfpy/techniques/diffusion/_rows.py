"""What backends with compiled loops over rows share: a field and its surroundings in numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._halo import Halo, passes
from ._problem import Field, Problem

#: Does a slice of the work and returns whether all is done. The arguments are
#:
#: - kind: the number of dimensions, negative if the axes have different weights;
#: - buffers: the field after an even and after an odd number of steps, each as a row (see `Halo`);
#: - axes: three rows of numbers, as below; a field of fewer dimensions has its first and its last axis there,
#:   and axes of one cell;
#: - levels: how many steps a pass has; slabs: how many slabs a step does before it is the next one's turn;
#: - steps: how many steps there are;
#: - two: the number in the type of the field; weights: of each axis, in that type;
#: - state: two numbers, 0 at first: the steps of finished passes, and how far the present one has got.
Advance: TypeAlias = Callable[..., bool]

#: Of an axis: the distance of neighbours in memory; the first cell not held and the one after the last; the
#: cell before the field and which it is a copy of, the cell after it and which it is a copy of, or -1 where
#: there is none; whether a pass begins with copies of whole slabs.
_Axis: TypeAlias = tuple[int, int, int, int, int, int, int, int]
_ONE_CELL: _Axis = (0, 0, 1, -1, -1, -1, -1, 0)

_LINE = 64  # bytes of a cache line
_CACHE = 1 << 20  # bytes that the steps of a pass work on
_RUN = 1 << 13  # cells that a step does at least before it is the next one's turn


def diffuse(problem: Problem, out: Field, advance: Advance) -> None:
    """Fill `out` with the field after all steps, by compiled loops."""
    dtype = problem.start.dtype
    margin = _LINE // dtype.itemsize
    levels, slabs = passes(problem, _RUN, _CACHE, margin)
    halo = Halo(problem, levels, margin)
    if not halo.still:
        kind = problem.start.ndim if problem.isotropic else -problem.start.ndim
        weights = np.array(problem.weights, dtype)
        state = np.zeros(2, np.int64)
        while not advance(
            kind, halo.memory, _table(halo), halo.levels, slabs, problem.steps, dtype.type(2), weights, state
        ):
            pass  # Python runs its signal handlers
    out[...] = halo.result()


def _table(halo: Halo) -> NDArray[np.int64]:
    rows: list[_Axis] = []
    for number, (axis, stride) in enumerate(zip(halo.axes, halo.strides, strict=True)):
        slabs = number == 0 and halo.periodic
        copies = {} if slabs else dict(axis.copies)
        before, after = axis.first - 1, axis.last
        rows.append(
            (
                stride,
                axis.begin,
                axis.end,
                before if before in copies else -1,
                copies.get(before, -1),
                after if after in copies else -1,
                copies.get(after, -1),
                int(slabs),
            )
        )
    rows[1:1] = [_ONE_CELL] * (3 - len(rows))
    return np.array(rows, np.int64)
