"""The arguments of `diffuse`: checked once, and brought into the one form that backends take."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from perfpy._memory import aligned_empty

from ._problem import Field, Method, Problem, Side

_METHODS: tuple[Method, ...] = ("auto", "explicit", "spectral", "implicit")
_SIDES = {"periodic": Side.PERIODIC, "dirichlet": Side.HELD, "neumann": Side.REFLECTING}
_MOST_STEPS = 2**63 - 1
_MOST_DIMENSIONS = 3
#: Of a step's size, relative: a step that is meant to be just stable may be rounded to more.
_SLACK = 1e-9
#: Of the field's scale: what rounding may add to the mean in an implicit step.
_MOST_ROUNDING = 1e-3


class Boundary(NamedTuple):
    """What is at the sides of a field.

    Attributes
    ----------
    sides : tuple of pairs of Side
        Of each axis.
    values : tuple of (axis, end, value)
        The sides whose cells are given a value; `end` is 0 or -1, the index along the axis.
    """

    sides: tuple[tuple[Side, Side], ...]
    values: tuple[tuple[int, int, float], ...]


def field_argument(field: Any) -> Field:
    """Return the field as an aligned C-contiguous array of float64 or float32 with 1 to 3 dimensions."""
    array = real_array("field", field)
    if not 1 <= array.ndim <= _MOST_DIMENSIONS:
        raise ValueError(f"field must be 1-D, 2-D or 3-D, not {array.ndim}-D of shape {array.shape}")
    kept = array.dtype.kind == "f" and array.dtype.itemsize <= 4
    return plain(array, np.dtype(np.float32 if kept else np.float64))


def real_array(name: str, values: Any) -> np.ndarray[Any, Any]:
    """Return an array of numbers that are real, and none of them masked."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} must have no masked elements ({short(values)}); fill them")
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name} must be an array of numbers, not {short(values)}: {error}") from None
    if array.dtype.kind not in "fiub" and array.size:
        raise TypeError(
            f"{name} must hold real numbers, not {array.dtype} ({short(values)}); convert it to float64"
        )
    return array


def plain(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> Field:
    """Return the array itself where a kernel can take it, else a copy that it can."""
    array = np.ascontiguousarray(array, dtype=dtype)
    return array if array.flags.aligned else array.copy()


def steps_argument(steps: Any) -> int:
    """Return a number of steps."""
    try:
        count = operator.index(steps)
    except TypeError:
        raise TypeError(f"steps must be an int, not {type(steps).__name__}: {short(steps)}") from None
    if not 0 <= count <= _MOST_STEPS:
        raise ValueError(f"steps must be from 0 to {_MOST_STEPS}, not {count}")
    return count


def every_argument(every: Any) -> int:
    """Return after how many steps a field is given out."""
    try:
        count = operator.index(every)
    except TypeError:
        raise TypeError(f"every must be an int, not {type(every).__name__}: {short(every)}") from None
    if count < 1:
        raise ValueError(f"every must be 1 or more, not {count}")
    return count


def method_argument(method: Any) -> Method:
    """Return the name of a method."""
    for known in _METHODS:
        if isinstance(method, str) and method == known:
            return known
    kind = ValueError if isinstance(method, str) else TypeError
    raise kind(f"method must be one of {', '.join(map(repr, _METHODS))}, not {short(method)}")


def number_argument(name: str, value: Any, *, positive: bool = False) -> float:
    """Return a finite number that is not negative, or is positive."""
    if isinstance(value, (str, bytes)) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"{name} must be a real number, not {type(value).__name__}: {short(value)}")
    try:
        number = float(value)
    except TypeError:
        raise TypeError(f"{name} must be a single real number, not {short(value)}") from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < 0 or (positive and number == 0):
        expected = "positive" if positive else "0 or more"
        raise ValueError(f"{name} must be finite and {expected}, not {short(value)}")
    return number


def diffusivity_argument(diffusivity: Any, field: Field) -> float | Field:
    """Return one diffusivity, or that of each cell in the dtype of the field."""
    if _is_single(diffusivity):
        return number_argument("diffusivity", diffusivity)
    array = real_array("diffusivity", diffusivity)
    if array.shape != field.shape:
        raise ValueError(
            f"diffusivity must be a number or an array of the field's shape {field.shape}, not {array.shape}"
        )
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError(f"diffusivity must be finite and 0 or more everywhere ({short(diffusivity)})")
    return plain(array, field.dtype)


