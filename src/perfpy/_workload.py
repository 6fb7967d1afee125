"""Named inputs of a technique, and what it means that two backends agree on one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._dispatch import Needs


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a backend's result compares with the reference.

    Attributes
    ----------
    equal : bool
        Whether the results agree within the bound that the backend declares.
    largest_difference : float
        Largest absolute difference between elements; infinite where the shapes or types differ.
    detail : str
        What differs, for a person to read; empty where nothing does.
    """

    equal: bool
    largest_difference: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """One input on which the backends of a technique are compared.

    Parameters
    ----------
    name : str
        ``"tiny"``, ``"small"``, ``"book"`` or ``"large"``, or a name with a meaning of its own.
    description : str
        What the input is and where it comes from.
    arguments : callable
        Returns the keyword arguments of the public function, made anew at each call.
    too_slow_for : tuple of str
        Backends that would need minutes; they are left out unless they are named.
    needs : tuple of (argument, value)
        What it asks of a backend beyond the ordinary; those that lack it are left out.
    bound : float, default: 0
        Largest relative difference that is allowed here to a backend that is exact elsewhere.
    """

    name: str
    description: str
    arguments: Callable[[], Mapping[str, Any]]
    too_slow_for: tuple[str, ...] = ()
    needs: Needs = ()
    bound: float = 0.0


def arrays_agree(reference: np.ndarray, result: np.ndarray, bound: float = 0.0) -> Agreement:
    """Compare two arrays: shape and dtype exactly, elements within `bound` of the reference's largest."""
    if result.shape != reference.shape or result.dtype != reference.dtype:
        expected, found = (f"{array.dtype} {array.shape}" for array in (reference, result))
        return Agreement(False, float("inf"), f"expected {expected}, found {found}")
    if reference.size == 0 or np.array_equal(reference, result, equal_nan=reference.dtype.kind in "fc"):
        return Agreement(True)
    difference = np.abs(result.astype(np.float64) - reference.astype(np.float64))
    largest = float(np.max(np.nan_to_num(difference, nan=np.inf)))
    allowed = bound * float(np.max(np.abs(reference)))
    where = np.unravel_index(int(np.argmax(difference)), difference.shape)
    place = tuple(map(int, where))
    detail = f"{np.count_nonzero(difference > allowed)} of {reference.size} elements differ, most at {place}"
    return Agreement(largest <= allowed, largest, detail)
