"""All explicit steps at once: as one by one, within 1e-12 of the field's scale, whatever the sides."""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import perfpy
from perfpy.techniques.diffusion import _arguments, _modes, _spectral, _spectral_numpy
from perfpy.techniques.diffusion._problem import Side

Array = NDArray[Any]
BOUND = 1e-12  # of the largest number in the field, after 1,000 steps in float64
IN_SINGLE = 2.0**29  # a rounding of float32 over one of float64

PERIODIC = ("periodic", "periodic")
SIDES = (
    PERIODIC,
    ("neumann", "neumann"),
    ("dirichlet", "dirichlet"),
    ("dirichlet", "neumann"),
    ("neumann", "dirichlet"),
)


@pytest.fixture(params=["python", "numpy", "scipy"], scope="module")
def form(request: pytest.FixtureRequest) -> str:
    if request.param == "scipy":
        pytest.importorskip("scipy")
    return str(request.param)


def assert_as_steps(forms: Iterable[str], field: NDArray[Any], steps: int, **options: Any) -> None:
    stepped = perfpy.diffuse(field, steps, backend="numpy", **options)
    scale = max(np.abs(field).max(), np.abs(stepped).max())
    for form in forms:
        result = perfpy.diffuse(field, steps, method="spectral", backend=form, **options)
        assert result.dtype == stepped.dtype
        bound = BOUND * (IN_SINGLE if result.dtype == np.float32 else 1.0)
        assert np.abs(result - stepped).max() <= bound * scale, (form, field.shape, steps, options)


def largest_dt(spacing: tuple[float, ...]) -> float:
    return 0.5 / sum(1 / dx**2 for dx in spacing)


def random_field(*shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(shape).normal(size=shape)


@pytest.mark.parametrize("sides", SIDES, ids="-".join)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 16, 31, 60])
def test_a_thousand_steps_on_a_line(form: str, sides: tuple[str, str], size: int) -> None:
    assert_as_steps([form], random_field(size), 1000, boundary=[sides], dt=0.45)
    assert_as_steps([form], random_field(size), 999, boundary=[sides], dt=0.5)


@pytest.mark.parametrize(("rows", "columns"), list(itertools.product(SIDES, SIDES)))
def test_a_thousand_steps_on_a_plane(rows: tuple[str, str], columns: tuple[str, str]) -> None:
    pytest.importorskip("scipy")
    forms = "python", "numpy", "scipy"
    spacing = 1.0, 1.3
    for shape in (13, 8), (9, 14), (2, 3), (3, 1):
        options = {"boundary": (rows, columns), "spacing": spacing, "dt": 0.9 * largest_dt(spacing)}
        assert_as_steps(forms, random_field(*shape), 1000, **options)


@pytest.mark.parametrize("first", SIDES, ids="-".join)
def test_all_sides_in_a_volume(first: tuple[str, str]) -> None:
    pytest.importorskip("scipy")
    spacing = 0.8, 1.0, 1.3
    for others in itertools.product(SIDES, SIDES):
        options = {"boundary": (first, *others), "spacing": spacing, "dt": 0.9 * largest_dt(spacing)}
        assert_as_steps(["python", "numpy", "scipy"], random_field(4, 5, 6), 60, **options)


values = st.sampled_from([0.0, 1.0, -3.5])
conditions = st.one_of(st.sampled_from(["neumann", "dirichlet"]), st.tuples(st.just("dirichlet"), values))
pairs = st.one_of(st.just(PERIODIC), st.tuples(conditions, conditions))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_any_field(form: str, data: st.DataObject) -> None:
    """Any shape, sides, values at the sides, weights and number of steps, in both dtypes."""
    shape = data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=3))
    boundary = [data.draw(pairs) for _ in shape]
    spacing = tuple(data.draw(st.floats(0.3, 3.0)) for _ in shape)
    dt = data.draw(st.floats(0.0, 1.0)) * largest_dt(spacing)
    steps = data.draw(st.integers(1, 200))
    dtype = data.draw(st.sampled_from([np.float64, np.float32]))
    cells = data.draw(st.lists(st.floats(-1e3, 1e3), min_size=math.prod(shape), max_size=math.prod(shape)))
    field = np.array(cells, dtype).reshape(shape)
    assert_as_steps([form], field, steps, boundary=boundary, spacing=spacing, dt=dt)


