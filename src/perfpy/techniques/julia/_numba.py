"""Batches of points that LLVM turns into SIMD instructions, compressed to those that have not escaped.

A loop over one point at a time is a chain of dependent operations: the processor waits for each of them.
Here the inner loop runs over a batch of points, all at the same step, so LLVM computes several in one
instruction and keeps several instructions in flight. Three more ideas:

- Escaped points are squeezed out of the batch between rounds of steps, so that none is computed for long.
- The first rounds are short and test every step, because most points escape early. For ``abs(c) < 1.99``
  later rounds are long and test only their end: an escaped orbit never comes back, so a point inside at
  the end was inside all along. The few that left are run once more with tests, for the exact count.
- Work is done in slices of some milliseconds. What a slice leaves unfinished is kept in arrays, and
  Python runs its signal handlers between slices, so Ctrl-C stops even one point with 2**31 - 1 steps.

The arithmetic is that of Python's complex numbers, operation by operation: ``(real + real) * imag`` would be
another number where the product is subnormal. Numba contracts nothing to
fused multiply-adds unless ``fastmath`` is on, which stays off.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# |z| < 2 is decided by x*x + y*y away from 4 and by hypot, as Python's abs does it, this close to it.
_INSIDE, _OUTSIDE = 4 - 1e-13, 4 + 1e-13
# Where c*c is less, |z| >= 2 - 1e-13 gives |z*z + c| > 4 - 1e-12 - 1.99 > 2, and so for ever.
_NO_RETURN = 1.99**2

_BATCH = 2048  # points; the arrays of a batch stay in the nearest caches
_SHORT, _LONG = 4, 16  # steps of a round that tests each, and of one that tests its end
_EARLY = 16  # steps before the first long round
_SLICE = 1 << 23  # steps of points between two looks at signals: some milliseconds
_SMALLEST = 64  # points that a round costs at least, in time


def _compile(function: Callable[..., Any]) -> Any:
    """Compile with Numba, the machine code kept on disk where Numba finds a place for it.

    Compiling takes seconds and loading milliseconds. Numba keys its files by processor and
    source, so they are never run elsewhere.
    """
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # no directory that can be written
        return numba.njit(nogil=True, error_model="numpy")(function)


def _tested(steps: int) -> Any:
    """Make the round of that many steps which counts those done inside; constant, so that it is unrolled."""

    @_compile
    def run(points, ends, counts, last, size, c_real, c_imag):  # type: ignore[no-untyped-def]
        doubtful = 0
        for k in range(size):
            real, imag = points[0, k], points[1, k]
            inside, count, norm_there = 1.0, 0.0, 0.0
            for _ in range(steps):
                real_squared, imag_squared = real * real, imag * imag
                norm = real_squared + imag_squared
                norm_there = norm if inside > 0.0 else norm_there  # stays as it was at the exit
                inside = inside if norm < _INSIDE else 0.0
                count += inside
                imag = real * imag
                imag = imag + imag + c_imag
                real = real_squared - imag_squared + c_real
            ends[0, k], ends[1, k] = real, imag
            counts[k], last[k] = count, norm_there
            doubtful += 1 if (norm_there >= _INSIDE) & (norm_there <= _OUTSIDE) else 0
        return doubtful

    return run


_tested_short, _tested_long = _tested(_SHORT), _tested(_LONG)


@_compile
def _untested_long(points, ends, last, size, c_real, c_imag):  # type: ignore[no-untyped-def]
    """Advance by a long round; return how many points are inside at its end."""
    inside = 0
    for k in range(size):
        real, imag = points[0, k], points[1, k]
        for _ in range(_LONG):
            real_squared, imag_squared = real * real, imag * imag
            imag = real * imag
            imag = imag + imag + c_imag
            real = real_squared - imag_squared + c_real
        ends[0, k], ends[1, k] = real, imag
        norm = real * real + imag * imag
        last[k] = norm
        inside += 1 if norm < _INSIDE else 0
    return inside


@_compile
def _settle(points, ends, counts, last, size, steps, c_real, c_imag):  # type: ignore[no-untyped-def]
    """Run the points of a tested round again that came too close to |z| = 2 for x*x + y*y."""
    for k in range(size):
        if last[k] >= _INSIDE and last[k] <= _OUTSIDE:
            real, imag, count = points[0, k], points[1, k], 0
            while count < steps and math.hypot(real, imag) < 2.0:
                real, imag = real * real - imag * imag + c_real, real * imag + imag * real + c_imag
                count += 1
            ends[0, k], ends[1, k], counts[k] = real, imag, count


@_compile
def _keep(points, places, live, ends, ended, counts, size, steps, n, limit, out):  # type: ignore[no-untyped-def]
    """Write the counts after a tested round and append the points still inside; return how many are live."""
    for k in range(size):
        place = ended[k]
        out[place] = min(n + np.int64(counts[k]), limit)  # not final for points that go on
        points[0, live], points[1, live], places[live] = ends[0, k], ends[1, k], place
        live += 1 if counts[k] == steps else 0
    return live


@_compile
def _part(points, places, ends, last, size, left, left_places):  # type: ignore[no-untyped-def]
    """Part a batch after an untested round: the points inside advance, the others' starts go to `left`."""
    live = 0
    for k in range(size):
        gone = k - live
        left[0, gone], left[1, gone], left_places[gone] = points[0, k], points[1, k], places[k]
        points[0, live], points[1, live], places[live] = ends[0, k], ends[1, k], places[k]
        live += 1 if last[k] < _INSIDE else 0
    return live


