"""Several steps fused into one expression, on the points that have not escaped yet.

NumExpr runs an expression over pieces of the arrays that stay in the nearest cache and needs no whole-
array temporaries. It knows complex numbers and finds common parts of an expression, so z -> z*z + c
written out for eight steps is sixteen operations in one call. For ``abs(c) < 1.99`` an escaped orbit
never comes back: a point inside after the eight steps was inside all along, and only the others are run
again step by step for their exact count.

Arrays are handed over in chunks for which NumExpr stays in the calling thread. Its pool belongs to the
process, and changing its size is not safe while another thread computes; threads come from ``executor=``
alone.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numexpr import NumExpr, interpreter

if TYPE_CHECKING:
    from numpy.typing import NDArray

# |z| < 2 is decided by x*x + y*y away from 4 and by hypot, as Python's abs does it, this close to it.
_INSIDE, _OUTSIDE = 4 - 1e-13, 4 + 1e-13
# Where c*c is less, |z| >= 2 - 1e-13 gives |z*z + c| > 4 - 1e-12 - 1.99 > 2, and so for ever.
_NO_RETURN = 1.99**2

_POINTS = 1 << 16  # in a block
_EARLY = 8  # steps that are tested one by one, because most points escape in them
_FUSED = 8
_CHUNK = 2 * interpreter.__BLOCK_SIZE1__ - 1  # from twice its block size on, NumExpr uses its threads


class _Expressions(threading.local):
    """The compiled expressions of a thread; their working memory must not be shared."""

    def __init__(self) -> None:
        signature = [("z", complex), ("c", complex)]
        fused = "z"
        for _ in range(_FUSED):
            fused = f"({fused}*{fused}+c)"
        self.step = NumExpr("z*z+c", signature)
        self.steps = NumExpr(fused, signature)
        self.norm = NumExpr("real(z)*real(z)+imag(z)*imag(z)", signature[:1])


_EXPRESSIONS = _Expressions()

# A compiler for arm64 may fuse multiplications and additions in NumExpr's own code: other roundings.
_probe = complex(1 + 2.0**-30, 1 + 2.0**-29)
if complex(
    _EXPRESSIONS.norm(np.array([_probe]), ex_uses_vml=False)[0]
) != _probe.real**2 + _probe.imag**2 or (
    complex(_EXPRESSIONS.step(np.array([_probe]), np.array(0j), ex_uses_vml=False)[0]) != _probe * _probe
):
    raise ImportError("this build of NumExpr fuses multiplications and additions, so its counts would differ")


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    counts = np.asarray(out).reshape(-1)
    rows = max(1, _POINTS // x.size)
    columns = x.size if rows > 1 else _POINTS
    for first_row in range(0, y.size, rows):
        for first in range(0, x.size, columns):
            z = np.empty((min(rows, y.size - first_row), min(columns, x.size - first)), complex)
            z.real, z.imag = x[first : first + columns], y[first_row : first_row + rows, None]
            places = np.arange(z.size) + (first_row * x.size + first)
            _block(z.reshape(-1), places, c, max_iterations, counts)


def _block(
    z: NDArray[np.complex128],
    places: NDArray[np.intp],
    c: complex,
    max_iterations: int,
    counts: NDArray[np.int32],
) -> None:
    stays_out = c.real * c.real + c.imag * c.imag < _NO_RETURN
    early = min(_EARLY, max_iterations) if stays_out else max_iterations
    z, places = _tested(z, places, c, 0, early, counts)
    n = early
    while n < max_iterations and z.size:
        steps = min(_FUSED, max_iterations - n)
        if steps < _FUSED:
            z, places = _tested(z, places, c, n, steps, counts)
        else:
            z, places = _fused(z, places, c, n, counts)
        n += steps
    counts[places] = max_iterations


def _fused(
    z: NDArray[np.complex128],
    places: NDArray[np.intp],
    c: complex,
    n: int,
    counts: NDArray[np.int32],
) -> tuple[NDArray[np.complex128], NDArray[np.intp]]:
    """Do as `_tested`, in one expression, for as many steps as that has."""
    ends = _evaluate(_EXPRESSIONS.steps, z, c)
    inside = _evaluate(_EXPRESSIONS.norm, ends) < _INSIDE
    if inside.all():
        return ends, places
    outside = ~inside
    late, late_places = _tested(z[outside], places[outside], c, n, _FUSED, counts)
    return np.concatenate((ends[inside], late)), np.concatenate((places[inside], late_places))


def _tested(
    z: NDArray[np.complex128],
    places: NDArray[np.intp],
    c: complex,
    n: int,
    steps: int,
    counts: NDArray[np.int32],
) -> tuple[NDArray[np.complex128], NDArray[np.intp]]:
    """Do some steps from step `n` on; write the counts of the points that escape and return the others."""
    for done in range(n, n + steps):
        norm = _evaluate(_EXPRESSIONS.norm, z)
        inside = norm < _INSIDE
        if not inside.all():
            doubtful = np.flatnonzero((norm >= _INSIDE) & (norm <= _OUTSIDE))
            if doubtful.size:
                inside[doubtful] = np.hypot(z.real[doubtful], z.imag[doubtful]) < 2
            counts[places[~inside]] = done
            z, places = z[inside], places[inside]
            if z.size == 0:
                break
        z = _evaluate(_EXPRESSIONS.step, z, c)
    return z, places


def _evaluate(expression: NumExpr, z: NDArray[np.complex128], *constant: complex) -> Any:
    """Run an expression chunk by chunk in this thread."""
    out = np.empty(z.size, complex if constant else float)
    operands = [np.array(value) for value in constant]
    for first in range(0, z.size, _CHUNK):
        chunk = slice(first, first + _CHUNK)
        expression(z[chunk], *operands, out=out[chunk], order="K", casting="no", ex_uses_vml=False)
    return out