@pytest.mark.parametrize("library", ["numpy", "scipy"])
def test_the_known_answer(library: str) -> None:
    pytest.importorskip(library)
    field = np.zeros((640, 640))
    field[256:320, 256:320] = 0.005
    result = perfpy.diffuse(field, 500, method="spectral", backend=library)
    assert result.sum() == pytest.approx(20.48, rel=1e-13)
    assert np.square(result).sum() == pytest.approx(0.06948909766860574, rel=1e-12)
    assert result[287, 287] == pytest.approx(0.0049859556767277834, rel=1e-12)
    assert result[256, 288] == pytest.approx(0.002596131339464999, rel=1e-12)


@pytest.mark.parametrize(("steps", "bound"), [(10, 1e-14), (100, 1e-13), (1000, 1e-12), (10_000, 1e-11)])
@pytest.mark.parametrize("boundary", ["periodic", "neumann", "dirichlet"])
def test_the_difference_grows_no_faster_than_the_steps(steps: int, bound: float, boundary: str) -> None:
    field = random_field(24, 30)
    stepped = perfpy.diffuse(field, steps, boundary=boundary, backend="numpy")
    result = perfpy.diffuse(field, steps, boundary=boundary, backend="numpy", method="spectral")
    assert np.abs(result - stepped).max() <= bound * np.abs(field).max()


class TestFactors:
    """What the steps make of a mode, against 60 digits."""

    RATES = (
        0.0, 5e-324, 1e-300, 1e-18, 1e-9, 0.1, 0.5, 1 - 2**-53, 1.0, 1 + 2**-52, 1.5, 2 - 2**-52, 2.0,
    )  # fmt: skip

    @pytest.mark.parametrize("steps", [1, 2, 3, 1000, 10**9 + 1, 2**53 + 1, 2**63 - 1])
    @pytest.mark.parametrize("rate", RATES)
    def test_power(self, rate: float, steps: int) -> None:
        with localcontext() as context:
            context.prec = 60
            exact = (1 - Decimal(rate)) ** steps
        found = _modes.power(np.array([rate]), np.array([2.0 - rate]), steps)[0]
        assert abs(found - float(exact)) <= 2e-15

    @pytest.mark.parametrize("steps", [1, 2, 3, 1000, 10**9 + 1, 2**63 - 1])
    @pytest.mark.parametrize("rate", RATES)
    def test_sum_of_powers(self, rate: float, steps: int) -> None:
        with localcontext() as context:
            context.prec = 1200 if rate < 1e-60 else 80
            x = Decimal(rate)
            exact = float((1 - (1 - x) ** steps) / x) if x else float(steps)
        found = _modes.power_and_sum(np.array([rate]), np.array([2.0 - rate]), steps)
        assert found[0] == pytest.approx(
            _modes.power(np.array([rate]), np.array([2.0 - rate]), steps), abs=1e-15
        )
        assert found[1][0] == pytest.approx(exact, rel=1e-14, abs=1e-15)

    @pytest.mark.parametrize("size", [2, 3, 10, 1001, 4096])
    @pytest.mark.parametrize("sides", [(0, 0), *itertools.product((1, 2), repeat=2)])
    def test_rate_and_rest_are_accurate(self, size: int, sides: tuple[int, int]) -> None:
        axis = _modes.axis_of(size, (Side(sides[0]), Side(sides[1])), 0.25)
        waves = _modes.waves(axis)
        np.testing.assert_allclose(waves.rate + waves.rest, 1.0, rtol=1e-15)
        assert (np.diff(waves.rate) > 0).all()
        assert (waves.rest >= 0).all()