@_compile
def _load(x, y, first, size, points, places):  # type: ignore[no-untyped-def]
    """Fill a batch with the points of the grid from number `first` on, row by row."""
    row, column = first // x.size, first % x.size
    k = 0
    while k < size:
        run = min(x.size - column, size - k)
        for i in range(run):
            points[0, k + i], points[1, k + i], places[k + i] = x[column + i], y[row], first + k + i
        k += run
        column = 0
        row += 1


@_compile
def _advance(x, y, c_real, c_imag, limit, out, lanes, numbers, state):  # type: ignore[no-untyped-def]
    """Work for a slice; return whether all is done. `state` is the next point, live points, their step."""
    points, ends, left, counts, last = lanes[0:2], lanes[2:4], lanes[4:6], lanes[6], lanes[7]
    places, left_places = numbers[0], numbers[1]
    first, live, n = state
    early = _EARLY if c_real * c_real + c_imag * c_imag < _NO_RETURN else limit
    budget = _SLICE
    while budget > 0:
        if live == 0 or n >= limit:
            for k in range(live):
                out[places[k]] = limit
            live = min(places.size - 1, out.size - first)
            if live == 0:
                return True
            _load(x, y, first, live, points, places)
            first, n = first + live, 0
        elif n < early:
            if _tested_short(points, ends, counts, last, live, c_real, c_imag):
                _settle(points, ends, counts, last, live, _SHORT, c_real, c_imag)
            budget -= max(live, _SMALLEST) * _SHORT
            live = _keep(points, places, 0, ends, places, counts, live, _SHORT, n, limit, out)
            n += _SHORT
        else:
            inside = _untested_long(points, ends, last, live, c_real, c_imag)
            budget -= max(live, _SMALLEST) * _LONG
            if inside == live:
                points, ends = ends, points
            else:
                gone = live - inside
                live = _part(points, places, ends, last, live, left, left_places)
                if _tested_long(left, ends, counts, last, gone, c_real, c_imag):
                    _settle(left, ends, counts, last, gone, _LONG, c_real, c_imag)
                live = _keep(points, places, live, ends, left_places, counts, gone, _LONG, n, limit, out)
            n += _LONG
    lanes[0:2, :live] = points[:, :live].copy()  # they may have changed places with the ends
    state[0], state[1], state[2] = first, live, n
    return False


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    size = min(_BATCH, out.size) + 1  # compressing writes one place too far
    lanes, numbers = np.empty((8, size)), np.empty((2, size), np.int64)
    state = np.zeros(3, np.int64)
    # Read-only arrays and subclasses are other types to Numba: they would be compiled for anew.
    x, y = (axis if axis.flags.writeable else axis.copy() for axis in (x, y))
    counts = np.asarray(out).reshape(-1)
    while not _advance(x, y, c.real, c.imag, max_iterations, counts, lanes, numbers, state):
        pass