def _is_single(value: Any) -> bool:
    """Tell whether this is not a sequence or an array of something."""
    return isinstance(value, (str, bytes)) or not (
        hasattr(value, "__len__") and getattr(value, "ndim", 1) != 0
    )


def spacing_argument(spacing: Any, dimensions: int) -> tuple[float, ...]:
    """Return the distance of neighbouring cells along each axis."""
    if _is_single(spacing):
        return (number_argument("spacing", spacing, positive=True),) * dimensions
    if len(spacing) != dimensions:
        raise ValueError(
            f"spacing must be a number or one for each of {dimensions} axes, not {short(spacing)}"
        )
    return tuple(number_argument(f"spacing[{i}]", item, positive=True) for i, item in enumerate(spacing))


def problem(
    field: Any, steps: Any, diffusivity: Any, dt: Any, spacing: Any, boundary: Any, method: Any
) -> Problem:
    """Check the arguments of a call and bring them into the form that backends take."""
    start = field_argument(field)
    count = steps_argument(steps)
    chosen = method_argument(method)
    coefficient = diffusivity_argument(diffusivity, start)
    of_cells = None if isinstance(coefficient, float) else coefficient
    if of_cells is not None and chosen not in ("explicit", "auto"):
        raise ValueError(f"diffusivity must be a number for method={chosen!r}; use method='explicit'")
    duration = number_argument("dt", dt)
    spacings = spacing_argument(spacing, start.ndim)
    edges = boundary_argument(boundary, start.ndim)
    largest = coefficient if isinstance(coefficient, float) else float(np.max(coefficient, initial=0.0))
    if chosen != "implicit":
        _check_stable(largest, duration, spacings, "" if of_cells is not None else ", or method='implicit'")
    if chosen in ("spectral", "implicit") and not np.isfinite(start).all():
        raise ValueError(f"field must be finite for method={chosen!r}; use method='explicit'")
    weights = _weights(1.0 if of_cells is not None else largest, duration, spacings, start.dtype)
    if chosen == "implicit":
        _check_accurate(start, weights, edges, duration)
    return Problem(
        start=_with_values(start, edges),
        steps=count,
        weights=weights,
        sides=edges.sides,
        method=chosen,
        diffusivity=of_cells,
    )


def _check_stable(diffusivity: float, dt: float, spacings: tuple[float, ...], or_else: str) -> None:
    """Refuse explicit steps that amplify what they should smooth, and say what else can be done."""
    rate = sum(diffusivity / dx / dx for dx in spacings)
    if not dt * rate <= 0.5 * (1 + _SLACK):
        raise ValueError(
            f"dt must be at most {0.5 / rate:.6g}, not {dt:.6g}: explicit steps are unstable where "
            f"diffusivity * dt * sum(1 / spacing**2) exceeds 1/2; take smaller steps{or_else}"
        )


def _check_accurate(start: Field, weights: tuple[float, ...], edges: Boundary, dt: float) -> None:
    """Refuse implicit steps so long that rounding would decide where a field without held sides settles.

    What flows in a step is rounded relative to the weight, and nothing but a held side takes back what that
    adds to the mean.
    """
    if any(Side.HELD in pair for pair in edges.sides):
        return
    largest = max((w for w, size in zip(weights, start.shape, strict=True) if size > 1), default=0.0)
    limit = _MOST_ROUNDING / float(np.finfo(start.dtype).eps)
    if largest > limit:
        raise ValueError(
            f"dt must be at most {dt * (limit / largest):.6g}, not {dt:.6g}: where no side is held, rounding "
            f"errors of {start.dtype} grow with diffusivity * dt / spacing**2; take smaller steps"
            + (", or a field of float64" if start.dtype == np.float32 else "")
        )


