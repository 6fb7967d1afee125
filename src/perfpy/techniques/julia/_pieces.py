"""Julia sets in pieces: blocks of rows, or parts of one row where a row is long work by itself."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from perfpy import executors
from perfpy._dispatch import Backend, Kernel
from perfpy.executors import Engine, Reach, Sizes

from . import JULIA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perfpy.executors import ExecutorLike
    from perfpy.executors._shared import Handle

    Axis: TypeAlias = NDArray[np.float64]
    Counts: TypeAlias = NDArray[np.int32]

#: Steps per second of each backend on one core, roughly: they bound how long a piece can last at worst.
_SPEED = {"python": 1.5e7, "numpy": 5e7, "numexpr": 1e8, "cython": 1e9, "pythran": 1e9, "numba": 1e9}
_SPEED |= {"cffi": 5e9, "c": 5e9}
_SPEED_OF_OTHERS = 1e8
_AT_WORST = 0.2  # seconds
#: Rows of two bands of the C kernel's tiles: with fewer, a piece of a fast backend is mostly overhead.
_GRAIN = 64


def julia(
    executor: ExecutorLike,
    backend: str,
    x: Axis,
    y: Axis,
    c: complex,
    max_iterations: int,
    out: Counts,
    *,
    fresh: bool,
) -> Counts:
    """Return the counts of the grid, computed by the named backend on an executor.

    They are in `out`; or, if that is `fresh` memory which nobody has seen yet, perhaps in other memory.
    """
    assert executor is not None
    engine = executors.engine(executor)
    if out.size:
        steps = _AT_WORST * _SPEED.get(backend, _SPEED_OF_OTHERS)
        tiles = _Tiles(x, y, most=int(steps) // max(1, max_iterations), engine=engine)
        problem = x, y, c, max_iterations
        if engine.reach is Reach.HOST:
            return _run_on_host(engine, tiles, JULIA.table[backend], problem, out, fresh=fresh)
        run = _run_in_memory if engine.reach is Reach.MEMORY else _run_remotely
        run(engine, tiles, JULIA.table[backend], problem, out)
    return out


class _Tile(NamedTuple):
    """A piece of the grid, and the units of work that it is."""

    rows: slice
    columns: slice
    units: range

    def __str__(self) -> str:
        return f"rows {self.rows.start} to {self.rows.stop - 1}"


class _Tiles:
    """Cut a grid into tiles of at most `most` points, sized by measured work.

    A grid that is its own image under z -> -z has the symmetry of the Julia set: only the first half of its
    rows is cut up, and `complete` copies the other half.
    """

    def __init__(self, x: Axis, y: Axis, *, most: int, engine: Engine) -> None:
        self._shape = y.size, x.size
        self._mirrored = _antisymmetric(y) and _antisymmetric(x)
        self._part = min(x.size, max(1, most))  # points of a row
        self._parts = -(-x.size // self._part)
        rows = (y.size + 1) // 2 if self._mirrored else y.size
        self._sizes = Sizes(
            rows * self._parts,
            workers=engine.workers,
            most=most // x.size if self._parts == 1 else 1,
            longest=engine.longest,
            shortest=engine.shortest,
            grain=_GRAIN,
        )

    def __iter__(self) -> Iterator[_Tile]:
        for units in self._sizes:
            row, part = divmod(units.start, self._parts)
            first = part * self._part
            columns = slice(first, min(first + self._part, self._shape[1]))
            yield _Tile(slice(row, row + -(-len(units) // self._parts)), columns, units)

    def measured(self, tile: _Tile, seconds: float) -> None:
        """Take in how long a tile took."""
        self._sizes.measured(tile.units, seconds)

    def complete(self, tile: _Tile, out: Counts) -> None:
        """Copy a tile that is done to where the symmetry puts it."""
        if self._mirrored:
            height, width = self._shape
            rows = slice(height - tile.rows.stop, height - tile.rows.start)
            columns = slice(width - tile.columns.stop, width - tile.columns.start)
            out[rows, columns] = out[tile.rows, tile.columns][::-1, ::-1]


def _antisymmetric(axis: Axis) -> bool:
    return bool((axis == -axis[::-1]).all())


_Problem: TypeAlias = "tuple[Axis, Axis, complex, int]"


def _compute(kernel: Kernel, tile: _Tile, problem: _Problem, out: Counts) -> float:
    """Fill a tile of `out` and return how many seconds it took."""
    x, y, c, max_iterations = problem
    started = perf_counter()
    x, y = x[tile.columns], y[tile.rows]
    # A part of one row is contiguous, and its strides must say so to every tool.
    part = out[tile.rows, tile.columns].reshape(y.size, x.size)
    kernel(x, y, c, max_iterations, part)
    return perf_counter() - started


def _run_in_memory(engine: Engine, tiles: _Tiles, backend: Backend, problem: _Problem, out: Counts) -> None:
    """Let threads write into `out`."""
    executors.run(engine, _fill, (JULIA[backend.name], tiles, problem, out), tiles, tiles.measured)


def _fill(tile: _Tile, kernel: Kernel, tiles: _Tiles, problem: _Problem, out: Counts) -> float:
    seconds = _compute(kernel, tile, problem, out)
    tiles.complete(tile, out)
    return seconds


def _run_on_host(
    engine: Engine, tiles: _Tiles, backend: Backend, problem: _Problem, out: Counts, *, fresh: bool
) -> Counts:
    """Let processes write into shared memory, and make that the result where `out` is `fresh`."""
    _check_sendable(backend)
    x, y, c, max_iterations = problem
    block = executors.SharedArrays(tuple((array.dtype.str, array.shape) for array in (x, y, out)))
    try:
        block[0][:], block[1][:] = x, y

        def combine(tile: _Tile, seconds: float) -> None:
            tiles.complete(tile, block[2])
            tiles.measured(tile, seconds)

        executors.run(engine, _fill_shared, (block.handle, backend.target, c, max_iterations), tiles, combine)
        kept = block.keep(2) if fresh else None
        if kept is not None:
            return kept
        out[...] = block[2]
        return out
    finally:
        block.close()


def _fill_shared(tile: _Tile, handle: Handle, target: str | Kernel, c: complex, max_iterations: int) -> float:
    return float(executors.call_with_arrays(handle, _fill_arrays, tile, target, c, max_iterations))


def _fill_arrays(
    x: Axis, y: Axis, out: Counts, tile: _Tile, target: str | Kernel, c: complex, max_iterations: int
) -> float:
    return _compute(Backend("", target).load(), tile, (x, y, c, max_iterations), out)


def _check_sendable(backend: Backend) -> None:
    try:
        pickle.dumps(backend.target)
    except Exception as error:
        raise TypeError(
            f"backend {backend.name!r} of 'julia' cannot be sent to worker processes: {error}; "
            "define its function at the top level of a module, or use executor='threads'"
        ) from error


def _run_remotely(engine: Engine, tiles: _Tiles, backend: Backend, problem: _Problem, out: Counts) -> None:
    """Send the rows of each tile, and to each worker the columns of all, and receive its counts."""
    x, y, c, max_iterations = problem

    def combine(piece: _Sent, result: tuple[float, Counts]) -> None:
        seconds, counts = result
        out[piece.tile.rows, piece.tile.columns] = counts
        tiles.complete(piece.tile, out)
        tiles.measured(piece.tile, seconds)

    pieces = (_Sent(tile, y[tile.rows]) for tile in tiles)
    arguments = backend.target, c, max_iterations, executors.Sent(x)
    executors.run(engine, _counts, arguments, pieces, combine)


class _Sent(NamedTuple):
    """A tile with the coordinates of its rows."""

    tile: _Tile
    y: Axis

    def __str__(self) -> str:
        return str(self.tile)


def _counts(
    piece: _Sent, target: str | Kernel, c: complex, max_iterations: int, x: Axis
) -> tuple[float, Counts]:
    x = x[piece.tile.columns]
    counts = np.empty((piece.y.size, x.size), np.int32)
    whole = _Tile(slice(0, piece.y.size), slice(0, x.size), range(1))
    return _compute(Backend("", target).load(), whole, (x, piece.y, c, max_iterations), counts), counts


executors.sendable(_counts, kernel=1)
executors.sendable_record(_Tile, slice, slice, range)
executors.sendable_record(_Sent, _Tile, np.ndarray)
