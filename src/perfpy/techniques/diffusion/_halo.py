"""A field in two buffers, with copies of cells around it that stand for what is beyond its sides.

With the right copies around it every cell has its neighbours at the same distances in memory, so there
is one formula and no special case. A step reads one buffer and writes the other.

A step need not be finished before the next begins. In a *pass* several steps follow each other through
the field, each one slab behind the step before (a slab is all cells of one index along the first axis),
so that a step finds in cache what was just written. Two buffers are enough: a step writes a slab where
the step before the last has left its own, and the last step has just used that for the last time.

Where the first axis is periodic, a pass begins with copies of as many slabs on both sides as it has
steps. Each step brings those up to date that the next ones need, by the same operations as the slabs
they are copies of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ._problem import Field, Problem, Side

_LINE = 64  # bytes of a cache line, and of the longest vectors
_PAGE = 4096  # bytes
_FEW_LEVELS, _MOST_LEVELS = 4, 16


class Extent(NamedTuple):
    """Where things are along an axis of the buffers.

    Attributes
    ----------
    first, last : int
        The cells of the field are from `first` to before `last`.
    begin, end : int
        Those that are not held are from `begin` to before `end`.
    copies : tuple of pairs of int
        The cells beside the field and those that they are copies of.
    held : tuple of int
        The cells that are held.
    """

    first: int
    last: int
    begin: int
    end: int
    copies: tuple[tuple[int, int], ...]
    held: tuple[int, ...]


class Chunk(NamedTuple):
    """What is done at once: `target` from index `begin` to before `end` of the first axis, from `source`."""

    source: Field
    target: Field
    begin: int
    end: int


def passes(problem: Problem, run: int, cache: int, margin: int = 1) -> tuple[int, int]:
    """Choose how many steps a pass has, and how many slabs a step does before it is the next one's turn.

    A step does about `run` cells, and all steps of a pass work on `cache` bytes at most; or it is a few
    steps, as what is too much for this cache may fit in the next. Copies of slabs are work for nothing: a
    pass has few steps where the field has few slabs.
    """
    slab = math.prod(size + 2 * margin for size in problem.start.shape[1:])
    slabs = max(1, run // slab)
    fitting = cache // (2 * problem.start.itemsize * slab * slabs)
    return max(1, min(max(fitting, _FEW_LEVELS), problem.start.shape[0] // 8, _MOST_LEVELS)), slabs


class Halo:
    """The buffers of a problem with explicit steps.

    Parameters
    ----------
    problem : Problem
        What is to be done.
    levels : int
        Most steps of a pass.
    margin : int, default: 1
        Cells at least before and after every contiguous row; rows are a multiple of it apart.

    Attributes
    ----------
    memory : 2-D array
        Both buffers, each in a row.
    buffers : list of two Fields
        The field after an even and after an odd number of steps.
    axes : list of Extent
        Where the field is in them.
    periodic : bool
        Whether the first axis is.
    levels : int
        Steps of a pass, of the last one at most.
    strides : tuple of int
        How far apart in memory neighbours are along each axis, in cells.
    """

    def __init__(self, problem: Problem, levels: int, margin: int = 1) -> None:
        start = problem.start
        self.problem = problem
        self.levels = max(1, min(levels, problem.steps))
        self.periodic = problem.sides[0][0] is Side.PERIODIC
        around = [1] * start.ndim
        around[0] = self.levels if self.periodic else 1
        around[-1] = max(around[-1], margin)
        self.axes = [_extent(*axis) for axis in zip(around, start.shape, problem.sides, strict=True)]
        shape = [size + 2 * cells for cells, size in zip(around, start.shape, strict=True)]
        shape[-1] += -shape[-1] % margin
        self.strides = tuple(math.prod(shape[axis + 1 :]) for axis in range(start.ndim))
        size = math.prod(shape)
        self.memory = _aligned(2, size + _apart(size, start.itemsize), start.dtype)
        self.buffers = [row[:size].reshape(shape) for row in self.memory]
        self._surround(self.buffers[0], start)
        for number, axis in enumerate(self.axes):
            for cell in axis.held:  # all others are written before they are read
                self.buffers[1].swapaxes(0, number)[cell] = self.buffers[0].swapaxes(0, number)[cell]

    def surrounded(self, field: Field) -> Field:
        """Return a new buffer with a field and all copies around it."""
        buffer: Field = np.zeros_like(self.buffers[0])
        self._surround(buffer, field)
        return buffer

    def _surround(self, buffer: Field, field: Field) -> None:
        buffer[self._cells] = field
        self._copy_beside(buffer)
        if self.periodic:
            self.copy_slabs(buffer, self.levels)
        else:
            for ghost, cell in self.axes[0].copies:
                buffer[ghost] = buffer[cell]

    def result(self) -> Field:
        """Return the field after the last step."""
        field: Field = self.buffers[self.problem.steps % 2][self._cells]
        return field

    @property
    def still(self) -> bool:
        """Whether all cells are held."""
        return any(axis.begin >= axis.end for axis in self.axes)

    @property
    def _cells(self) -> tuple[slice, ...]:
        return tuple(slice(axis.first, axis.last) for axis in self.axes)

    def chunks(self, slabs: int) -> Iterator[Chunk]:
        """Yield what to do, in order, so many slabs at once; finish each before the next is asked for."""
        begin, end = self.axes[0].begin, self.axes[0].end
        for done in range(0, self.problem.steps, self.levels):
            levels = min(self.levels, self.problem.steps - done)
            if self.periodic:
                self.copy_slabs(self.buffers[done % 2], levels)
            beyond = levels if self.periodic else 0
            for front in range(begin - beyond, end + beyond + levels, slabs):
                for level in range(levels):
                    beyond = levels - 1 - level if self.periodic else 0
                    first, last = max(begin - beyond, front - level), min(end + beyond, front - level + slabs)
                    if first < last:
                        source, target = (
                            self.buffers[(done + level) % 2],
                            self.buffers[(done + level + 1) % 2],
                        )
                        yield Chunk(source, target, first, last)

    def places(self, chunk: Chunk) -> tuple[int, int]:
        """Return where the cells of a chunk that are not held begin and end in the memory of the buffers."""
        corners = [(chunk.begin, chunk.end), *((axis.begin, axis.end) for axis in self.axes[1:])]
        first = sum(begin * stride for (begin, _), stride in zip(corners, self.strides, strict=True))
        last = sum((end - 1) * stride for (_, end), stride in zip(corners, self.strides, strict=True))
        return first, last + 1

    def copy_slabs(self, buffer: Field, count: int) -> None:
        """Put copies of slabs before and after a field whose first axis is periodic."""
        first, last = self.axes[0].first, self.axes[0].last
        reach = np.arange(count)
        buffer[first - count : first] = buffer[first:last].take(reach - count, axis=0, mode="wrap")
        buffer[last : last + count] = buffer[first:last].take(reach + last - first, axis=0, mode="wrap")

    def finish(self, chunk: Chunk) -> None:
        """Renew the copies around cells that are up to date, and the held cells beside them."""
        source, target = chunk.source[chunk.begin : chunk.end], chunk.target[chunk.begin : chunk.end]
        for axis in range(1, target.ndim):
            for cell in self.axes[axis].held:
                target.swapaxes(0, axis)[cell] = source.swapaxes(0, axis)[cell]
        self._copy_beside(target)
        for ghost, cell in self.axes[0].copies:
            if chunk.begin <= cell < chunk.end and not self.periodic:
                chunk.target[ghost] = chunk.target[cell]

    def _copy_beside(self, buffer: Field) -> None:
        """Make the copies along all axes but the first."""
        for axis in range(1, buffer.ndim):
            across = buffer.swapaxes(0, axis)
            for ghost, cell in self.axes[axis].copies:
                across[ghost] = across[cell]


def _extent(around: int, size: int, sides: tuple[Side, Side]) -> Extent:
    first, last = around, around + size
    ends = ((first - 1, first, last - 1, sides[0]), (last, last - 1, first, sides[1]))
    copies = [
        (ghost, far if side is Side.PERIODIC else near)
        for ghost, near, far, side in ends
        if side is not Side.HELD
    ]
    held = [near for _, near, _, side in ends if side is Side.HELD]
    return Extent(
        first,
        last,
        first + (sides[0] is Side.HELD),
        last - (sides[1] is Side.HELD),
        tuple(copies),
        tuple(held),
    )


def _apart(size: int, itemsize: int) -> int:
    """Return how many cells to leave after a buffer, so that no store seems to touch what is loaded next.

    Processors compare the last 12 bits of addresses first: cells of both buffers differ in the highest.
    """
    return (_PAGE // 2 - size * itemsize) % _PAGE // itemsize


def _aligned(rows: int, size: int, dtype: np.dtype[Any]) -> Field:
    memory = np.empty(rows * size + _LINE // dtype.itemsize, dtype)
    offset = -memory.ctypes.data % _LINE // dtype.itemsize
    return memory[offset : offset + rows * size].reshape(rows, size)