class TestManySteps:
    STEPS = (2**53 + 1, 2**63 - 1)

    @pytest.mark.parametrize("steps", STEPS)
    @pytest.mark.parametrize("boundary", ["periodic", "neumann"])
    def test_ends_at_the_mean(self, form: str, boundary: str, steps: int) -> None:
        field = random_field(5, 4, 3)
        result = perfpy.diffuse(field, steps, boundary=boundary, method="spectral", backend=form)
        np.testing.assert_allclose(result, field.mean(), rtol=0, atol=1e-15 * field.size)

    @pytest.mark.parametrize("steps", STEPS)
    @pytest.mark.parametrize("size", [3, 40, 301])
    def test_ends_at_a_constant_slope(self, form: str, size: int, steps: int) -> None:
        sides = ("dirichlet", -2.0), ("dirichlet", 5.0)
        result = perfpy.diffuse(
            random_field(size), steps, boundary=[sides], method="spectral", backend=form, dt=0.3
        )
        np.testing.assert_allclose(result, np.linspace(-2.0, 5.0, size), rtol=0, atol=1e-13)

    def test_ends_at_the_value_of_the_one_held_side(self, form: str) -> None:
        for boundary in ([(("dirichlet", 4.0), "neumann")], [("neumann", ("dirichlet", 4.0))]):
            result = perfpy.diffuse(
                random_field(12), 10**9, boundary=boundary, method="spectral", backend=form
            )
            np.testing.assert_allclose(result, 4.0, rtol=1e-14)

    @pytest.mark.parametrize("steps", STEPS)
    def test_a_chequerboard_flips_for_ever(self, form: str, steps: int) -> None:
        """At the limit of stability the fastest mode only changes its sign, in every step."""
        board = np.where(np.indices((6, 8)).sum(axis=0) % 2, 1.0, -1.0)
        result = perfpy.diffuse(board, steps, dt=0.25, method="spectral", backend=form)
        np.testing.assert_allclose(result, -board, rtol=1e-14)

    def test_a_slow_mode_is_still_exact(self, form: str) -> None:
        """A wave that takes 1e18 steps to decay, in steps that change no bit of it one by one."""
        wave = np.cos(2 * np.pi * np.arange(16) / 16)
        result = perfpy.diffuse(wave, 10**18, dt=1e-18, method="spectral", backend=form)
        expected = math.exp(-4 * math.sin(math.pi / 16) ** 2)
        np.testing.assert_allclose(result, expected * wave, rtol=0, atol=1e-14)

    def test_uses_the_weight_that_steps_in_single_use(self, form: str) -> None:
        wave = np.cos(2 * np.pi * np.arange(64) / 64).astype(np.float32)
        steps, dt = 100_000, 0.001
        result = perfpy.diffuse(wave, steps, dt=dt, method="spectral", backend=form)
        rate = 4 * float(np.float32(dt)) * math.sin(math.pi / 64) ** 2
        np.testing.assert_allclose(result, math.exp(steps * math.log1p(-rate)) * wave, rtol=0, atol=3e-7)


class TestPieces:
    """The same field in pieces of another size, on threads, with all modes."""

    FIELDS = (
        ((40, 33), "periodic"),
        ((31, 40), ("neumann", "periodic")),
        ((32, 30), ("periodic", ("dirichlet", "neumann"))),
        ((12, 10, 9), ("periodic", "periodic", "neumann")),
        ((9, 12, 10), (("neumann", "dirichlet"), ("dirichlet", 2.0), "periodic")),
        ((700,), "periodic"),
    )

    @pytest.mark.parametrize("library", ["numpy", "scipy"])
    @pytest.mark.parametrize(("shape", "boundary"), FIELDS)
    @pytest.mark.parametrize("executor", [None, "threads:3"])
    def test_small_pieces(
        self,
        monkeypatch: pytest.MonkeyPatch,
        library: str,
        shape: tuple[int, ...],
        boundary: Any,
        executor: str | None,
    ) -> None:
        pytest.importorskip(library)
        self.assert_unchanged(monkeypatch, "_PIECE", 512, library, shape, boundary, executor)

    @pytest.mark.parametrize("library", ["numpy", "scipy"])
    @pytest.mark.parametrize(("shape", "boundary"), FIELDS)
    def test_modes_left_out(
        self, monkeypatch: pytest.MonkeyPatch, library: str, shape: tuple[int, ...], boundary: Any
    ) -> None:
        pytest.importorskip(library)
        self.assert_unchanged(monkeypatch, "_NEGLIGIBLE", -math.inf, library, shape, boundary, None)

    @staticmethod
    def assert_unchanged(
        monkeypatch: pytest.MonkeyPatch,
        setting: str,
        value: float,
        library: str,
        shape: tuple[int, ...],
        boundary: Any,
        executor: str | None,
    ) -> None:
        def run() -> NDArray[Any]:
            return perfpy.diffuse(
                random_field(*shape),
                400,
                boundary=boundary,
                method="spectral",
                backend=library,
                executor=executor,
            )

        expected = run()
        monkeypatch.setattr(_spectral, setting, value)
        np.testing.assert_allclose(run(), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(31,), (9, 31), (30, 16), (5, 7, 9), (5, 6, 9), (4, 9, 8)])
