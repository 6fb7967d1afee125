"""Executors: what ``executor=`` may be, and that the result never depends on it."""

from __future__ import annotations

import concurrent.futures
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import perfpy
from perfpy import executors
from perfpy.executors import Sizes, _pools
from perfpy.techniques.julia import JULIA

AVAILABLE = [row.name for row in perfpy.backends("julia") if row.available]
# Rows in several pieces, an odd number of both, no symmetry.
X = np.linspace(-1.7, 1.6, 131)
Y = np.linspace(1.5, -1.4, 157)


class Foreign:
    """The least that PEP 3148 asks of an executor, running nothing at the same time."""

    def __init__(self) -> None:
        self.submitted = 0

    def __repr__(self) -> str:
        return "foreign"

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        self.submitted += 1
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def register() -> Iterator[Callable[[str, Any], None]]:
    """Register backends for the length of a test."""
    before = dict(JULIA.table)
    yield lambda name, target: perfpy.register_backend("julia", name, target)
    JULIA.table.clear()
    JULIA.table.update(before)
    JULIA.clear()


# What executor= may be


@pytest.mark.parametrize("spec", ["threads", "processes", "threads:1", "threads:3", "processes:2"])
def test_strings_stand_for_pools_that_are_reused(spec: str) -> None:
    executor = executors.resolve(spec)
    assert executor is executors.resolve(spec)
    assert executor.submit(pow, 2, 10).result() == 1024


def test_number_of_workers() -> None:
    assert executors.engine("threads:3").workers == 3
    assert executors.engine("threads").workers == len(os.sched_getaffinity(0))


def test_workers_that_come_late(monkeypatch: pytest.MonkeyPatch) -> None:
    number = [1]
    made = executors.Engine(Foreign(), 1, executors.Reach.NOTHING, counted=lambda: number[0])
    monkeypatch.setattr(_pools, "_made", lambda spec: made)
    monkeypatch.setattr(_pools, "_engines", {})
    first = executors.engine("threads:5")
    assert first.workers == 1
    number[0] = 8
    assert executors.engine("threads:5").workers == 8
    number[0] = 0  # nobody knows
    assert executors.engine("threads:5").workers == 8
    _pools.discard(first)
    assert not _pools._engines


