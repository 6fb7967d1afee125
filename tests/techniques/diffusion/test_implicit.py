"""Implicit steps: equal to dense algebra, second order in time, stable for any dt, and equal in all forms."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import perfpy
from perfpy.techniques import diffusion
from perfpy.techniques.diffusion import _arguments
from perfpy.techniques.diffusion._problem import Problem, Side

Array = NDArray[Any]

PERIODIC = ("periodic", "periodic")
SIDES = (
    PERIODIC,
    ("neumann", "neumann"),
    ("dirichlet", "dirichlet"),
    ("dirichlet", "neumann"),
    ("neumann", "dirichlet"),
)


FORMS = [
    name
    for name, backend in diffusion.DIFFUSE.table.items()
    if "implicit" not in backend.lacks.get("method", ())
]


@pytest.fixture(params=FORMS, scope="module")
def form(request: pytest.FixtureRequest) -> str:
    if request.param == "scipy":
        pytest.importorskip("scipy")
    return str(request.param)


def implicit(form: str, field: Any, steps: int, **options: Any) -> Array:
    return perfpy.diffuse(field, steps, method="implicit", backend=form, **options)


def random_field(*shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(shape).normal(size=shape)


def second_difference(size: int, sides: tuple[Side, Side]) -> NDArray[np.float64]:
    """Return the matrix of an axis, with rows of zeros for held cells."""
    matrix = np.zeros((size, size))
    for i, neighbour in itertools.product(range(size), (-1, 1)):
        held = (i == 0 and sides[0] is Side.HELD) or (i == size - 1 and sides[1] is Side.HELD)
        if not held:
            j = (i + neighbour) % size if sides[0] is Side.PERIODIC else min(max(i + neighbour, 0), size - 1)
            matrix[i, j] += 1.0
            matrix[i, i] -= 1.0
    return matrix


def dense(problem: Problem) -> NDArray[np.float64]:
    """Take the steps of Douglas as they are printed, with the matrices of the whole field."""
    shape = problem.start.shape
    still = np.zeros(shape, bool)
    operators = []
    for axis, (sides, weight) in enumerate(zip(problem.sides, problem.weights, strict=True)):
        factors = [
            weight * second_difference(n, sides) if k == axis else np.eye(n) for k, n in enumerate(shape)
        ]
        matrix: Array = np.eye(1)
        for factor in factors:
            matrix = np.kron(matrix, factor)
        operators.append(matrix)
        for end, side in zip((0, -1), sides, strict=True):
            if side is Side.HELD:
                still.swapaxes(0, axis)[end] = True
    for operator in operators:
        operator[still.reshape(-1)] = 0.0
    one = np.eye(problem.start.size)
    field: Array = problem.start.reshape(-1).astype(np.float64)
    first, *others = operators
    for _ in range(problem.steps):
        explicit = field + first @ field / 2 + sum((other @ field for other in others), np.zeros_like(field))
        change = np.linalg.solve(one - first / 2, explicit)
        for other in others:
            change = np.linalg.solve(one - other / 2, change - other @ field / 2)
        field = change
    return field.reshape(shape)


def assert_as_dense(form: str, field: Array, steps: int, bound: float, **options: Any) -> None:
    defaults = {"diffusivity": 1.0, "dt": 0.1, "spacing": 1.0, "boundary": "periodic"} | options
    problem = _arguments.problem(field, steps, method="implicit", **defaults)
    result = implicit(form, field, steps, **options)
    assert result.dtype == problem.start.dtype
    scale = np.abs(problem.start).max()
    assert np.abs(result - dense(problem)).max() <= bound * scale, (field.shape, steps, options)


@pytest.mark.parametrize("sides", SIDES, ids="-".join)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 20])
@pytest.mark.parametrize("dt", [0.01, 0.7, 40.0])
def test_lines_as_dense_algebra(form: str, sides: tuple[str, str], size: int, dt: float) -> None:
    assert_as_dense(form, random_field(size), 4, 1e-12, dt=dt, boundary=[sides])


@pytest.mark.parametrize(("rows", "columns"), list(itertools.product(SIDES, SIDES)))
def test_planes_as_dense_algebra(form: str, rows: tuple[str, str], columns: tuple[str, str]) -> None:
    for shape in (1, 1), (2, 2), (1, 3), (5, 2), (4, 7):
        options = {"boundary": (rows, columns), "spacing": (1.0, 0.7), "dt": 1.3}
        assert_as_dense(form, random_field(*shape), 3, 1e-13, **options)


@pytest.mark.parametrize("first", SIDES, ids="-".join)
def test_volumes_as_dense_algebra(form: str, first: tuple[str, str]) -> None:
    for others in itertools.product(SIDES, SIDES):
        options = {"boundary": (first, *others), "spacing": (1.0, 0.7, 1.2), "dt": 2.0}
        assert_as_dense(form, random_field(3, 4, 5), 2, 1e-13, **options)


values = st.sampled_from([0.0, 1.0, -3.5])
conditions = st.one_of(st.sampled_from(["neumann", "dirichlet"]), st.tuples(st.just("dirichlet"), values))
pairs = st.one_of(st.just(PERIODIC), st.tuples(conditions, conditions))


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_all_forms_agree_on_any_field(form: str, data: st.DataObject) -> None:
    """Bit for bit, but for scipy, whose LAPACK divides where the others multiply."""
    shape = data.draw(
        st.lists(st.integers(1, 20), min_size=1, max_size=2) | st.tuples(*[st.integers(1, 7)] * 3)
    )
    boundary = [data.draw(pairs) for _ in shape]
    spacing = tuple(data.draw(st.floats(0.1, 3.0)) for _ in shape)
    dtype: Any = data.draw(st.sampled_from([np.float64, np.float32]))
    dt = data.draw(st.one_of(st.floats(0.0, 10.0), st.floats(0.0, 1e9 if dtype is np.float64 else 80.0)))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    field = random.choice([random.normal(size=shape), random.choice([0.0, -0.0, 1.0], shape)]).astype(dtype)
    options: Any = {"boundary": boundary, "spacing": spacing, "dt": dt}
    steps = data.draw(st.integers(1, 3))
    reference, result = (implicit(name, field, steps, **options) for name in ("python", form))
    if form == "scipy":
        largest_weight = max(dt / dx**2 for dx in spacing)
        rounding = 20 * steps * (1 + largest_weight) * float(np.finfo(dtype).eps)
        np.testing.assert_allclose(
            result, reference, rtol=0, atol=rounding * max(np.abs(reference).max(), 3.5)
        )
    else:
        assert result.tobytes() == reference.tobytes(), options


class TestConvergence:
    """Halving dt divides the error of time by four."""

    @staticmethod
    def order(errors: list[float]) -> float:
        return min(math.log2(coarse / fine) for coarse, fine in itertools.pairwise(errors))

    @pytest.mark.parametrize("dimensions", [1, 2, 3])
    @pytest.mark.parametrize("sides", ["periodic", "neumann", "dirichlet"])
    def test_modes(self, form: str, dimensions: int, sides: str) -> None:
        """A mode of the discrete operator decays as exp(-rate*t), and by a known factor in a step."""
        size, time = 9, 2.0
        i = np.arange(size)
        wave, angle = {
            "periodic": (np.cos(2 * np.pi * i / size), np.pi / size),
            "neumann": (np.cos(np.pi * (i + 0.5) / size), 0.5 * np.pi / size),
            "dirichlet": (np.sin(np.pi * i / (size - 1)), 0.5 * np.pi / (size - 1)),
        }[sides]
        field = wave
        for _ in range(dimensions - 1):
            field = field[..., np.newaxis] * wave
        rate = 4 * math.sin(angle) ** 2
        exact = math.exp(-dimensions * rate * time) * field
        errors = []
        for steps in (2, 4, 8, 16):
            result = implicit(form, field, steps, dt=time / steps, boundary=sides)
            half = 0.5 * rate * time / steps
            factor = 1 - dimensions * 2 * half / (1 + half) ** dimensions
            np.testing.assert_allclose(result, factor**steps * field, rtol=0, atol=1e-14)
            errors.append(float(np.abs(result - exact).max()))
        assert self.order(errors) > 1.9

    @pytest.mark.parametrize("dimensions", [1, 2])
    def test_the_heat_kernel(self, form: str, dimensions: int) -> None:
        """Halving dx and dt together divides the error by four."""
        begin, end, diffusivity = 0.01, 0.03, 0.8

        def kernel(x: Array, t: float) -> Array:
            line = np.exp(-(x**2) / (4 * diffusivity * t)) / math.sqrt(4 * math.pi * diffusivity * t)
            return line if dimensions == 1 else np.multiply.outer(line, line)

        errors = []
        for cells in (17, 33, 65) if form == "python" and dimensions == 2 else (33, 65, 129):
            x = np.linspace(-1.0, 1.0, cells)
            steps = (cells - 1) // 4
            options: Any = {
                "spacing": float(x[1] - x[0]),
                "diffusivity": diffusivity,
                "boundary": "dirichlet",
            }
            result = implicit(form, kernel(x, begin), steps, dt=(end - begin) / steps, **options)
            exact = kernel(x, end)
            errors.append(float(np.abs(result - exact).max() / exact.max()))
        assert self.order(errors) > 1.8
        assert errors[-1] < 0.02


class TestLongSteps:
    @pytest.mark.parametrize("dt", [1e3, 1e6, 1e12, 1e30, 1e100, 1e300])
    @pytest.mark.parametrize("boundary", ["dirichlet", ("dirichlet", "neumann"), ("periodic", "dirichlet")])
    def test_are_finite_where_a_side_is_held(self, form: str, dt: float, boundary: Any) -> None:
        result = implicit(form, random_field(6, 5), 20, dt=dt, boundary=boundary)
        assert np.isfinite(result).all()

    @pytest.mark.parametrize("dt", [1e3, 1e6, 1e9, 1e12])
    @pytest.mark.parametrize("boundary", ["periodic", "neumann", ("periodic", "neumann")])
    def test_add_no_more_than_rounding_where_none_is(self, form: str, dt: float, boundary: Any) -> None:
        field = random_field(6, 5)
        result = implicit(form, field, 20, dt=dt, boundary=boundary)
        assert np.abs(result).max() <= 6 * np.abs(field).max() * (1 + 20 * 4 * dt * 2.3e-16)
        assert result.mean() == pytest.approx(field.mean(), abs=20 * 4 * dt * 2.3e-16 + 1e-12)

    @pytest.mark.parametrize(("dtype", "dt"), [(np.float64, 5e12), (np.float32, 1e4)])
    @pytest.mark.parametrize("boundary", ["periodic", "neumann", ("periodic", "neumann")])
    def test_beyond_the_precision_are_refused(self, form: str, dtype: type, dt: float, boundary: Any) -> None:
        field: Array = random_field(6, 5).astype(dtype)
        with pytest.raises(
            ValueError, match=r"dt must be at most .* rounding errors of float\d\d grow"
        ) as error:
            implicit(form, field, 1, dt=dt, boundary=boundary)
        most = float(str(error.value).split("at most ")[1].split(",")[0])
        assert np.isfinite(implicit(form, field, 1, dt=most * 0.999, boundary=boundary)).all()

    def test_along_a_single_cell_do_not_matter(self, form: str) -> None:
        field = random_field(1, 5)
        result = implicit(form, field, 3, spacing=(1e-9, 1.0))
        np.testing.assert_array_equal(result, implicit(form, field, 3, spacing=(1.0, 1.0)))

    @pytest.mark.parametrize("dt", [1e3, 1e6, 1e12, 1e300])
    @pytest.mark.parametrize("sides", ["dirichlet", (("dirichlet", 2.0), "neumann")])
    def test_do_not_grow_where_a_side_is_held(self, form: str, dt: float, sides: Any) -> None:
        """The distance from the steady state never becomes larger, in the sense of least squares."""
        field = random_field(40)
        steady = np.full(40, 2.0)
        if sides == "dirichlet":
            steady = np.linspace(field[0], field[-1], 40)
        else:
            field[0] = 2.0
        before = np.linalg.norm(field - steady)
        result = implicit(form, field, 101, dt=dt, boundary=[sides])
        assert np.linalg.norm(result - steady) <= before * (1 + 1e-9)

    @pytest.mark.parametrize("boundary", ["periodic", "neumann"])
    def test_a_very_long_step_mirrors_the_field_at_its_mean(self, form: str, boundary: str) -> None:
        """The limit of Crank and Nicolson, to the roundings of dt times the differences."""
        field = random_field(30)
        dt = 1e9
        result = implicit(form, field, 1, dt=dt, boundary=boundary)
        np.testing.assert_allclose(result, 2 * field.mean() - field, rtol=0, atol=4 * dt * 2.3e-16 + 1e-6)

    @pytest.mark.parametrize("dimensions", [1, 2, 3])
    def test_steady_states_stay(self, form: str, dimensions: int) -> None:
        slope = np.linspace(-1.0, 3.0, 9)
        shape = (9, 4, 5)[:dimensions]
        field = np.broadcast_to(slope.reshape(-1, *[1] * (dimensions - 1)), shape).copy()
        boundary = ("dirichlet", "neumann", "periodic")[:dimensions]
        result = implicit(form, field, 10, dt=1e4, boundary=boundary)
        np.testing.assert_allclose(result, field, rtol=0, atol=1e-10)

    def test_end_at_the_steady_state(self, form: str) -> None:
        sides = ("dirichlet", -1.0), ("dirichlet", 3.0)
        result = implicit(form, random_field(9), 400, dt=3.0, boundary=[sides])
        np.testing.assert_allclose(result, np.linspace(-1.0, 3.0, 9), rtol=0, atol=1e-13)


class TestCells:
    def test_held_ones_do_not_change(self, form: str) -> None:
        field = random_field(6, 7)
        field[0, 3] = -0.0
        result = implicit(form, field, 5, dt=2.0, boundary=(("dirichlet", "neumann"), "dirichlet"))
        assert result[0].tobytes() == field[0].tobytes()
        assert result[:, [0, -1]].tobytes() == field[:, [0, -1]].tobytes()
        assert (result[1:, 1:-1] != field[1:, 1:-1]).all()

    @pytest.mark.parametrize("boundary", ["periodic", "neumann", ("periodic", "neumann")])
    def test_mass_is_conserved(self, form: str, boundary: Any) -> None:
        field = np.random.default_rng(7).random((11, 12))
        result = implicit(form, field, 50, dt=5.0, boundary=boundary)
        assert result.sum() == pytest.approx(field.sum(), rel=1e-12)

    def test_the_callers_field_is_not_changed(self, form: str) -> None:
        field = random_field(9, 8)
        before = field.copy()
        implicit(form, field, 5, boundary="neumann")
        assert field.tobytes() == before.tobytes()

    @pytest.mark.parametrize("shape", [(700,), (300, 40), (40, 300), (70, 6, 9), (6, 70, 9), (6, 9, 70)])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_larger_than_a_block(self, form: str, shape: tuple[int, ...], dtype: type) -> None:
        """Blocks of lines, whole and not, give what line by line gives."""
        field: Array = random_field(*shape).astype(dtype)
        boundary = (("dirichlet", "neumann"), "periodic", "neumann")[: len(shape)]
        reference, result = (
            implicit(name, field, 1, dt=3.0, boundary=boundary if len(shape) > 1 else [boundary[0]])
            for name in ("python", form)
        )
        if form == "scipy":
            np.testing.assert_allclose(result, reference, rtol=0, atol=30 * float(np.finfo(dtype).eps))
        else:
            assert result.tobytes() == reference.tobytes()


def test_long_steps_come_near_many_short_ones(form: str) -> None:
    field = np.random.default_rng(8).random((20, 16))
    stepped = perfpy.diffuse(
        field, 400, dt=0.05, boundary=("neumann", "periodic"), method="spectral", backend="numpy"
    )
    result = implicit(form, field, 40, dt=0.5, boundary=("neumann", "periodic"))
    np.testing.assert_allclose(result, stepped, rtol=0, atol=2e-4)
