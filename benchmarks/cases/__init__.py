"""The cases of ``ratios.py``: a module for each technique, which lists its contests in ``CASES``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Contender = Callable[[], Any]


@dataclass(frozen=True)
class Contest:
    """Functions that do the same.

    Parameters
    ----------
    ours : mapping
        What perfpy has to offer, by title; the first is held against the best of the others.
    peers : mapping
        The others; those that are not installed are left out.
    expected : object
        What every function returns.
    agree : callable, default: numpy.array_equal
        Takes what is expected and what was found, and tells whether it is right.
    """

    ours: Mapping[str, Contender]
    peers: Mapping[str, Contender]
    expected: Any
    agree: Callable[[Any, Any], bool] = np.array_equal


#: Name of a case to the function that prepares it: makes the input, and finds out who is there.
Cases = Mapping[str, Callable[[], Contest]]