def test_none_and_executors_stand_for_themselves() -> None:
    foreign = Foreign()
    assert executors.resolve(None) is None
    assert executors.resolve(foreign) is foreign


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("thread", "did you mean 'threads'"),
        ("process:2", "did you mean 'processes:2'"),
        ("fast", r"expected None, one of 'threads', 'processes', 'dask', .*'threads:N'"),
        ("", "unknown executor ''"),
        ("threads:", "must be a positive integer, not ''"),
        ("threads:0", "must be a positive integer, not '0'"),
        ("threads:-1", "must be a positive integer"),
        ("processes:two", "must be a positive integer, not 'two'"),
        ("threads:²", "must be a positive integer"),
    ],
)
def test_bad_strings(spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        executors.resolve(spec)
    with pytest.raises(ValueError, match=message):
        perfpy.julia([], [], executor=spec)


@pytest.mark.parametrize("spec", [4, True, object(), Foreign, b"threads"])
def test_bad_objects(spec: Any) -> None:
    with pytest.raises(TypeError, match=r"executor must be None, one of 'threads'.*not"):
        executors.resolve(spec)


# The result does not depend on it


@pytest.mark.parametrize("backend", AVAILABLE)
@pytest.mark.parametrize("executor", ["threads:1", "threads:3", "processes:2", Foreign()], ids=str)
def test_same_result_on_every_executor(backend: str, executor: Any) -> None:
    expected = perfpy.julia(X, Y, max_iterations=70)
    np.testing.assert_array_equal(
        perfpy.julia(X, Y, max_iterations=70, backend=backend, executor=executor), expected
    )


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
@pytest.mark.parametrize("shape", [(1, 200), (200, 1), (1, 1), (0, 5), (5, 0), (0, 0), (2, 33), (97, 64)])
def test_shapes(executor: Any, shape: tuple[int, int]) -> None:
    x, y = np.linspace(-1, 1.2, shape[1]), np.linspace(-1, 1.1, shape[0])
    counts = perfpy.julia(x, y, executor=executor)
    assert counts.shape == shape
    np.testing.assert_array_equal(counts, perfpy.julia(x, y, backend="numpy"))


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (64, 65), (65, 65), (1, 7), (7, 1)])
@pytest.mark.parametrize("max_iterations", [100, 10**9])
def test_symmetric_grids(executor: Any, shape: tuple[int, int], max_iterations: int) -> None:
    y, x = ((np.arange(n) - (n - 1) / 2) * 0.02 for n in shape)
    assert (x == -x[::-1]).all()
    c = 1 + 0.3j  # nothing stays bounded
    counts = perfpy.julia(x, y, c=c, max_iterations=max_iterations, executor=executor)
    np.testing.assert_array_equal(counts, perfpy.julia(x, y, c=c, max_iterations=max_iterations))


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
@pytest.mark.parametrize("backend", AVAILABLE)
def test_rows_are_divided_where_one_is_long_work(backend: str, executor: Any) -> None:
    x, y = X[:40], Y[:3]
    expected = perfpy.julia(x, y, c=1, max_iterations=2**31 - 1)
    counts = perfpy.julia(x, y, c=1, max_iterations=2**31 - 1, backend=backend, executor=executor)
    np.testing.assert_array_equal(counts, expected)


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
def test_non_finite_coordinates(executor: Any) -> None:
    x = np.array([np.nan, -np.inf, -2.0, 0.0, 2.0, np.inf, np.nan])
    np.testing.assert_array_equal(perfpy.julia(x, x, executor=executor), perfpy.julia(x, x))


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
def test_result_goes_into_out(executor: Any) -> None:
    expected = perfpy.julia(X, Y)
    whole = np.full((Y.size + 2, X.size + 2), -1, np.int32)
    out = whole[1:-1, 1:-1]
    assert perfpy.julia(X, Y, executor=executor, out=out) is out
    np.testing.assert_array_equal(out, expected)
    assert (whole[0] == -1).all()
    assert (whole[:, -1] == -1).all()


def test_foreign_pools() -> None:
    expected = perfpy.julia(X, Y)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        np.testing.assert_array_equal(perfpy.julia(X, Y, executor=threads), expected)


def test_calls_from_several_threads_share_a_pool() -> None:
    expected = perfpy.julia(X, Y)
    results: list[Any] = [None] * 6

    def call(index: int) -> None:
        results[index] = perfpy.julia(X, Y, executor="threads:2")

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(results))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("spec", ["threads:1", "processes:1"])
def test_nested_use_does_not_wait_for_itself(spec: str) -> None:
    executor = executors.resolve(spec)
    inner = executor.submit(perfpy.julia, X, Y, executor=spec)
    np.testing.assert_array_equal(inner.result(timeout=60), perfpy.julia(X, Y))


# Pieces


def test_pieces_are_drawn_when_there_is_room() -> None:
    pool = executors.engine("threads:2")
    drawn = 0
    combined = 0
    most = 0

    def pieces() -> Iterator[int]:
        nonlocal drawn, most
        for index in range(500):
            drawn += 1
            most = max(most, drawn - combined)
            yield index

    results = {}

    def combine(piece: int, result: int) -> None:
        nonlocal combined
        combined += 1
        results[piece] = result

    executors.run(pool, lambda piece, factor: piece * factor, (3,), pieces(), combine)
    assert results == {index: 3 * index for index in range(500)}
    assert most <= pool.window


def test_sizes_cover_the_whole_once() -> None:
    rng = np.random.default_rng(0)
    for total in (0, 1, 31, 32, 33, 1000, 12345):
        sizes = Sizes(total, workers=3, most=200, longest=0.05, grain=32)
        seen = []
        for piece in sizes:
            assert 1 <= len(piece) <= 200
            seen.extend(piece)
            sizes.measured(piece, float(rng.exponential()) * 10 ** float(rng.uniform(-6, 0)))
        assert seen == list(range(total))