def test_libraries_are_given_arrays_of_whole_numbers(shape: tuple[int, ...], dtype: type) -> None:
    """Real numbers taken as complex ones lie at odd places in rows of odd length: scipy 1.18 refuses them."""
    seen = []

    def checked(transform: Callable[..., Array]) -> Callable[..., Array]:
        def call(values: Array, *arguments: Any) -> Array:
            seen.append(values.dtype.kind)
            assert all(stride % values.itemsize == 0 for stride in values.strides)
            return transform(values, *arguments)

        return call

    library = _spectral.Transforms(
        *({kind: checked(function) for kind, function in way.items()} for way in _spectral_numpy.TRANSFORMS)
    )
    for sides in itertools.product(SIDES, repeat=len(shape)):
        problem = _arguments.problem(
            random_field(*shape).astype(dtype), 500, 1.0, 0.1, 1.0, list(sides), "spectral"
        )
        out = np.empty_like(problem.start)
        _spectral.diffuse(problem, out, library)
        expected = perfpy.diffuse(
            problem.start, 500, method="spectral", backend="numpy", boundary=list(sides)
        )
        assert out.tobytes() == expected.tobytes()
    assert "c" in seen


class TestCells:
    def test_held_ones_do_not_change(self, form: str) -> None:
        field = random_field(6, 7)
        field[0, 3] = -0.0
        result = perfpy.diffuse(
            field, 100, boundary=(("dirichlet", "neumann"), "dirichlet"), method="spectral", backend=form
        )
        assert result[0].tobytes() == field[0].tobytes()
        assert result[:, [0, -1]].tobytes() == field[:, [0, -1]].tobytes()
        assert (result[1:, 1:-1] != field[1:, 1:-1]).all()

    @pytest.mark.parametrize("boundary", ["periodic", "neumann", ("periodic", "neumann")])
    def test_mass_is_conserved(self, form: str, boundary: Any) -> None:
        field = np.random.default_rng(7).random((11, 12))
        result = perfpy.diffuse(field, 12345, boundary=boundary, method="spectral", backend=form)
        assert result.sum() == pytest.approx(field.sum(), rel=1e-14)

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("boundary", ["periodic", "neumann", "dirichlet", ("dirichlet", 0.0)])
    def test_near_the_largest_number(self, form: str, dtype: type, boundary: Any) -> None:
        """Sums over the cells overflow, the field does not."""
        largest = float(np.finfo(dtype).max)
        field: NDArray[Any] = np.random.default_rng(5).uniform(0.5, 1.0, (8, 9)).astype(dtype)
        options: Any = {"boundary": boundary, "method": "spectral", "backend": form}
        small, large = (
            perfpy.diffuse((field * factor).astype(dtype), 30, **options) for factor in (1.0, largest)
        )
        np.testing.assert_allclose(large / largest, small, rtol=0, atol=4 * float(np.finfo(dtype).eps))

    def test_the_callers_field_is_not_changed(self, form: str) -> None:
        field = random_field(9, 8)
        before = field.copy()
        perfpy.diffuse(field, 5, method="spectral", backend=form, boundary="neumann")
        assert field.tobytes() == before.tobytes()

    def test_into_the_field_itself(self, form: str) -> None:
        field = random_field(9, 8)
        expected = perfpy.diffuse(field, 5, method="spectral", backend=form)
        assert perfpy.diffuse(field, 5, method="spectral", backend=form, out=field) is field
        assert field.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("kind", "forward", "inverse"),
    [
        (_modes.Kind.COSINE, lambda x, axis: scipy_fft().dct(x, 2, axis=axis), "idct"),
        (_modes.Kind.SINE, lambda x, axis: scipy_fft().dst(x, 1, axis=axis), "idst"),
    ],
    ids=["cosine", "sine"],
)
@pytest.mark.parametrize("size", [1, 2, 3, 8, 13])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_transforms_by_numpy_are_those_of_scipy(
    kind: _modes.Kind,
    forward: Callable[[NDArray[Any], int], NDArray[Any]],
    inverse: str,
    size: int,
    axis: int,
) -> None:
    values = np.moveaxis(random_field(size, 4, 3), 0, axis).copy()
    modes = forward(values, axis)
    transforms = _spectral_numpy.TRANSFORMS
    np.testing.assert_allclose(transforms.forward[kind](values, axis, False), modes, atol=1e-13)
    np.testing.assert_allclose(transforms.inverse[kind](modes, axis, size, False), values, atol=1e-13)
    fewer = np.moveaxis(np.moveaxis(modes, axis, 0)[: max(1, size // 2)], 0, axis)
    kind_number = 2 if inverse == "idct" else 1
    expected = getattr(scipy_fft(), inverse)(fewer, kind_number, n=size, axis=axis)
    np.testing.assert_allclose(transforms.inverse[kind](fewer, axis, size, False), expected, atol=1e-13)


def scipy_fft() -> Any:
    pytest.importorskip("scipy")
    return importlib.import_module("scipy.fft")
