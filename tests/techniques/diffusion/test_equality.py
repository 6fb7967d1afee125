"""Every exact backend of `diffuse` equals the reference bit for bit, whatever the field and its sides."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy import _build
from perfpy.techniques.diffusion import DIFFUSE, _halo, _numpy
from perfpy.techniques.diffusion._problem import Problem, Side
from perfpy.techniques.diffusion._workloads import agree

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from fields import PAIRS, SIZES, assert_same_bits, faint_field, random_problem, solve, whole_arrays

sys.path.pop(0)

TECHNIQUE = "diffuse"
PERIODIC, HELD, REFLECTING = Side
BLOCKED = [(300, 70), (70, 300), (1000, 3), (3, 1000), (5000,), (40, 9, 61), (3, 50, 50), (700, 130)]


@functools.lru_cache(maxsize=4096)
def with_reference(*key: Any) -> tuple[Problem, np.ndarray]:
    """Return a random problem and the reference's solution, found once for all backends."""
    *arguments, equal, array, odd = key
    problem = random_problem(*arguments, equal=equal, array=array, odd=odd)
    return problem, solve("python", problem)


def assert_agrees(backend: str, problem: Problem, expected: np.ndarray) -> None:
    """Compare with the reference, within the bound that the backend declares."""
    found = solve(backend, problem)
    bound = DIFFUSE.table[backend].traits.bound
    if not bound:
        assert_same_bits(expected, found)
    elif np.isfinite(problem.start).all() and np.abs(problem.start).max() < 1e30:
        assert agree(expected, found, bound).equal


def needs_arrays(backend: str) -> None:
    if DIFFUSE.table[backend].cannot((("diffusivity", "array"),)) is not None:
        pytest.skip("declared to take one diffusivity only")


