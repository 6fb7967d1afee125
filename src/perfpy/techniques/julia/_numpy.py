"""Whole-array arithmetic on the points that have not escaped yet.

Masking the full grid would touch every point in every step; compressing the arrays to the live points
makes a step as cheap as there are points left. A block of the grid at a time keeps the arrays in cache,
and results written into existing arrays save the time to allocate them. For ``abs(c) < 1.99`` an escaped
orbit never comes back, so several steps go untested: a point inside after them was inside all along, and
only the others are run again step by step.

Real and imaginary parts are arrays of their own: numpy's complex product fuses multiplication and
addition where the processor can, which rounds otherwise than Python's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# |z| < 2 is decided by x*x + y*y away from 4 and by hypot, as Python's abs does it, this close to it.
_INSIDE, _OUTSIDE = 4 - 1e-13, 4 + 1e-13
# Where c*c is less, |z| >= 2 - 1e-13 gives |z*z + c| > 4 - 1e-12 - 1.99 > 2, and so for ever.
_NO_RETURN = 1.99**2

_POINTS = 1 << 16  # in a block
_EARLY = 4  # steps that are tested one by one, because most points escape in them
_UNTESTED = 16  # steps between two tests later


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    counts = np.asarray(out).reshape(-1)
    rows = max(1, _POINTS // x.size)
    columns = x.size if rows > 1 else _POINTS
    with np.errstate(all="ignore"):
        for first_row in range(0, y.size, rows):
            for first in range(0, x.size, columns):
                real, imag = np.meshgrid(x[first : first + columns], y[first_row : first_row + rows])
                places = np.arange(real.size) + (first_row * x.size + first)
                _block(np.stack((real.reshape(-1), imag.reshape(-1))), places, c, max_iterations, counts)


def _block(
    z: NDArray[np.float64],
    places: NDArray[np.intp],
    c: complex,
    max_iterations: int,
    counts: NDArray[np.int32],
) -> None:
    stays_out = c.real * c.real + c.imag * c.imag < _NO_RETURN
    n = min(_EARLY, max_iterations) if stays_out else max_iterations
    z, places = _tested(z, places, c, 0, n, counts)
    while n < max_iterations and places.size:
        steps = min(_UNTESTED, max_iterations - n)
        ends, work = z.copy(), np.empty_like(z)
        for _ in range(steps):
            _step(ends, work, c)
        inside = _norm(ends, work) < _INSIDE
        if inside.all():
            z = ends
        else:
            left, stay = np.flatnonzero(~inside), np.flatnonzero(inside)
            late, late_places = _tested(z.take(left, axis=1), places.take(left), c, n, steps, counts)
            z = np.concatenate((ends.take(stay, axis=1), late), axis=1)
            places = np.concatenate((places.take(stay), late_places))
        n += steps
    counts[places] = max_iterations


def _tested(
    z: NDArray[np.float64],
    places: NDArray[np.intp],
    c: complex,
    n: int,
    steps: int,
    counts: NDArray[np.int32],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Do some steps from step `n` on; write the counts of the points that escape and return the others."""
    work = np.empty_like(z)
    for done in range(n, n + steps):
        norm = _norm(z, work)
        inside = norm < _INSIDE
        if not inside.all():
            doubtful = np.flatnonzero((norm >= _INSIDE) & (norm <= _OUTSIDE))
            if doubtful.size:
                inside[doubtful] = np.hypot(z[0, doubtful], z[1, doubtful]) < 2
            counts[places[~inside]] = done
            stay = np.flatnonzero(inside)
            z, places = z.take(stay, axis=1), places.take(stay)
            if places.size == 0:
                break
            work = np.empty_like(z)
        _step(z, work, c)
    return z, places


def _step(z: NDArray[np.float64], work: NDArray[np.float64], c: complex) -> None:
    """Replace z by z*z + c, with the roundings of Python's complex numbers."""
    (real, imag), (real_squared, imag_squared) = z, work
    np.multiply(z, z, out=work)
    imag *= real
    imag += imag  # x*y + y*x
    imag += c.imag
    np.subtract(real_squared, imag_squared, out=real)
    real += c.real


def _norm(z: NDArray[np.float64], work: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x*x + y*y, in one row of the work space."""
    np.multiply(z, z, out=work)
    norm: NDArray[np.float64] = np.add(work[0], work[1], out=work[0])
    return norm
