"""All explicit steps at once: into modes, times what the steps make of each (see `_modes`), and back.

Held cells count as 0: what they have in common is taken off the field first, and any other values add a
constant b to a mode in every step, ``b*(1 + g + ... + g**(steps-1))`` in all. Modes that have all but
vanished after the last step are left out along every axis but the first: the more steps, the less work.
Rows of the field, and then columns of the modes, are transformed in pieces that stay in the cache. What all
libraries of transforms share is here; a library is a `Transforms`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._modes import Axis, Kind, Real, axis_of, log_power, margin, power, power_and_sum, waves
from ._problem import Field, Problem, Side

Array: TypeAlias = NDArray[Any]
#: Transforms (values, axis); may use their memory for the result where told to overwrite them.
Forward: TypeAlias = Callable[[Array, int, bool], Array]
#: Transforms (modes, axis) back to so many cells, likewise; modes that are missing at the end are 0.
Inverse: TypeAlias = Callable[[Array, int, int, bool], Array]
#: Calls a function for every piece, here or on threads.
Run: TypeAlias = Callable[[Callable[[slice], None], Iterable[slice]], None]

_PIECE = 1 << 18  # bytes of the field that are transformed together
_LEAST_COLUMNS = 8  # in a piece: a cache line of each row
#: Modes smaller than this, relative to the largest factor, are far below the rounding errors of the others.
_NEGLIGIBLE = math.log(1e-22)
_SHRINK = 2.0**-64  # for fields so large that sums over them overflow
_QUIET = np.errstate(over="ignore", invalid="ignore")  # as a decorator, for it does not reach other threads


class Transforms(NamedTuple):
    """A library of transforms of the kinds PERIODIC, COSINE and SINE, scaled as those of scipy.fft are."""

    forward: Mapping[Kind, Forward]
    inverse: Mapping[Kind, Inverse]


class Inflow(NamedTuple):
    """What the held cells at one side add in each step, in modes.

    Attributes
    ----------
    axis : int
        The axis of the side.
    along : array
        The modes of the axis in a unit at the cell next to the side, times the axis's weight.
    across : array
        The modes of the held cells along the other axes; the last axis is the parts of a mode.
    """

    axis: int
    along: Real
    across: Real

    def columns(self, places: tuple[NDArray[np.intp], ...]) -> Real:
        """Return the modes in some columns, given by their place along each axis but the first."""
        index = (
            np.minimum(place, size - 1) for place, size in zip(places, self.across.shape[1:], strict=False)
        )
        across = self.across[(slice(None), *index)]
        along = self.along[places[self.axis - 1]] if self.axis else self.along[:, np.newaxis]
        columns: Real = along[..., np.newaxis] * across
        return columns


def serially(function: Callable[[slice], None], pieces: Iterable[slice]) -> None:
    """Call the function for one piece after the other."""
    for piece in pieces:
        function(piece)


def diffuse(problem: Problem, out: Field, transforms: Transforms, run: Run = serially) -> None:
    """Fill `out` with the field after all steps."""
    _leap(problem, out, transforms, run)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(out.sum()):
            return
        small = problem.start * problem.start.dtype.type(_SHRINK)
        _leap(problem._replace(start=small), out, transforms, run)
        out *= 1.0 / _SHRINK
    _copy_held(problem, out)


def _leap(problem: Problem, out: Field, transforms: Transforms, run: Run) -> None:
    shape, sides, weights = problem.start.shape, problem.sides, problem.weights
    axes = [axis_of(*item) for item in zip(shape, sides, weights, strict=True)]
    if not all(axis.size for axis in axes):
        out[...] = problem.start
        return
    if len(axes) == 1:  # a field of one row
        axes.insert(0, axis_of(1, (Side.REFLECTING, Side.REFLECTING), 0.0))
        shape = 1, *shape
    _Leap(problem.start.reshape(shape), out.reshape(shape), axes, problem.steps, transforms).run(run)
    _copy_held(problem, out)


def _copy_held(problem: Problem, out: Field) -> None:
    for axis, pair in enumerate(problem.sides):
        for end, side in zip((0, -1), pair, strict=True):
            if side is Side.HELD:
                out.swapaxes(0, axis)[end] = problem.start.swapaxes(0, axis)[end]


class _Leap:
    """All steps of one field of 2 or 3 dimensions.

    A row is what shares an index of the first axis. Its modes along the other axes are a row of `_modes`,
    which has a column for each mode, of as many numbers as a mode of these axes has parts.
    """

    def __init__(
        self, start: Field, out: Field, axes: list[Axis], steps: int, transforms: Transforms
    ) -> None:
        self._axes = axes
        self._steps = steps
        self._transforms = transforms
        self._margin = margin(axis.weight for axis in axes)
        cells = tuple(axis.cells for axis in axes)
        self._cells, self._result = start[cells], out[cells]
        self._offset = self._common_value(start)
        self._waves = [waves(axis) for axis in axes]
        self._inflows = [] if self._offset else list(self._inflows_of(start))
        if not self._inflows:
            needed = [len(self._waves[0].rate), *map(self._needed, range(1, len(axes)))]
            self._waves = [wave.first(count) for wave, count in zip(self._waves, needed, strict=True)]
        self._shape = tuple(len(wave.rate) for wave in self._waves[1:])
        self._parts = math.prod(axis.parts for axis in axes[1:])
        self._modes = self._memory(out.reshape(len(out), -1)[cells[0]])

    def _memory(self, rows: Field) -> Field:
        """Return where the modes go: into the result, where they have room and lie as complex numbers do."""
        width = math.prod(self._shape) * self._parts
        whole = self._parts == 1 or rows.strides[0] % (2 * rows.itemsize) == 0
        fits = whole and width <= rows.shape[1]
        return rows[:, :width] if fits else np.empty((len(rows), width), rows.dtype)

    def _needed(self, k: int) -> int:
        """Return how many modes of an axis do not all vanish, whatever those of the other axes are."""
        own, others = self._waves[k], self._waves[:k] + self._waves[k + 1 :]
        largest = np.maximum(
            *(
                log_power(
                    own.rate + sum(wave.rate[end] for wave in others),
                    own.rest + (self._margin + sum(wave.rest[end] for wave in others)),
                    self._steps,
                )
                for end in (0, -1)  # the slowest and the fastest of the others
            )
        )
        return int(np.flatnonzero(largest >= largest.max() + _NEGLIGIBLE)[-1]) + 1

    def _common_value(self, start: Field) -> Any:
        """Return the value of the held cells if they have one in common: without it they are 0."""
        held = [start.take(place, axis=k) for k, axis in enumerate(self._axes) for place in axis.held]
        if not held:
            return 0
        value = held[0].flat[0]
        return value if all((cells == value).all() for cells in held) else 0

    def _inflows_of(self, start: Field) -> Iterator[Inflow]:
        """Transform the cells of held sides that are not 0."""
        for k, axis in enumerate(self._axes):
            along = axis.doubled * self._waves[k].reach
            for held in axis.held:
                place = [other.cells for other in self._axes]
                place[k] = slice(held, held + 1)
                values = start[tuple(place)].astype(np.float64)
                if values.any():
                    yield Inflow(k, along, self._across(values, k))
                along = along * (-1.0) ** np.arange(axis.size)  # seen from the last cell

    @_QUIET
    def _across(self, values: Real, k: int) -> Real:
        """Transform the cells of a side along all axes but its own."""
        parts = 1
        for other in reversed(range(len(self._axes))):
            if other != k:
                values = self._forward(other, values, False)
                parts *= self._axes[other].parts
        return values.reshape(*values.shape[:-1], -1, parts)

    def run(self, run: Run) -> None:
        """Do it, piece by piece."""
        rows, columns = len(self._modes), math.prod(self._shape)
        itemsize = self._cells.itemsize
        several_rows = max(1, _PIECE // (self._cells[0].size * itemsize))
        several_columns = max(_LEAST_COLUMNS, _PIECE // (rows * self._parts * itemsize))
        run(self._rows_to_modes, _pieces(rows, several_rows))
        run(self._columns, _pieces(columns, several_columns))
        run(self._modes_to_rows, _pieces(rows, several_rows))

    @_QUIET
    def _rows_to_modes(self, rows: slice) -> None:
        """Transform along all axes but the first."""
        last = len(self._axes) - 1
        values: Array = self._cells[rows] - self._offset if self._offset else self._cells[rows]
        for k in range(last, 0, -1):
            values = self._forward(k, values, k < last)
            count = self._shape[k - 1]
            values = values[:, :count] if k < last else values[..., : count * self._axes[k].parts]
        self._modes[rows] = values.reshape(len(values), -1)

    @_QUIET
    def _columns(self, columns: slice) -> None:
        """Transform along the first axis, let the steps act on each mode, and transform back."""
        block = self._modes[:, columns.start * self._parts : columns.stop * self._parts]
        modes = self._forward(0, block, True)
        parts = self._parts * self._axes[0].parts
        places = np.unravel_index(np.arange(columns.start, columns.stop), self._shape)
        first, *others = self._waves
        rate = first.rate[:, np.newaxis] + sum(w.rate[p] for w, p in zip(others, places, strict=True))
        rest = first.rest[:, np.newaxis] + (
            self._margin + sum(w.rest[p] for w, p in zip(others, places, strict=True))
        )
        if self._inflows:
            factor, total = power_and_sum(rate, rest, self._steps)
            inflow = reduce(np.add, (inflow.columns(places) for inflow in self._inflows))
            inflow = (inflow * total[..., np.newaxis]).reshape(modes.shape)
        else:
            factor, inflow = power(rate, rest, self._steps), None
        modes *= np.repeat(factor.astype(modes.dtype, copy=False), parts, axis=1)
        if inflow is not None:
            modes += inflow.astype(modes.dtype, copy=False)
        values = self._inverse(0, modes)
        if not np.may_share_memory(values, block):
            block[...] = values

    @_QUIET
    def _modes_to_rows(self, rows: slice) -> None:
        """Transform back along all axes but the first."""
        modes = self._modes[rows]
        values: Array = modes.reshape(len(modes), *self._shape[:-1], -1)
        for k in range(1, len(self._axes)):
            values = self._inverse(k, values)
        np.add(values, self._offset, out=self._result[rows])

    def _forward(self, k: int, values: Array, overwrite: bool) -> Array:
        """Transform along an axis; the parts of a mode come one after the other along the last axis."""
        axis, forward = self._axes[k], self._transforms.forward
        if axis.trivial:
            return values
        if axis.kind is Kind.QUARTER:
            mirrored = np.concatenate((values, np.flip(values, k)), axis=k)
            return forward[Kind.SINE](mirrored, k, True)[_every_other(k)]
        modes = forward[axis.kind](values, k, overwrite)
        return modes.view(values.dtype) if axis.parts == 2 else modes

    def _inverse(self, k: int, modes: Array) -> Array:
        """Undo `_forward`; modes left out at the end are 0."""
        axis, inverse = self._axes[k], self._transforms.inverse
        if axis.trivial:
            return modes
        if axis.kind is Kind.QUARTER:
            apart = np.zeros((*modes.shape[:k], 2 * modes.shape[k], *modes.shape[k + 1 :]), modes.dtype)
            apart[_every_other(k)] = modes
            mirrored = inverse[Kind.SINE](apart, k, 2 * axis.size, True)
            return mirrored[(slice(None),) * k + (slice(axis.size),)]
        if axis.parts == 2:
            modes = modes.view(np.result_type(modes.dtype, np.complex64))
        return inverse[axis.kind](modes, k, axis.size, True)


def _every_other(axis: int) -> tuple[slice, ...]:
    return (slice(None),) * axis + (slice(0, None, 2),)


def _pieces(count: int, several: int) -> Iterator[slice]:
    """Cut a number of rows or columns into pieces."""
    for begin in range(0, count, several):
        yield slice(begin, min(begin + several, count))
