"""Julia sets: how many steps a point takes to escape under z -> z*z + c."""

from __future__ import annotations

import operator
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from perfpy._dispatch import Backend, Technique, Traits

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from perfpy.executors import ExecutorLike

_HERE = "perfpy.techniques.julia"
_EXT = "perfpy._ext.julia"


def _compiled(note: str) -> Traits:
    return Traits(releases_gil=True, interruptible=True, note=note)


JULIA = Technique(
    "julia",
    (
        Backend("python", f"{_HERE}._python:julia", traits=Traits(interruptible=True, note="the definition")),
        Backend(
            "numpy",
            f"{_HERE}._numpy:julia",
            package="numpy",
            traits=Traits(interruptible=True, note="live points compressed"),
        ),
        Backend(
            "numexpr",
            f"{_HERE}._numexpr:julia",
            package="numexpr",
            extra="numexpr",
            traits=_compiled("live points, eight steps in one expression"),
        ),
        Backend(
            "numba",
            f"{_HERE}._numba:julia",
            package="numba",
            extra="numba",
            traits=_compiled("batches that LLVM vectorises"),
        ),
        Backend(
            "cython",
            f"{_HERE}._cython:julia",
            extension=f"{_EXT}._cython",
            traits=_compiled("batches that the C compiler vectorises"),
        ),
        Backend(
            "pythran",
            f"{_HERE}._pythran:julia",
            extension=f"{_EXT}._pythran",
            traits=_compiled("batches that the C++ compiler vectorises"),
        ),
        Backend(
            "cffi",
            f"{_HERE}._cffi:julia",
            extension=f"{_EXT}._cffi",
            traits=_compiled("SIMD kernel that proves tiles"),
        ),
        Backend(
            "c",
            f"{_HERE}._c:julia",
            extension=f"{_EXT}._c",
            traits=_compiled("SIMD kernel that proves tiles"),
        ),
    ),
    auto=("c", "cffi", "cython", "numba", "pythran", "numpy"),
)

_HALF_WIDTH = 1.8  # of the square that an integer `x` or `y` spans
_LARGEST_COUNT = 2**31 - 1
_MOST_POINTS = sys.maxsize // 8  # of an axis, whose coordinates take eight bytes each


def julia(
    x: ArrayLike | int | None = None,
    y: ArrayLike | int | None = None,
    *,
    c: complex = -0.62772 - 0.42193j,
    max_iterations: int = 300,
    backend: str = "auto",
    executor: ExecutorLike = None,
    out: NDArray[np.int32] | None = None,
) -> NDArray[np.int32]:
    """Count the steps until each point of a grid escapes under z -> z*z + c.

    The count of a point is the number of updates done while abs(z) < 2, at most `max_iterations`; a point
    that starts at abs(z) >= 2, at infinity or at NaN has count 0. Points whose count reaches
    `max_iterations` are taken to belong to the filled Julia set of c.

    Parameters
    ----------
    x, y : 1-D array_like of real numbers, or int, default: 1000
        Coordinates of the columns and of the rows, in any order; taken as float64. An integer n stands for n
        points k = 0 .. n-1 across the square of side 3.6 around 0: ``x = -1.8 + k*3.6/n`` and
        ``y = 1.8 - k*3.6/n``, so that the first row is on top.
    c : complex, default: -0.62772-0.42193j
        The constant that is added in each step.
    max_iterations : int, default: 300
        Largest count, 0 to 2147483647.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All give the same counts, bit for bit.
    executor : None, str or concurrent.futures.Executor, optional
        Where it runs: in this thread (None), on ``"threads"``, ``"processes"``, ``"threads:4"``, or on any
        executor with a ``submit`` method. Rows are handed out in pieces of equal work.
    out : int32 array of shape (len(y), len(x)), optional
        Where the counts go; a new array if left out.

    Returns
    -------
    int32 array of shape (len(y), len(x))
        The counts; `out` itself where it was given.

    Raises
    ------
    ValueError
        If an axis is not 1-D, a number is out of range, `out` does not fit, or there is no such backend.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.backends : What is available here.
    perfpy.compare : What each backend costs on this machine.

    Notes
    -----
    The work is at most ``len(x) * len(y) * max_iterations`` steps, which every backend but ``"c"`` and
    ``"cffi"`` does. These prove for most points, by disc arithmetic over tiles of the grid and by a
    trapping disc around the attracting cycle, what their count is without iterating them. Memory is that of
    the result.

    The problem is the running example of [1]_; the mathematics is in [2]_.

    References
    ----------
    .. [1] M. Gorelick, I. Ozsvald, "High Performance Python", 3rd ed., O'Reilly, 2025, chapter 2.
    .. [2] J. Milnor, "Dynamics in One Complex Variable", 3rd ed., Princeton University Press, 2006.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.julia([-2.0, -1.2, 0.0, 1.2], [0.0], max_iterations=20)
    array([[ 0,  4, 20,  4]], dtype=int32)

    The counts of the book's picture, on two threads:

    >>> counts = perfpy.julia(1000, 1000, executor="threads:2")
    >>> counts.shape
    (1000, 1000)
    """
    kernel = JULIA[backend]
    columns = _axis("x", x, -_HALF_WIDTH, 1.0)
    rows = _axis("y", y, _HALF_WIDTH, -1.0)
    constant = _constant(c)
    limit = _limit(max_iterations)
    counts = _result(out, rows, columns)
    if executor is not None:
        from . import _pieces

        counts = _pieces.julia(
            executor, JULIA.resolve(backend), columns, rows, constant, limit, counts, fresh=out is None
        )
    elif counts.size:
        kernel(columns, rows, constant, limit, counts)
    if out is None or counts is out:
        return counts
    out[...] = counts
    return out


