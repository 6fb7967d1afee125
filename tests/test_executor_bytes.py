"""What is sent with each piece: large values go to each worker about once, parts of an array go once."""

from __future__ import annotations

import concurrent.futures
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import perfpy
from perfpy import _division, executors
from perfpy.executors import _sent

WORKERS = 3


class Sending:
    """Makes calls at once, of what arrives where everything is sent as bytes; knows all of these."""

    _max_workers = WORKERS

    def __init__(self) -> None:
        self.calls: list[bytes] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        self.calls.append(pickle.dumps((fn, args, kwargs)))
        function, args, kwargs = pickle.loads(self.calls[-1])
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def containing(self, some: np.ndarray) -> int:
        """Count the calls that some elements were sent with."""
        return sum(some.tobytes() in call for call in self.calls)


@pytest.fixture(autouse=True)
def nothing_was_sent_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sent, "_kept", _sent._Values())


def axis(size: int) -> np.ndarray:
    return np.sort(np.random.default_rng(size).uniform(-1.5, 1.5, size))


def test_columns_of_a_grid() -> None:
    where, x, y = Sending(), axis(3000), axis(200)
    counts = perfpy.julia(x, y, max_iterations=50_000, executor=where)
    assert len(where.calls) > 4 * WORKERS
    assert where.containing(x[1000:1004]) == WORKERS
    assert where.containing(y[100:102]) <= 2  # pieces that came back undone are sent again
    np.testing.assert_array_equal(counts, perfpy.julia(x, y, max_iterations=50_000))
    perfpy.julia(x, axis(300), max_iterations=50_000, executor=where)
    assert where.containing(x[1000:1004]) == WORKERS  # the workers have them


@pytest.mark.parametrize("boundary", ["periodic", "neumann"])
def test_diffusivity_of_a_field(boundary: Any) -> None:
    rng = np.random.default_rng(3)
    field, diffusivity = rng.random((400, 30)), rng.random((400, 30))
    where = Sending()
    arguments = {"diffusivity": diffusivity, "boundary": boundary}
    found = perfpy.diffuse(field, 200, **arguments, executor=where)
    assert len(where.calls) > 4 * WORKERS
    assert where.containing(diffusivity[200, 10:14]) == WORKERS
    np.testing.assert_array_equal(found, perfpy.diffuse(field, 200, **arguments))


def test_empty_structures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_division, "_LEAST_SENT", 5000)
    keys = np.random.default_rng(1).integers(0, 2**60, 400_000)
    for make in (perfpy.count_min, perfpy.hyperloglog, perfpy.linear_counting, perfpy.superloglog):
        where = Sending()
        made = make(keys, executor=where)
        assert made == make(keys)
        assert len(where.calls) > WORKERS + 2
        assert where.containing(keys[100_000:100_004]) <= 2
        assert sum(map(len, where.calls)) < 1.5 * keys.nbytes + (1 + WORKERS) * len(pickle.dumps(make()))


def test_what_comes_back_is_bound_by_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few large structures come back, not one for each few keys."""
    keys = np.arange(3_000_000)
    where = Sending()
    made = perfpy.bloom_filter(20_000_000, items=keys, executor=where)
    assert made.nbytes * len(where.calls) <= 16 * keys.nbytes
    assert made == perfpy.bloom_filter(20_000_000, items=keys)


def test_numbers_to_test() -> None:
    where = Sending()
    numbers = np.random.default_rng(2).integers(0, 2**63, 400_000, np.uint64)
    np.testing.assert_array_equal(perfpy.is_prime(numbers, executor=where), perfpy.is_prime(numbers))
    assert where.containing(numbers[200_000:200_002]) == 1
    assert sum(map(len, where.calls)) < 1.1 * numbers.nbytes


@pytest.mark.parametrize(
    "call",
    [
        lambda where: perfpy.count_primes(10**9, 3 * 10**9, executor=where),
        lambda where: perfpy.count_primes(10**8, backend="numpy", executor=where),
        lambda where: perfpy.primes(10**8, executor=where).size,
        lambda where: perfpy.nth_prime(10**9, executor=where),
        lambda where: perfpy.estimate_pi(10**9, seed=1, executor=where),
    ],
)
def test_numbers_are_not_arrays(call: Callable[[Any], Any]) -> None:
    where = Sending()
    assert call(where) == call(None)
    assert max(map(len, where.calls)) < 1000


# How values get there


def element(piece: int, array: np.ndarray, factor: int) -> int:
    return int(array[piece]) * factor


def test_a_worker_without_the_value_is_sent_it_again() -> None:
    array = np.arange(10**4)

    class Forgetful(Sending):
        """Has another process, which knows nothing, for every fifth call."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
            if len(self.calls) % 5 == 0:
                _sent._kept._values.clear()
            return super().submit(fn, *args, **kwargs)

    where = Forgetful()
    found: dict[int, int] = {}
    executors.run(executors.engine(where), element, (executors.Sent(array), 3), range(100), found.__setitem__)
    assert found == {index: 3 * index for index in range(100)}


def test_what_is_small_or_in_the_same_memory_is_an_argument_like_others() -> None:
    small, large = executors.Sent(np.arange(10)), executors.Sent(np.arange(10**4))
    assert not _sent.refer(_sent.forms((small, 1))[0])
    assert _sent.refer(_sent.forms((large, 1))[0])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for where in (pool, "threads:2"):
            found: dict[int, bool] = {}
            executors.run(executors.engine(where), same, (large, large.value), range(9), found.__setitem__)
            assert found == dict.fromkeys(range(9), True)


def same(piece: int, one: Any, other: Any) -> bool:
    return one is other


def test_a_worker_keeps_what_was_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sent, "_KEPT", 10_000)
    carriers = [_sent.forms((executors.Sent(bytes([digit]) * 6000),))[1][0] for digit in range(4)]
    values = _sent._Values()
    for carrier in carriers[:2]:
        assert values.add(carrier) == pickle.loads(carrier.packed)
    values.find(carriers[0].reference)
    values.add(carriers[2])
    with pytest.raises(KeyError):
        values.find(carriers[1].reference)
    assert values.find(carriers[0].reference) == bytes(6000)
