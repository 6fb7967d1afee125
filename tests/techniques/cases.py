"""What the contract tests need to know of each technique; an entry here brings one under all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import perfpy
from perfpy.techniques.julia import _workloads as _julia


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
        Arrays that make the result empty.
    huge : mapping
        Arguments of a call that takes many minutes on any backend.
    lengthy : mapping
        What to change in `huge` for a call of some tenths of a second on a fast backend.
    workload : callable
        Returns the arguments of a call of some size, on which variants of the compiled code are compared.
    bad : sequence
        Arguments that must be refused, each with the exception.
    out : bool
        Whether the function takes ``out=``.
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

    def call(self, backend: str, **changes: Any) -> Any:
        """Make the small call, some arguments changed."""
        return self.function(**{**self.arrays, **self.options, **changes}, backend=backend)


CASES = {
    "julia": Case(
        function=perfpy.julia,
        arrays={"x": np.array([-1.0, 0.0, 1.0, 2.0, 0.0]), "y": np.array([1.0, 0.0, -1.0])},
        options={"c": -0.5 + 0.25j, "max_iterations": 40},
        empty={"x": np.array([]), "y": np.array([0.0, 1.0])},
        # Around the centre of a Siegel disc nothing escapes and nothing attracts: no proof makes this short.
        huge={
            "x": np.linspace(-0.4, -0.34, 64),
            "y": np.linspace(-0.37, -0.31, 64),
            "c": -0.390540870218401 - 0.586787907346969j,
            "max_iterations": 2**31 - 1,
        },
        lengthy={"max_iterations": 100_000},
        workload=_julia.WORKLOADS[0].arguments,
        bad=(
            ({"x": [[0.0]]}, ValueError),
            ({"x": -1}, ValueError),
            ({"y": np.array(0.0)}, ValueError),
            ({"y": ["0"]}, TypeError),
            ({"x": [1j]}, TypeError),
            ({"c": "1"}, TypeError),
            ({"c": None}, TypeError),
            ({"c": np.array([0.1, 0.2])}, TypeError),
            ({"c": 10**400}, ValueError),
            ({"x": 10**20}, ValueError),
            ({"x": np.ma.array([0.0, 1.0], mask=[False, True])}, ValueError),
            ({"max_iterations": -1}, ValueError),
            ({"max_iterations": 2**31}, ValueError),
            ({"max_iterations": 1.5}, TypeError),
        ),
        out=True,
    ),
}
