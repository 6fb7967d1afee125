"""Diffusion on executors: the same field as in one thread, bit for bit, however it is cut up."""

from __future__ import annotations

import itertools
import pickle
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy.executors import Engine, Reach
from perfpy.techniques.diffusion import DIFFUSE, _arguments, _pieces, _slabs
from perfpy.techniques.diffusion._slabs import Schedule, Slab

TECHNIQUE = "diffuse"
AXES = ("periodic", *itertools.product(("dirichlet", "neumann"), repeat=2))
SHAPES = [(1,), (2,), (7,), (40,), (1, 5), (2, 3), (7, 1), (13, 17), (3, 2, 5), (11, 4, 3), (2, 1, 1)]
CUTS = [(1, 1), (2, 3), (5, 2), (3, 4), (7, 1), (4, 100)]  # steps of a pass, rows of a slab


class Forced(Schedule):
    """As many steps and rows at a time as a test wants."""

    cut = 1, 1

    def _wanted(self):
        return self.cut[0]

    def _height(self, _):
        return self.cut[1]


@pytest.fixture(params=CUTS, ids=lambda cut: f"{cut[0]}-steps-{cut[1]}-rows")
def forced(request, monkeypatch):
    monkeypatch.setattr(Forced, "cut", request.param)
    monkeypatch.setattr(_pieces, "Schedule", Forced)


@pytest.fixture(autouse=True)
def _divided(monkeypatch):
    """Divide the work of every backend, as on an interpreter without lock."""
    monkeypatch.setattr(_pieces.executors, "gil_enabled", lambda: False)


def field_of(shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def boundary_of(*axes):
    return list(axes)


def mixes():
    """Shapes with sides, such that each shape meets several mixes and each mix of two axes is met."""
    for index, pair in enumerate(itertools.product(AXES, repeat=2)):
        yield (9, 5) if index % 2 else (6, 11), boundary_of(*pair)
    for shape, first in itertools.product(SHAPES, AXES):
        yield shape, boundary_of(first, *itertools.islice(itertools.cycle(reversed(AXES)), len(shape) - 1))


def same(result, expected, backend):
    if DIFFUSE.table[backend].traits.exact:
        np.testing.assert_array_equal(result, expected)
    else:
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


class InTurn:
    """An executor of which nothing is known: pickles what it is given, as one on another machine would."""

    def submit(self, function, /, *arguments):
        future = Future()
        future.set_running_or_notify_cancel()
        call, values = pickle.loads(pickle.dumps((function, arguments)))
        try:
            future.set_result(pickle.loads(pickle.dumps(call(*values))))
        except Exception as error:
            future.set_exception(error)
        return future


class TestCuts:
    """Any way to cut a field up gives the same."""

    @pytest.mark.parametrize("executor", ["threads:2", InTurn()], ids=["threads", "values"])
    def test_sides_and_shapes(self, forced, executor):
        for shape, boundary in mixes():
            field = field_of(shape)
            options = {"boundary": boundary, "spacing": [1.0, 1.5, 1.25][: len(shape)], "backend": "numpy"}
            expected = perfpy.diffuse(field, 7, **options)
            result = perfpy.diffuse(field, 7, **options, executor=executor)
            np.testing.assert_array_equal(result, expected, err_msg=f"{shape} {boundary}")

    @pytest.mark.parametrize("executor", ["threads:2", InTurn()], ids=["threads", "values"])
    def test_the_diffusivity_of_each_cell_goes_along(self, forced, executor):
        for shape, axis in itertools.product([(7,), (13, 4), (5, 3, 4)], AXES):
            options = {
                "diffusivity": np.random.default_rng(1).random(shape),
                "boundary": boundary_of(axis, *["neumann"] * (len(shape) - 1)),
                "backend": "numpy",
            }
            field = field_of(shape)
            expected = perfpy.diffuse(field, 7, **options)
            np.testing.assert_array_equal(perfpy.diffuse(field, 7, **options, executor=executor), expected)

    def test_backends(self, forced, backend):
        if backend == "c":
            pytest.skip("its own pieces are tested below")
        for dtype in (np.float64, np.float32):
            for shape, boundary in (
                ((17, 9), ["periodic", ("dirichlet", "neumann")]),
                ((6, 4, 5), "neumann"),
            ):
                field = field_of(shape, dtype)
                expected = perfpy.diffuse(field, 8, boundary=boundary, backend=backend)
                result = perfpy.diffuse(field, 8, boundary=boundary, backend=backend, executor="threads:2")
                assert result.dtype == dtype
                same(result, expected, backend)

    def test_nan_and_infinity_stay_where_they_belong(self, forced):
        field = field_of((20, 6))
        field[3, 2], field[15, 4] = np.nan, np.inf
        expected = perfpy.diffuse(field, 3, backend="numpy")
        result = perfpy.diffuse(field, 3, backend="numpy", executor="threads:2")
        assert np.isfinite(expected).sum() > 60
        np.testing.assert_array_equal(result, expected)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_slab_and_its_halo_know_enough(data):
    """Steps of what was cut out are those of the whole field, in the rows of the slab."""
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=3)))
    boundary = [data.draw(st.sampled_from(AXES)) for _ in shape]
    field = field_of(shape, seed=data.draw(st.integers(0, 99)))
    steps = data.draw(st.integers(1, 12))
    begin = data.draw(st.integers(0, shape[0] - 1))
    slab = Slab(begin, data.draw(st.integers(begin + 1, shape[0])), steps)
    problem = _arguments.problem(field, steps, 1.0, 0.1, 1.0, boundary, "explicit")
    part, rows = _slabs.cut(slab, problem, problem.start, None)
    assert len(part.start) <= min(shape[0], slab.end - slab.begin + 2 * steps)
    result, expected = np.empty_like(part.start), np.empty_like(field)
    DIFFUSE["python"](part, result)
    DIFFUSE["python"](problem, expected)
    np.testing.assert_array_equal(result[rows], expected[slab.begin : slab.end])