def _axis(name: str, values: Any, start: float, direction: float) -> NDArray[np.float64]:
    """Return the coordinates of an axis as a contiguous float64 array."""
    if values is None:
        values = 1000
    if isinstance(values, (int, np.integer)) and not isinstance(values, bool):
        count = operator.index(values)
        if not 0 <= count <= _MOST_POINTS:
            raise ValueError(
                f"{name} must be a number of points from 0 to {_MOST_POINTS} or an array of coordinates, "
                f"not {count}"
            )
        return start + direction * (np.arange(count) * (2 * _HALF_WIDTH) / max(count, 1))
    if np.ma.is_masked(values):
        raise ValueError(f"{name} must have no masked coordinates ({_short(values)}); fill or remove them")
    array = np.asarray(values)
    if array.dtype.kind not in "fiu" and array.size:
        raise TypeError(
            f"{name} must hold real numbers, not {array.dtype} ({_short(values)}); convert it to float64"
        )
    if array.ndim != 1:
        raise ValueError(
            f"{name} must be a 1-D array or an integer, not {array.ndim}-D of shape {array.shape}"
        )
    array = np.ascontiguousarray(array, dtype=np.float64)
    return array if array.flags.aligned else array.copy()


def _constant(c: Any) -> complex:
    if isinstance(c, str) or not (hasattr(c, "__complex__") or hasattr(c, "__float__")):
        raise TypeError(f"c must be a complex number, not {type(c).__name__}: {_short(c)}")
    try:
        return complex(c)
    except TypeError:
        raise TypeError(f"c must be a single complex number, not {type(c).__name__}: {_short(c)}") from None
    except OverflowError:
        raise ValueError(f"c must be within the range of float64, not {_short(c)}") from None


def _limit(max_iterations: Any) -> int:
    try:
        limit = operator.index(max_iterations)
    except TypeError:
        raise TypeError(
            f"max_iterations must be an int, not {type(max_iterations).__name__}: {_short(max_iterations)}"
        ) from None
    if not 0 <= limit <= _LARGEST_COUNT:
        raise ValueError(f"max_iterations must be from 0 to {_LARGEST_COUNT}, not {limit}")
    return limit


def _result(out: Any, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the C-contiguous array to fill: `out` itself where that is possible, else a new one."""
    shape = (rows.size, columns.size)
    if out is None:
        return np.empty(shape, np.int32)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an int32 array, not {type(out).__name__}: {_short(out)}")
    if out.dtype != np.int32:
        raise TypeError(f"out must have dtype int32 in native byte order, not {out.dtype!r}")
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}, (len(y), len(x)), not {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, but it is read-only; pass a copy")
    direct = out.flags.c_contiguous and out.flags.aligned
    overlaps = np.may_share_memory(out, columns) or np.may_share_memory(out, rows)
    return out if direct and not overlaps else np.empty(shape, np.int32)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