def _weights(
    diffusivity: float, dt: float, spacings: tuple[float, ...], dtype: np.dtype[Any]
) -> tuple[float, ...]:
    """Return D*dt/dx**2 of each axis, rounded to the dtype."""
    largest = float(np.finfo(dtype).max)
    exact = [diffusivity * dt / dx / dx for dx in spacings]
    if not all(weight <= largest for weight in exact):
        raise ValueError(
            f"dt must be such that dt / spacing**2 is finite, not {dt:.6g} with spacing {spacings}"
        )
    return tuple(float(dtype.type(weight)) for weight in exact)


def _with_values(start: Field, edges: Boundary) -> Field:
    """Return the field with the cells of held sides at their values."""
    if not edges.values or not start.size:
        return start
    start = start.copy()
    for axis, end, value in edges.values:
        start.swapaxes(0, axis)[end] = value
    return start


def boundary_argument(boundary: Any, dimensions: int) -> Boundary:
    """Return what is at the sides of each axis.

    A condition is a name or ``("dirichlet", value)``; an axis has one for both sides, or a pair.
    """
    if _is_condition(boundary):
        axes: list[Any] = [boundary] * dimensions
    elif dimensions == 1 and _is_pair(boundary):
        axes = [boundary]
    elif isinstance(boundary, Sequence) and not isinstance(boundary, str) and len(boundary) == dimensions:
        axes = list(boundary)
    else:
        raise _bad_boundary(boundary, dimensions)
    sides, values = [], []
    for axis, item in enumerate(axes):
        if not (_is_condition(item) or _is_pair(item)):
            raise _bad_boundary(boundary, dimensions)
        pair = (item, item) if _is_condition(item) else tuple(item)
        names = [condition if isinstance(condition, str) else condition[0] for condition in pair]
        if names.count("periodic") == 1:
            raise ValueError(
                f"boundary must be periodic at both sides of an axis or at none, not {short(item)}"
            )
        sides.append((_SIDES[names[0]], _SIDES[names[1]]))
        for end, condition in zip((0, -1), pair, strict=True):
            if not isinstance(condition, str):
                values.append((axis, end, _held_value(condition[1])))
    return Boundary(tuple(sides), tuple(values))


def _is_condition(item: Any) -> bool:
    """Tell whether this is the condition of one side."""
    if isinstance(item, str):
        return item in _SIDES
    if not isinstance(item, Sequence) or len(item) != 2:
        return False
    name, value = item
    return bool(isinstance(name, str) and name == "dirichlet" and not isinstance(value, (str, Sequence)))


def _is_pair(item: Any) -> bool:
    """Tell whether these are the conditions of both sides of an axis."""
    return (
        isinstance(item, Sequence)
        and not isinstance(item, str)
        and len(item) == 2
        and all(map(_is_condition, item))
    )


def _held_value(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"boundary must hold a side at a finite number, not {short(value)}")
    return number


def _bad_boundary(boundary: Any, dimensions: int) -> Exception:
    known = isinstance(boundary, (str, Sequence))
    return (ValueError if known else TypeError)(
        "boundary must be 'periodic', 'dirichlet', 'neumann' or ('dirichlet', value), or one of them or a "
        f"pair (before the first cell, after the last) for each of {dimensions} axes, not {short(boundary)}"
    )


def new_field(start: Field) -> Field:
    """Return memory for a field like this one, whose rows a kernel may store past the caches."""
    return aligned_empty(start.shape, start.dtype)


def result_array(out: Any, problem: Problem) -> Field:
    """Return the array to fill: `out` itself where a kernel can write to it, else a new one."""
    start = problem.start
    if out is None:
        return new_field(start)
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an array of {start.dtype}, not {type(out).__name__}: {short(out)}")
    if out.dtype != start.dtype:
        raise TypeError(f"out must have dtype {start.dtype} in native byte order, not {out.dtype!r}")
    if out.shape != start.shape:
        raise ValueError(f"out must have the field's shape {start.shape}, not {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, but it is read-only; pass a copy")
    direct = out.flags.c_contiguous and out.flags.aligned
    overlaps = np.may_share_memory(out, start) or (
        problem.diffusivity is not None and np.may_share_memory(out, problem.diffusivity)
    )
    return out if direct and not overlaps else new_field(start)


def short(value: object) -> str:
    """Show a value in an error message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
