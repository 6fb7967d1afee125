"""How a technique is called by the tests that are the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """How a technique is called, and with what.

    Parameters
    ----------
    function : callable
        The public function.
    arrays : mapping
        Small array arguments, by name; whole numbers, so that every dtype holds them exactly.
    options : mapping
        The other arguments of that small call.
    empty : mapping
        Arguments that make the result empty; none where it is not an array.
    huge : mapping
        Arguments of a call that takes many minutes on any backend.
    lengthy : mapping
        What to change in `huge` for a call of some tenths of a second on a fast backend.
    workload : callable
        Returns the arguments of a call of some size, on which variants of the compiled code are compared.
    bad : sequence
        Arguments that must be refused, each with the exception.
    out : bool
        Whether the function takes ``out=`` of the shape of the result.
    longer : mapping
        Backend to what to change in `lengthy` for one that is far faster than the others.
    held : object
        What a kernel returns that does nothing.
    content : callable
        Returns the bytes of a result.
    """

    function: Callable[..., Any]
    arrays: Mapping[str, np.ndarray]
    options: Mapping[str, Any]
    empty: Mapping[str, np.ndarray]
    huge: Mapping[str, Any]
    lengthy: Mapping[str, Any]
    workload: Callable[[], Mapping[str, Any]]
    bad: tuple[tuple[Mapping[str, Any], type[Exception]], ...]
    out: bool
    longer: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held: Any = None
    content: Callable[[Any], bytes] = lambda result: np.asarray(result).tobytes()

    def call(self, backend: str, **changes: Any) -> Any:
        """Make the small call, some arguments changed."""
        return self.function(**{**self.arrays, **self.options, **changes}, backend=backend)
