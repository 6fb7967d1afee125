"""Diffusion: known answers, what the mathematics says, and what is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy.techniques.diffusion import DIFFUSE
from perfpy.techniques.diffusion._workloads import book_field

TECHNIQUE = "diffuse"
BOUNDARIES = ("periodic", "dirichlet", "neumann")
SHAPES = ((40,), (17, 23), (6, 7, 11))


def tolerance(dtype: Any) -> float:
    return 64 * float(np.finfo(dtype).eps)


def bound(backend: str) -> float:
    return DIFFUSE.table[backend].traits.bound


def random_field(shape: tuple[int, ...], dtype: Any = float) -> np.ndarray:
    return np.random.default_rng(sum(shape)).random(shape).astype(dtype)


class TestKnownAnswers:
    def test_the_book_s_field_after_500_steps(self, backend: str) -> None:
        if backend == "python":
            pytest.skip("takes half a minute")
        field = perfpy.diffuse(book_field((640, 640)), 500, backend=backend)
        assert field.sum() == pytest.approx(20.48, rel=1e-13)
        assert (field * field).sum() == pytest.approx(0.06948909766860574, rel=1e-13)
        assert np.unravel_index(field.argmax(), field.shape) == (287, 287)
        assert field.max() == pytest.approx(0.0049859556767277834, rel=bound(backend))
        assert field[256, 288] == pytest.approx(0.002596131339464999, rel=bound(backend))

    def test_a_smaller_field_after_50_steps(self, backend: str) -> None:
        if backend == "python":
            pytest.skip("takes a second")
        field = perfpy.diffuse(book_field((256, 256)), 50, backend=backend)
        assert (field * field).sum() == pytest.approx(0.01259893997585134, rel=1e-13)

    def test_one_step_by_hand(self, backend: str) -> None:
        line = perfpy.diffuse([1.0, 2.0, 4.0], 1, dt=0.25, backend=backend)
        np.testing.assert_array_equal(line, [1 + (4 + 2 - 2) / 4, 2 + (1 + 4 - 4) / 4, 4 + (2 + 1 - 8) / 4])
        line = perfpy.diffuse([1.0, 2.0, 4.0], 1, dt=0.25, boundary="neumann", backend=backend)
        np.testing.assert_array_equal(line, [1 + (1 + 2 - 2) / 4, 2 + (1 + 4 - 4) / 4, 4 + (2 + 4 - 8) / 4])
        line = perfpy.diffuse([1.0, 2.0, 4.0], 1, dt=0.25, boundary="dirichlet", backend=backend)
        np.testing.assert_array_equal(line, [1, 2 + (1 + 4 - 4) / 4, 4])

    def test_weights_are_those_of_the_axes(self, backend: str) -> None:
        field = np.zeros((3, 5))
        field[1, 2] = 64.0
        field = perfpy.diffuse(field, 1, diffusivity=2.0, dt=0.125, spacing=(1.0, 2.0), backend=backend)
        expected = np.zeros((3, 5))
        expected[[0, 2], 2], expected[1, [1, 3]], expected[1, 2] = (
            64 / 4,
            64 / 16,
            64 - 2 * 64 / 4 - 2 * 64 / 16,
        )
        np.testing.assert_array_equal(field, expected)

    @pytest.mark.parametrize("boundary", BOUNDARIES)
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    def test_modes_decay_as_the_stencil_s_eigenvalues_say(
        self, backend: str, shape: tuple[int, ...], boundary: str
    ) -> None:
        """Waves, cosines and sines that fit between the sides keep their shape."""
        steps, dt, mode = 25, 0.12, np.ones(())
        eigenvalue = 0.0
        for axis, (size, number) in enumerate(zip(shape, (2, 1, 3), strict=False)):
            x = np.arange(size)
            angle, wave = {
                "periodic": (2 * np.pi * number / size, lambda t, x=x: np.cos(t * x + 0.3)),
                "neumann": (np.pi * number / size, lambda t, x=x: np.cos(t * (x + 0.5))),
                "dirichlet": (np.pi * number / (size - 1), lambda t, x=x: np.sin(t * x)),
            }[boundary]
            eigenvalue += 2 * np.cos(angle) - 2
            mode = mode[..., None] * wave(angle)
            if boundary == "dirichlet":
                mode.swapaxes(0, axis)[[0, -1]] = 0.0
        field = perfpy.diffuse(mode, steps, dt=dt, boundary=boundary, backend=backend)
        np.testing.assert_allclose(field, (1 + dt * eigenvalue) ** steps * mode, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
class TestPhysics:
    def solve(self, backend: str, field: np.ndarray, steps: int = 30, **options: Any) -> np.ndarray:
        options = {"dt": 0.15, **options}
        result = perfpy.diffuse(field, steps, backend=backend, **options)
        assert result.dtype == field.dtype
        return result

    @pytest.mark.parametrize("boundary", ["periodic", "neumann"])
    def test_nothing_is_lost(self, backend: str, shape: tuple[int, ...], dtype: str, boundary: str) -> None:
        field = random_field(shape, dtype)
        for spacing in (1.0, tuple(1 + 0.3 * axis for axis in range(len(shape)))):
            result = self.solve(backend, field, boundary=boundary, spacing=spacing)
            before, after = field.sum(dtype=float), result.sum(dtype=float)
            assert after == pytest.approx(before, rel=tolerance(dtype))

    def test_nothing_is_lost_where_diffusivities_differ(
        self, backend: str, shape: tuple[int, ...], dtype: str
    ) -> None:
        if DIFFUSE.table[backend].cannot((("diffusivity", "array"),)):
            pytest.skip("declared to take one diffusivity only")
        field, diffusivity = random_field(shape, dtype), random_field(shape[::-1]).reshape(shape)
        for boundary in ("periodic", "neumann"):
            result = self.solve(backend, field, boundary=boundary, diffusivity=diffusivity)
            assert result.sum(dtype=float) == pytest.approx(field.sum(dtype=float), rel=tolerance(dtype))
        equal = self.solve(backend, field, diffusivity=np.ones(shape))
        np.testing.assert_allclose(equal, self.solve(backend, field), rtol=0, atol=tolerance(dtype))

    @pytest.mark.parametrize("boundary", BOUNDARIES)
    def test_nothing_exceeds_what_was_there(
        self, backend: str, shape: tuple[int, ...], dtype: str, boundary: str
    ) -> None:
        field = random_field(shape, dtype)
        ranges = [np.ptp(field)]
        for steps in (1, 9, 120):
            result = self.solve(backend, field, steps, boundary=boundary)
            assert result.min() >= field.min() - tolerance(dtype)
            assert result.max() <= field.max() + tolerance(dtype)
            ranges.append(np.ptp(result))
        assert ranges[0] > ranges[1]
        if boundary != "dirichlet":
            assert ranges == sorted(ranges, reverse=True)
            assert ranges[-1] < 0.4 * ranges[0]

    def test_held_values_are_held(self, backend: str, shape: tuple[int, ...], dtype: str) -> None:
        field = random_field(shape, dtype)
        ends = (("dirichlet", 2.5), "dirichlet")
        boundary = ends if len(shape) == 1 else (ends, *[("neumann", ("dirichlet", -1.0))] * (len(shape) - 1))
        for steps in (1, 17):
            result = self.solve(backend, field, steps, boundary=boundary)
            inner = (slice(None), *[slice(0, -1)] * (len(shape) - 1))
            assert (result[inner][0] == 2.5).all()
            np.testing.assert_array_equal(result[inner][-1], field[inner][-1])
            for axis in range(1, len(shape)):
                assert (result.swapaxes(0, axis)[-1] == -1.0).any()
            assert (result != field)[(slice(1, -1), *inner[1:])].all()

    def test_boundaries_differ(self, backend: str, shape: tuple[int, ...], dtype: str) -> None:
        """Inside, and near the sides alone after one step."""
        field = random_field(shape, dtype)
        results = {boundary: self.solve(backend, field, boundary=boundary) for boundary in BOUNDARIES}
        single = {boundary: self.solve(backend, field, 1, boundary=boundary) for boundary in BOUNDARIES}
        inside = (slice(1, -1),) * len(shape)
        for one, other in itertools.combinations(BOUNDARIES, 2):
            assert (results[one] != results[other]).mean() > 0.5
            np.testing.assert_array_equal(single[one][inside], single[other][inside])
            assert (single[one] != single[other]).any()

    def test_mirrored_fields_have_mirrored_results(
        self, backend: str, shape: tuple[int, ...], dtype: str
    ) -> None:
        """Along the first axis to the last bit, as a + b is b + a; along others to rounding."""
        field = random_field(shape, dtype)
        for boundary in BOUNDARIES:
            result = self.solve(backend, field, boundary=boundary)
            first = self.solve(backend, field[::-1], boundary=boundary)[::-1]
            if bound(backend) == 0:
                np.testing.assert_array_equal(first, result)
            for axis in range(len(shape)):
                other = np.flip(self.solve(backend, np.flip(field, axis), boundary=boundary), axis)
                np.testing.assert_allclose(other, result, rtol=0, atol=tolerance(dtype))
            turned = self.solve(backend, field.T, boundary=boundary).T
            np.testing.assert_allclose(turned, result, rtol=0, atol=tolerance(dtype))

    def test_shifted_periodic_fields_have_shifted_results(
        self, backend: str, shape: tuple[int, ...], dtype: str
    ) -> None:
        field = random_field(shape, dtype)
        for axis, size in enumerate(shape):
            shifted = np.roll(self.solve(backend, np.roll(field, size // 3, axis)), -(size // 3), axis)
            np.testing.assert_array_equal(shifted, self.solve(backend, field))

    def test_slopes_stay_as_they_are(self, backend: str, shape: tuple[int, ...], dtype: str) -> None:
        """A field that is linear between held ends; small whole numbers are exact in any order."""
        grid = np.indices(shape)
        field = sum((axis + 1) * grid[axis] for axis in range(len(shape))).astype(dtype)
        result = self.solve(backend, field, 40, dt=0.125, boundary="dirichlet")
        np.testing.assert_array_equal(result, field)
        flat = np.full(shape, 3.0, dtype)
        for boundary in BOUNDARIES:
            np.testing.assert_array_equal(self.solve(backend, flat, dt=0.125, boundary=boundary), flat)

    def test_steps_add_up(self, backend: str, shape: tuple[int, ...], dtype: str) -> None:
        field = random_field(shape, dtype)
        for boundary in BOUNDARIES:
            whole = self.solve(backend, field, 23, boundary=boundary)
            parts = self.solve(
                backend, self.solve(backend, field, 9, boundary=boundary), 14, boundary=boundary
            )
            np.testing.assert_array_equal(parts, whole)


def test_types_that_are_kept_and_others(backend: str) -> None:
    values = [[0, 1, 2], [3, 4, 5]]
    for dtype, kept in (
        ("float64", "float64"),
        ("float32", "float32"),
        ("float16", "float32"),
        ("int32", "float64"),
        ("bool", "float64"),
        (">f4", "float32"),
        ("longdouble", "float64"),
    ):
        assert perfpy.diffuse(np.array(values, dtype), 2, backend=backend).dtype == kept
    assert perfpy.diffuse(values, 2, backend=backend).dtype == "float64"


def test_no_steps_and_no_cells(backend: str) -> None:
    field = random_field((5, 4))
    result = perfpy.diffuse(field, 0, backend=backend)
    np.testing.assert_array_equal(result, field)
    assert not np.shares_memory(result, field)
    assert perfpy.diffuse(np.empty((0, 3)), 5, backend=backend).shape == (0, 3)
    held = perfpy.diffuse(field, 0, boundary=("dirichlet", 9.0), backend=backend)
    assert (held[[0, -1]] == 9).all()
    assert (held[:, [0, -1]] == 9).all()


def test_nothing_moves_where_everything_is_held(backend: str) -> None:
    for shape in ((1,), (2,), (1, 5), (2, 7), (9, 2), (3, 1, 4), (2, 2, 2)):
        field = random_field(shape)
        result = perfpy.diffuse(field, 7, boundary="dirichlet", backend=backend)
        np.testing.assert_array_equal(result, field)


def test_no_diffusivity_or_no_time(backend: str) -> None:
    field = random_field((9, 8))
    for options in ({"diffusivity": 0.0}, {"dt": 0.0}):
        np.testing.assert_array_equal(perfpy.diffuse(field, 5, backend=backend, **options), field)


def test_the_field_may_be_the_result(backend: str) -> None:
    field = random_field((30, 40))
    expected = perfpy.diffuse(field, 12, backend=backend)
    assert perfpy.diffuse(field, 12, backend=backend, out=field) is field
    np.testing.assert_array_equal(field, expected)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    spacing=st.lists(st.floats(0.2, 5), min_size=1, max_size=3),
    diffusivity=st.floats(0.01, 10),
)
def test_the_largest_stable_step_is_stable_and_more_is_refused(
    spacing: list[float], diffusivity: float
) -> None:
    field = random_field((4,) * len(spacing))
    largest = 0.5 / sum(diffusivity / dx**2 for dx in spacing)
    options = {"diffusivity": diffusivity, "spacing": spacing, "backend": "numpy"}
    assert np.abs(perfpy.diffuse(field, 300, dt=largest, **options)).max() <= 1 + 1e-9
    with pytest.raises(ValueError, match=r"^dt must be at most ") as caught:
        perfpy.diffuse(field, 1, dt=largest * 1.001, **options)
    named = str(caught.value).removeprefix("dt must be at most ").split(",")[0]
    assert float(named) == pytest.approx(largest, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"steps": -1}, ValueError, "steps must be from 0"),
        ({"steps": 1.5}, TypeError, "steps must be an int, not float: 1.5"),
        ({"field": np.zeros((2, 2, 2, 2))}, ValueError, "field must be 1-D, 2-D or 3-D, not 4-D"),
        ({"field": 1.0}, ValueError, "field must be 1-D, 2-D or 3-D, not 0-D"),
        ({"field": [[1.0], [1.0, 2.0]]}, ValueError, "field must be an array of numbers"),
        ({"field": [1j]}, TypeError, "field must hold real numbers, not complex128"),
        ({"field": ["1"]}, TypeError, "field must hold real numbers"),
        ({"field": [None, 1.0]}, TypeError, "field must hold real numbers, not object"),
        ({"field": np.ma.array([1.0, 2.0], mask=[0, 1])}, ValueError, "field must have no masked"),
        ({"dt": np.nan}, ValueError, "dt must be finite and 0 or more, not nan"),
        ({"dt": -0.1}, ValueError, "dt must be finite and 0 or more, not -0.1"),
        ({"dt": 0.3}, ValueError, r"dt must be at most 0.25, not 0.3.*smaller steps, or method='implicit'$"),
        ({"dt": "0.1"}, TypeError, "dt must be a real number, not str"),
        ({"dt": 1j}, TypeError, "dt must be a real number, not complex"),
        ({"diffusivity": -1.0}, ValueError, "diffusivity must be finite and 0 or more"),
        ({"diffusivity": np.inf}, ValueError, "diffusivity must be finite"),
        (
            {"diffusivity": [1.0, 2.0]},
            ValueError,
            "diffusivity must be a number or an array of the field's shape",
        ),
        (
            {"diffusivity": -np.ones((3, 3))},
            ValueError,
            "diffusivity must be finite and 0 or more everywhere",
        ),
        (
            {"diffusivity": 3 * np.eye(3)},
            ValueError,
            r"dt must be at most 0.0833333, not 0.1.*smaller steps$",
        ),
        ({"spacing": 0.0}, ValueError, "spacing must be finite and positive"),
        ({"spacing": (1.0, 1.0, 1.0)}, ValueError, "spacing must be a number or one for each of 2 axes"),
        ({"spacing": (1.0, -1.0)}, ValueError, r"spacing\[1\] must be finite and positive"),
        ({"boundary": "open"}, ValueError, "boundary must be 'periodic', 'dirichlet', 'neumann'"),
        ({"boundary": None}, TypeError, "boundary must be 'periodic'"),
        ({"boundary": ("periodic",) * 3}, ValueError, "boundary must be"),
        ({"boundary": (("periodic", "neumann"), "neumann")}, ValueError, "boundary must be periodic at both"),
        ({"boundary": ("dirichlet", np.nan)}, ValueError, "boundary must hold a side at a finite number"),
        ({"method": "euler"}, ValueError, "method must be one of"),
        ({"method": 3}, TypeError, "method must be one of"),
    ],
)
def test_what_is_refused(options: dict[str, Any], kind: type[Exception], message: str) -> None:
    arguments = {"field": np.zeros((3, 3)), "steps": 1, **options}
    with pytest.raises(kind, match="^" + message) as caught:
        perfpy.diffuse(**arguments)
    assert caught.type is kind


def test_a_backend_says_which_others_can(backend: str) -> None:
    needs = (("method", "explicit"), ("diffusivity", "array"))
    if DIFFUSE.table[backend].cannot(needs) is None:
        pytest.skip("takes an array")
    words = rf"^backend '{backend}' of 'diffuse' cannot take diffusivity='array'; .*: python, numpy"
    with pytest.raises(ValueError, match=words):
        perfpy.diffuse(np.zeros((3, 3)), 1, diffusivity=np.ones((3, 3)), backend=backend)
