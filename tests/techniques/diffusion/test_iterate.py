"""Fields along the way: the same as those of separate calls, from the values that the call was given."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import perfpy
from perfpy.techniques.diffusion import DIFFUSE, _arguments, _choice

METHODS = ("explicit", "spectral", "implicit", "auto")


def random_field(*shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(shape).normal(size=shape)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_fields_are_those_of_separate_calls(data: st.DataObject) -> None:
    """Bit for bit, the last one and those on the way, whether `every` divides the steps or not."""
    shape = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    steps, every = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 40))
    options: Any = {
        "boundary": data.draw(st.sampled_from(["periodic", "neumann", "dirichlet", ("dirichlet", 2.0)])),
        "method": data.draw(st.sampled_from(["explicit", "spectral", "implicit"])),
        "backend": data.draw(st.sampled_from(["python", "numpy"])),
    }
    field: NDArray[Any] = random_field(*shape).astype(data.draw(st.sampled_from(["f8", "f4"])))
    fields = list(perfpy.iter_diffuse(field, steps, every=every, **options))
    ends = [*range(every, steps, every), steps] if steps else []
    assert len(fields) == len(ends)
    for found, end in zip(fields, ends, strict=True):
        expected = perfpy.diffuse(field, end, **options)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", [name for name in DIFFUSE.table if name != "python"])
def test_the_last_field_of_every_backend(name: str) -> None:
    if not next(row for row in perfpy.backends("diffuse") if row.name == name).available:
        pytest.skip("not available")
    field = random_field(20, 17)
    *_, last = perfpy.iter_diffuse(field, 23, every=5, boundary=("neumann", "periodic"), backend=name)
    expected = perfpy.diffuse(field, 23, boundary=("neumann", "periodic"), backend=name)
    assert last.tobytes() == expected.tobytes()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("executor", [None, "threads:2"])
def test_on_executors(method: str, executor: str | None) -> None:
    field = random_field(40, 30)
    options: Any = {"method": method, "backend": "numpy", "executor": executor}
    *_, last = perfpy.iter_diffuse(field, 12, every=5, **options)
    np.testing.assert_allclose(last, perfpy.diffuse(field, 12, **options), rtol=0, atol=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_no_steps_give_no_fields(method: str) -> None:
    assert list(perfpy.iter_diffuse([1.0, 2.0], 0, method=method)) == []


def test_an_empty_field_stays_empty() -> None:
    fields = list(perfpy.iter_diffuse(np.zeros((0, 3)), 4, every=2))
    assert [field.shape for field in fields] == [(0, 3), (0, 3)]


@pytest.mark.parametrize("method", METHODS)
def test_what_the_caller_does_to_arrays_changes_nothing(method: str) -> None:
    field = random_field(8, 6)
    expected = [perfpy.diffuse(field, steps, method=method, backend="numpy") for steps in (2, 4, 5)]
    iterator = perfpy.iter_diffuse(field, 5, every=2, method=method, backend="numpy")
    for wanted in expected:
        field.fill(np.nan)
        found = next(iterator)
        assert found.tobytes() == wanted.tobytes()
        found.fill(np.inf)
    assert next(iterator, None) is None


def test_what_the_caller_does_to_the_diffusivity_changes_nothing() -> None:
    field, diffusivity = random_field(8, 6), np.random.default_rng(1).random((8, 6))
    expected = perfpy.diffuse(field, 4, diffusivity=diffusivity)
    iterator = perfpy.iter_diffuse(field, 4, every=2, diffusivity=diffusivity)
    next(iterator)
    diffusivity.fill(1e9)
    assert next(iterator).tobytes() == expected.tobytes()


def test_the_callers_field_is_not_changed() -> None:
    field = random_field(8, 6)
    before = field.copy()
    list(perfpy.iter_diffuse(field, 5, boundary=("dirichlet", 3.0)))
    assert field.tobytes() == before.tobytes()


def test_fields_are_separate_arrays() -> None:
    fields = list(perfpy.iter_diffuse(random_field(5), 4))
    assert not any(np.shares_memory(a, b) for i, a in enumerate(fields) for b in fields[:i])
    assert all(field.flags.writeable for field in fields)


def test_can_be_left_early() -> None:
    iterator = perfpy.iter_diffuse(random_field(5), 2**62, every=3)
    assert isinstance(iterator, types.GeneratorType)
    assert next(iterator).shape == (5,)
    iterator.close()
    assert next(iterator, None) is None


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"every": 0}, ValueError, "every must be 1 or more, not 0"),
        ({"every": 1.5}, TypeError, "every must be an int, not float: 1.5"),
        ({"dt": 9.0}, ValueError, "dt must be at most"),
        ({"backend": "nunpy"}, ValueError, "did you mean 'numpy'"),
        ({"method": "spectral", "backend": "numba"}, ValueError, "cannot take method='spectral'"),
    ],
)
def test_errors_come_with_the_call(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    """And not with the first field, when the call is out of sight."""
    with pytest.raises(error, match=message):
        perfpy.iter_diffuse([1.0, 2.0], 3, **changes)


class TestChoice:
    """method="auto" never takes all steps at once where that cannot be, and does where it pays."""

    @staticmethod
    def method(field: Any, steps: int, backend: str = "auto", **options: Any) -> str:
        defaults = {"diffusivity": 1.0, "dt": 0.1, "spacing": 1.0, "boundary": "periodic"} | options
        problem = _arguments.problem(field, steps, method="auto", **defaults)
        return _choice.choose(problem, backend).method

    def test_many_steps_at_once(self) -> None:
        assert self.method(np.zeros((640, 640)), 500) == "spectral"
        assert self.method(np.zeros((640, 640)), 500, "numpy") == "spectral"
        assert self.method(np.zeros(3), 2**63 - 1, "python") == "spectral"

    @pytest.mark.parametrize("name", ["auto", "python", "numpy"])
    @pytest.mark.parametrize("shape", [(1,), (30,), (30, 30), (8, 8, 8)])
    @pytest.mark.parametrize("boundary", ["periodic", "neumann", "dirichlet", ("dirichlet", 1.0)])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_few_steps_one_by_one_and_very_many_at_once(
        self, name: str, shape: tuple[int, ...], boundary: Any, dtype: type
    ) -> None:
        field: NDArray[Any] = np.zeros(shape, dtype)
        taken = [self.method(field, steps, name, boundary=boundary) for steps in (1, 2, 3, 10**9, 2**63 - 1)]
        assert taken == ["explicit"] * 3 + ["spectral"] * 2

    @pytest.mark.parametrize(
        "name", [row for row in DIFFUSE.table if row not in ("python", "numpy", "scipy")]
    )
    def test_backends_without_it(self, name: str) -> None:
        assert self.method(np.zeros(5), 10**15, name) == "explicit"

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_fields_that_are_not_finite(self, bad: float) -> None:
        assert self.method([1.0, bad, 2.0], 10**15) == "explicit"
        result = perfpy.diffuse([1.0, bad, 2.0, 3.0, 4.0, 5.0], 1, method="auto", boundary="neumann")
        assert np.isfinite(result[3:]).all()

    def test_a_diffusivity_of_each_cell(self) -> None:
        assert self.method(np.zeros(5), 10**15, diffusivity=np.ones(5)) == "explicit"

    @pytest.mark.parametrize("shape", [(0,), (0, 5)])
    def test_empty_fields(self, shape: tuple[int, ...]) -> None:
        assert self.method(np.zeros(shape), 10**15) == "explicit"

    def test_unknown_backends_are_reported_as_ever(self) -> None:
        with pytest.raises(ValueError, match="did you mean 'numpy'"):
            perfpy.diffuse([1.0, 2.0], 5, method="auto", backend="nunpy")
        with pytest.raises(TypeError, match="backend must be a str"):
            perfpy.diffuse([1.0, 2.0], 5, method="auto", backend=5)  # type: ignore[arg-type]

    def test_a_backend_chosen_in_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERFPY_BACKEND", "diffuse=numba")
        assert self.method(np.zeros((640, 640)), 500) == "explicit"

    def test_without_scipy_by_numpy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(DIFFUSE, "auto", tuple(name for name in DIFFUSE.auto if name != "scipy"))
        assert self.method(np.zeros((640, 640)), 500) == "spectral"

    @pytest.mark.parametrize("method", ["spectral", "implicit"])
    def test_auto_order(self, method: str) -> None:
        """All steps at once by scipy, implicit ones by C, where both are there."""
        pytest.importorskip("scipy")
        needs = (("method", method), ("diffusivity", "number"))
        assert DIFFUSE.resolve("auto", needs) == {"spectral": "scipy", "implicit": "c"}[method]

    def test_a_registered_backend_is_asked_for_steps(self) -> None:
        def mine(problem: Any, out: Any) -> None:
            assert problem.method == "explicit"
            out[...] = 7.0

        perfpy.register_backend("diffuse", "mine", mine)
        try:
            result = perfpy.diffuse(np.zeros((64, 64)), 10**6, method="auto", backend="mine")
        finally:
            del DIFFUSE.table["mine"]
            DIFFUSE.clear()
        assert (result == 7.0).all()

    def test_both_choices_agree(self) -> None:
        field = random_field(50, 60)
        for steps in (2, 100, 1000, 3000):
            auto, stepped = (perfpy.diffuse(field, steps, method=method) for method in ("auto", "explicit"))
            np.testing.assert_allclose(auto, stepped, rtol=0, atol=1e-12 * np.abs(field).max())