class TestExecutors:
    """The schedule decides."""

    @pytest.mark.parametrize("executor", ["threads:2", "threads:3", "threads:1"])
    @pytest.mark.parametrize("boundary", ["periodic", "neumann", [("dirichlet", "neumann"), "periodic"]])
    def test_threads(self, backend, executor, boundary):
        for shape, steps in (((130, 50), 40), ((3, 2), 9), ((1, 1), 2), ((300, 7), 77)):
            field = field_of(shape)
            before = field.copy()
            expected = perfpy.diffuse(field, steps, boundary=boundary, backend=backend)
            result = perfpy.diffuse(field, steps, boundary=boundary, backend=backend, executor=executor)
            same(result, expected, backend)
            np.testing.assert_array_equal(field, before)

    @pytest.mark.parametrize("shape", [(5000,), (60, 20, 10)], ids=["line", "volume"])
    def test_threads_in_other_dimensions(self, backend, shape):
        if backend == "python":
            shape = tuple(size // 2 for size in shape)
        field = field_of(shape, np.float32)
        expected = perfpy.diffuse(field, 30, backend=backend)
        same(perfpy.diffuse(field, 30, backend=backend, executor="threads:2"), expected, backend)

    @pytest.mark.parametrize("name", ["numpy", "numba", "cffi", "c"])
    def test_processes_and_strangers(self, name):
        if not next(row for row in perfpy.backends("diffuse") if row.name == name).available:
            pytest.skip("not installed")
        field = field_of((150, 40))
        expected = perfpy.diffuse(field, 60, backend=name)
        with ThreadPoolExecutor(2) as pool:
            for executor in ("processes:2", pool, InTurn()):
                np.testing.assert_array_equal(
                    perfpy.diffuse(field, 60, backend=name, executor=executor), expected
                )

    @pytest.mark.parametrize("executor", ["threads:2", "processes:2", InTurn()])
    def test_diffusivity(self, executor):
        field, diffusivity = field_of((90, 31)), np.random.default_rng(2).random((90, 31))
        options = {"diffusivity": diffusivity, "boundary": "neumann"}
        for name in ("python", "numpy", "c"):
            if DIFFUSE.table[name].obstacle() is None:
                expected = perfpy.diffuse(field, 30, **options, backend="numpy")
                result = perfpy.diffuse(field, 30, **options, backend=name, executor=executor)
                np.testing.assert_array_equal(result, expected)

    @pytest.mark.parametrize("executor", ["threads:2", "processes:2", InTurn()])
    def test_out(self, executor):
        field = field_of((64, 30))
        expected = perfpy.diffuse(field, 21, backend="numpy")
        for steps, wanted in ((21, expected), (0, field)):
            out = np.empty_like(field)
            assert perfpy.diffuse(field, steps, backend="numpy", executor=executor, out=out) is out
            np.testing.assert_array_equal(out, wanted)
        memory = field.copy()
        perfpy.diffuse(memory, 21, backend="numpy", executor=executor, out=memory)
        np.testing.assert_array_equal(memory, expected)

    @pytest.mark.parametrize("executor", ["threads:2", "processes:2", InTurn()])
    @pytest.mark.parametrize(
        ("method", "name"),
        [
            (method, row.name)
            for method in ("spectral", "implicit")
            for row in DIFFUSE.table.values()
            if row.cannot((("method", method),)) is None
        ],
    )
    def test_other_methods(self, executor, method, name):
        if not next(row for row in perfpy.backends("diffuse") if row.name == name).available:
            pytest.skip("not installed")
        field = field_of((40, 30))
        expected = perfpy.diffuse(field, 20, method=method, backend=name)
        result = perfpy.diffuse(field, 20, method=method, backend=name, executor=executor)
        np.testing.assert_array_equal(result, expected)

    def test_the_last_result_is_not_a_buffer_of_the_next(self):
        field = field_of((64, 30))
        first = perfpy.diffuse(field, 9, backend="numpy", executor="threads:2")
        kept = first.copy()
        perfpy.diffuse(field, 10, backend="numpy", executor="threads:2")
        np.testing.assert_array_equal(first, kept)
        assert first.flags.owndata or first.base is not field

    def test_a_kernel_s_error_is_the_caller_s(self):
        def broken(problem, out):
            raise ZeroDivisionError("in a piece")

        perfpy.register_backend("diffuse", "broken", broken)
        try:
            with pytest.raises(ZeroDivisionError, match="in a piece"):
                perfpy.diffuse(field_of((20, 20)), 5, backend="broken", executor="threads:2")
            with pytest.raises(TypeError, match=r"'broken' of 'diffuse' cannot be sent .*threads"):
                perfpy.diffuse(field_of((20, 20)), 5, backend="broken", executor="processes:2")
        finally:
            del DIFFUSE.table["broken"]
            DIFFUSE.clear()

    def test_a_mistake_in_the_executor_is_found_whatever_the_method(self):
        for method in ("explicit", "spectral", "implicit"):
            with pytest.raises(ValueError, match="did you mean 'threads'"):
                perfpy.diffuse([1.0, 2.0], 3, method=method, backend="python", executor="threds")

    def test_threads_that_would_wait_for_each_other_are_not_used(self, monkeypatch):
        def refuse(*_):
            raise AssertionError("divided")

        monkeypatch.setattr(_pieces.executors, "gil_enabled", lambda: True)
        monkeypatch.setattr(_pieces.executors, "run", refuse)
        field = field_of((20, 20))
        expected = perfpy.diffuse(field, 5, backend="numpy")
        np.testing.assert_array_equal(
            perfpy.diffuse(field, 5, backend="numpy", executor="threads:2"), expected
        )
        with pytest.raises(AssertionError, match="divided"):
            perfpy.diffuse(field, 5, backend="numpy", executor=InTurn())


class TestSchedule:
    @staticmethod
    def schedule(rows, *, workers=2, first=8):
        return Schedule(rows, Engine(InTurn(), workers, Reach.MEMORY), first=first)

    @pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e-6, 1e-3, 1.0])
    @pytest.mark.parametrize("rows", [1, 3, 1000, 10_000])
    @pytest.mark.parametrize("first", [1, 8])
    def test_every_row_is_in_one_slab_and_every_step_in_one_pass(self, rows, seconds, first):
        schedule = self.schedule(rows, first=first)
        done = 0
        for steps in schedule.passes(101):
            assert steps >= 1
            done += steps
            begin = 0
            for slab in schedule.slabs(steps):
                assert (slab.begin, slab.steps) == (begin, steps)
                assert slab.end > begin
                begin = slab.end
                schedule.measured(slab, seconds)
            assert begin == rows
        assert done == 101

    @staticmethod
    def simulated(monkeypatch, rows, of_pass, row_step, first=8):
        """Let passes take as long as a simple machine would; return how many steps each took."""
        now = [0.0]
        monkeypatch.setattr(_slabs, "perf_counter", lambda: now[0])
        schedule, taken = TestSchedule.schedule(rows, first=first), []
        for steps in schedule.passes(2000):
            taken.append(steps)
            slabs = list(schedule.slabs(steps))
            computed = sum(slab.end - slab.begin + 2 * steps for slab in slabs)
            now[0] += of_pass + computed * steps * row_step / 2
            for slab in slabs:
                schedule.measured(slab, row_step)
        return taken

    @pytest.mark.parametrize("first", [1, 8])
    @pytest.mark.parametrize(
        ("of_pass", "row_step"), [(1e-4, 1e-7), (1e-4, 1e-6), (1e-3, 1e-6), (1e-5, 1e-5), (1e-3, 1e-4)]
    )
    def test_passes_take_the_best_number_of_steps(self, monkeypatch, of_pass, row_step, first):
        taken = self.simulated(monkeypatch, 640, of_pass, row_step, first)
        best = max(1.0, min(80.0, (of_pass / (2 * row_step)) ** 0.5))  # where the derivative is 0
        assert best / 2 <= taken[-2] <= 2 * best

    def test_slow_steps_are_cut_short(self, monkeypatch):
        schedule = self.schedule(640)
        schedule.measured(Slab(0, 1, 1), 1e-2)
        assert next(schedule.passes(100)) == 2  # 4 times as many rows are the 0.2 seconds
        assert [slab.end - slab.begin for slab in schedule.slabs(1)] == [20] * 32

    def test_quick_steps_go_to_each_worker_once(self):
        schedule = self.schedule(640)
        schedule.measured(Slab(0, 1, 1), 1e-7)
        assert [slab.end - slab.begin for slab in schedule.slabs(8)] == [320, 320]

    def test_a_compiler_at_first_is_forgotten(self, monkeypatch):
        schedule = self.schedule(640)
        schedule.measured(Slab(0, 1, 1), 3.0)
        schedule.measured(Slab(0, 1, 1), 1e-7)
        assert len(list(schedule.slabs(8))) == 2
