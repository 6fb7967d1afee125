"""The fields that backends are compared on: they ask for what they say, and tell conditions apart."""

from __future__ import annotations

import numpy as np
import pytest

import perfpy
from perfpy.techniques.diffusion import DIFFUSE, _arguments, _workloads
from perfpy.techniques.diffusion._workloads import WORKLOADS, agree

BY_NAME = {workload.name: workload for workload in WORKLOADS}
ORDINARY = {("method", "explicit"), ("diffusivity", "number")}
SMALL = ("tiny", "small", "sides", "variable")
DEFAULTS = {"diffusivity": 1.0, "dt": 0.1, "spacing": 1.0, "boundary": "periodic", "method": "explicit"}


@pytest.mark.parametrize("name", [name for name in BY_NAME if name not in ("large", "line", "volume")])
def test_needs_are_those_of_the_call(name):
    problem = _arguments.problem(**(DEFAULTS | BY_NAME[name].arguments()))
    assert set(BY_NAME[name].needs) == set(problem.needs) - ORDINARY


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_somebody_can_be_the_reference_and_python_is_left_out_where_it_would_take_minutes(workload):
    cells = int(np.prod(_shape(workload)))
    assert ("python" in workload.too_slow_for) == (cells > 50_000)
    for name in ("python", "numpy"):
        assert DIFFUSE.table[name].cannot(workload.needs) is None


def _shape(workload):
    return np.shape(workload.arguments()["field"])


@pytest.mark.parametrize("name", SMALL)
def test_every_side_counts(name):
    """The book's own field is zero at all sides; these fields give another result for other sides."""
    arguments = dict(BY_NAME[name].arguments())
    results = [
        perfpy.diffuse(**(arguments | {"boundary": boundary}), backend="numpy")
        for boundary in ("periodic", "dirichlet", "neumann")
    ]
    assert not np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    assert not np.array_equal(results[1], results[2])


def test_the_book_s_field():
    field = _workloads.book_field((640, 640))
    assert field.sum() == pytest.approx(20.48, rel=1e-12)
    assert (field[256:320, 256:320] == 0.005).all()
    assert _workloads.book_field((10, 10, 10), "float32").dtype == np.float32


def test_bounds_are_wider_in_single_precision():
    for dtype, factor in (("float64", 1.0), ("float32", 2.0**29)):
        field = np.array([1.0, 0.5], dtype)
        inside, outside = (field * dtype_of(field)(1 + part * 1e-12 * factor) for part in (0.5, 2.0))
        assert agree(field, inside, 1e-12).equal
        assert not agree(field, outside, 1e-12).equal
        assert not agree(field, inside).equal


def dtype_of(field):
    return field.dtype.type