@st.composite
def keys(draw: st.DrawFn, *, array: bool) -> tuple[Any, ...]:
    """Draw the arguments of a random problem that takes the reference some milliseconds at most."""
    dimensions = draw(st.integers(1, 3))
    sizes = SIZES[:-3] if dimensions == 3 else SIZES
    shape = tuple(draw(st.sampled_from(sizes)) for _ in range(dimensions))
    steps = draw(st.integers(1, min(40, 1 + 20_000 // int(np.prod(shape)))))
    sides = tuple(draw(st.sampled_from(PAIRS)) for _ in range(dimensions))
    dtype = draw(st.sampled_from(("float64", "float32")))
    odd = draw(st.sampled_from((0, 0, 0, 1, 3)))
    return draw(st.integers(0, 9)), shape, sides, steps, dtype, draw(st.booleans()), array, odd


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(key=keys(array=False))
def test_equal_to_reference(backend: str, key: tuple[Any, ...]) -> None:
    assert_agrees(backend, *with_reference(*key))


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(key=keys(array=True))
def test_equal_to_reference_with_a_diffusivity_for_each_cell(backend: str, key: tuple[Any, ...]) -> None:
    needs_arrays(backend)
    assert_agrees(backend, *with_reference(*key))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(key=st.one_of(keys(array=False), keys(array=True)))
def test_the_reference_is_what_whole_arrays_give(key: tuple[Any, ...]) -> None:
    problem, expected = with_reference(*key)
    assert_same_bits(whole_arrays(problem), expected)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("first", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def test_every_mix_of_sides(backend: str, first: tuple[Side, Side], dtype: str) -> None:
    for second, equal in itertools.product(PAIRS, (True, False)):
        assert_agrees(backend, *with_reference(1, (7, 10), (first, second), 3, dtype, equal, False, 0))
        third = PAIRS[(PAIRS.index(first) + 2) % len(PAIRS)]
        key = (2, (5, 3, 9), (second, third, first), 2, dtype, equal, False, 0)
        assert_agrees(backend, *with_reference(*key))


@pytest.mark.parametrize("array", [False, True], ids=["number", "array"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", BLOCKED, ids=str)
def test_edges_of_blocks(backend: str, shape: tuple[int, ...], dtype: str, array: bool) -> None:
    if array:
        needs_arrays(backend)
    for k, steps in enumerate((1, 5, 19)):
        sides = tuple(PAIRS[(axis + k) * (k > 0) % len(PAIRS)] for axis in range(len(shape)))
        if backend == "python" and np.prod(shape) * steps > 100_000:
            continue
        problem = random_problem(k, shape, sides, steps, dtype, equal=k < 2, array=array)
        assert_agrees(backend, problem, whole_arrays(problem))


def test_every_width(backend: str) -> None:
    """Edges of vectors: every length of rows to 70, and of a line to 150."""
    for size in range(1, 151):
        pair, dtype = PAIRS[size % len(PAIRS)], ("float64", "float32")[size % 2]
        line = random_problem(size, (size,), (pair,), 9, dtype)
        assert_agrees(backend, line, whole_arrays(line))
        if size <= 70:
            for shape in ((4, size), (3, 2, size)):
                sides = (PAIRS[0], *[pair] * (len(shape) - 1))
                rows = random_problem(size, shape, sides, 4, dtype, equal=size % 3 > 0)
                assert_agrees(backend, rows, whole_arrays(rows))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(3000,), (200, 90), (400, 17), (40, 9, 33)], ids=str)
def test_numbers_that_are_subnormal(backend: str, shape: tuple[int, ...], dtype: str) -> None:
    """A field that decays has them; a backend may avoid them, as they are slow, but no bit changes."""
    for k, pair in enumerate(PAIRS):
        problem = random_problem(k, shape, (pair,) * len(shape), 1 + 6 * k, dtype, equal=k % 2 > 0)
        if backend == "python" and np.prod(shape) * problem.steps > 60_000:
            continue
        problem = problem._replace(start=faint_field(np.random.default_rng(k), shape, dtype))
        assert_agrees(backend, problem, whole_arrays(problem))


class TestPasses:
    """Backends that let several steps follow each other through the field, however many that are."""

    CHOICES = ((1, 1), (1, 2), (2, 1), (3, 4), (7, 2), (16, 5), (40, 3))

    @pytest.fixture(params=CHOICES, ids=lambda choice: "{}-{}".format(*choice))
    def _choice(self, backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        module = sys.modules[DIFFUSE[backend].__module__]
        module = getattr(module, "_rows", module)
        if not hasattr(module, "passes"):
            pytest.skip("goes through the field in another way")
        monkeypatch.setattr(module, "passes", lambda *arguments: request.param)
        if module is _numpy:
            monkeypatch.setattr(module, "_PIECE", 512)

    @pytest.mark.usefixtures("_choice")
    def test_equal(self, backend: str) -> None:
        for k, (shape, pair) in enumerate(
            itertools.product(
                [(1,), (2,), (45,), (1, 9), (2, 17), (12, 5), (33, 20), (3, 5, 7), (21, 4, 9)], PAIRS
            )
        ):
            sides = (pair, *PAIRS[k % 3 : k % 3 + len(shape) - 1])
            problem = random_problem(
                k, shape, sides, 1 + k % 37, ("float64", "float32")[k % 2], equal=k % 5 > 1
            )
            assert_agrees(backend, problem, whole_arrays(problem))


@pytest.mark.parametrize(
    "shape", [(640, 640), (500, 1000), (10, 5000), (64, 64, 64), (10**5,), (3, 3)], ids=str
)
def test_passes_fit_in_cache_and_do_little_for_nothing(shape: tuple[int, ...]) -> None:
    problem = random_problem(0, shape, (PAIRS[0],) * len(shape), 1, "float32")
    levels, slabs = _halo.passes(problem, 8192, 1 << 20, 16)
    slab = int(np.prod([size + 32 for size in shape[1:]]))
    assert slabs == 1 or slabs * slab <= 8192
    assert levels == 1 or levels <= shape[0] // 8
    assert levels <= 4 or 2 * 4 * slab * slabs * levels <= 1 << 20
    assert levels > 1 or shape in ((10, 5000), (3, 3))


EVERY_ISA = f"""
import itertools, os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from fields import PAIRS, assert_same_bits, random_problem, solve, whole_arrays
shapes = [(67,), (300,), (9, 37), (30, 70), (6, 5, 19), (17, 9, 33)]
for k, (shape, pair, dtype) in enumerate(itertools.product(shapes, PAIRS, ("float64", "float32"))):
    sides = tuple(PAIRS[(PAIRS.index(pair) + axis * k) % len(PAIRS)] for axis in range(len(shape)))
    problem = random_problem(k, shape, sides, 1 + k % 20, dtype, equal=k % 3 > 0, odd=k % 4)
    assert_same_bits(whole_arrays(problem), solve(os.environ["BACKEND"], problem))
print("same")
"""


@pytest.mark.parametrize("isa", _build.ISAS)
def test_every_instruction_set_in_all_dimensions(backend: str, isa: str) -> None:
    if not next(row for row in perfpy.backends("diffuse") if row.name == backend).isa:
        pytest.skip("the tool chooses the instructions itself")
    environment = {**os.environ, "PERFPY_ISA": isa, "BACKEND": backend}
    process = subprocess.run(
        [sys.executable, "-c", EVERY_ISA], env=environment, capture_output=True, text=True, check=False
    )
    if "cannot run on this machine" in process.stderr and isa != "baseline":
        pytest.skip(f"{isa} does not run here")
    assert process.stdout == "same\n", process.stderr
