"""Techniques that fill arrays of points or cells."""

from __future__ import annotations

import numpy as np

import perfpy
from perfpy.techniques.diffusion import _workloads as _diffusion
from perfpy.techniques.julia import _workloads as _julia

from .case import Case

FIELDS = {
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
    "diffuse": Case(
        function=perfpy.diffuse,
        # Steps of whole numbers by powers of two: exact, so that even float32 gives the same.
        arrays={"field": np.array([[8.0, 0.0, -16.0, 4.0], [0.0, 64.0, 2.0, -8.0], [1.0, 32.0, 0.0, 5.0]])},
        options={"steps": 3, "dt": 0.125},
        empty={"field": np.empty((0, 3))},
        huge={"field": _diffusion.book_field((256, 256)), "steps": 2**63 - 1},
        lengthy={"steps": 4_000},
        workload=_diffusion.WORKLOADS[0].arguments,
        bad=(
            ({"field": np.array(0.0)}, ValueError),
            ({"field": [["0"]]}, TypeError),
            ({"field": [1j]}, TypeError),
            ({"field": np.ma.array([0.0, 1.0], mask=[False, True])}, ValueError),
            ({"steps": -1}, ValueError),
            ({"steps": 2**63}, ValueError),
            ({"steps": 1.5}, TypeError),
            ({"dt": 1.0}, ValueError),
            ({"dt": float("nan")}, ValueError),
            ({"dt": None}, TypeError),
            ({"diffusivity": -1}, ValueError),
            ({"diffusivity": "1"}, TypeError),
            ({"spacing": 0}, ValueError),
            ({"spacing": (1, 2, 3)}, ValueError),
            ({"boundary": "closed"}, ValueError),
            ({"boundary": 1}, TypeError),
            ({"method": "fast"}, ValueError),
        ),
        out=True,
    ),
}