def test_sizes_follow_measured_work() -> None:
    sizes = Sizes(10**6, workers=2, most=10**6, longest=0.05)
    piece = next(sizes)
    for _ in range(20):
        sizes.measured(piece, len(piece) * 1e-3)
        piece = next(sizes)
    assert 0.02 <= len(piece) * 1e-3 <= 0.05
    for _ in range(20):
        sizes.measured(piece, len(piece) * 1e-5)
        piece = next(sizes)
    assert 0.02 <= len(piece) * 1e-5 <= 0.05


def test_last_pieces_are_small() -> None:
    sizes = Sizes(1000, workers=2, most=1000, longest=10.0, grain=32)
    lengths = []
    for piece in sizes:
        lengths.append(len(piece))
        sizes.measured(piece, len(piece) * 1e-5)
    assert lengths[-2] == 32
    assert max(lengths) <= 1000 // 6
    assert len(lengths) < 30


def test_a_silent_engine_is_asked_whether_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfpy.executors._run._SILENCE", 0.02)
    asked: list[float] = []
    found: dict[float, float] = {}

    def late(piece: float) -> float:
        time.sleep(piece)
        return -piece

    def gone() -> None:
        raise concurrent.futures.BrokenExecutor("nobody is there")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        where = executors.Engine(pool, 2, executors.Reach.MEMORY, check=lambda: asked.append(0))
        executors.run(where, late, (), [0.3, 0.0, 0.1], found.__setitem__)
        assert found == {0.3: -0.3, 0.0: -0.0, 0.1: -0.1}
        assert len(asked) > 2
        where = executors.Engine(pool, 2, executors.Reach.MEMORY, check=gone)
        with pytest.raises(concurrent.futures.BrokenExecutor, match="nobody is there") as info:
            executors.run(where, late, (), [0.5], found.__setitem__)
    assert info.value.__notes__ == ["perfpy was computing 0.5"]


# Errors


def fail_in_kernel(x: Any, y: Any, c: complex, max_iterations: int, out: Any) -> None:
    raise ZeroDivisionError("in a piece")


@pytest.mark.parametrize("executor", ["threads:2", Foreign()], ids=str)
def test_an_error_is_raised_as_it_was_with_its_traceback(
    register: Callable[[str, Any], None], executor: Any
) -> None:
    register("failing", fail_in_kernel)
    with pytest.raises(ZeroDivisionError, match="in a piece") as info:
        perfpy.julia(X, Y, backend="failing", executor=executor)
    assert "fail_in_kernel" in [frame.name for frame in traceback.extract_tb(info.tb)]


@pytest.mark.alone
def test_an_error_cancels_what_has_not_started(register: Callable[[str, Any], None]) -> None:
    calls = []

    def fail_slowly(x: Any, y: Any, c: complex, max_iterations: int, out: Any) -> None:
        calls.append(y.size)
        time.sleep(0.05)
        raise ZeroDivisionError

    register("failing", fail_slowly)
    with pytest.raises(ZeroDivisionError):
        perfpy.julia(X, Y, backend="failing", executor="threads:1")
    time.sleep(0.15)
    assert len(calls) <= 2  # the one that failed, and one that had started before that was known


@pytest.mark.alone
def test_nothing_writes_into_out_after_an_error(register: Callable[[str, Any], None]) -> None:
    out = np.zeros((Y.size, X.size), np.int32)
    first = threading.Event()

    def fail_first(x: Any, y: Any, c: complex, max_iterations: int, out: Any) -> None:
        if not first.is_set():
            first.set()
            raise ZeroDivisionError
        time.sleep(0.2)
        out[:] = 1

    register("failing", fail_first)
    with pytest.raises(ZeroDivisionError):
        perfpy.julia(X, Y, backend="failing", executor="threads:2", out=out)
    left = out.copy()
    time.sleep(0.4)
    np.testing.assert_array_equal(out, left)


def test_functions_of_this_process_run_on_threads_only(register: Callable[[str, Any], None]) -> None:
    def fill(x: Any, y: Any, c: complex, max_iterations: int, out: Any) -> None:
        out[:] = 7

    register("local", fill)
    assert (perfpy.julia(X, Y, backend="local", executor="threads:2") == 7).all()
    with pytest.raises(TypeError, match=r"'local' of 'julia' cannot be sent to worker processes.*threads"):
        perfpy.julia(X, Y, backend="local", executor="processes:2")
