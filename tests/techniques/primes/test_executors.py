"""Results that depend neither on the executor nor on the pieces."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import perfpy
from perfpy.techniques.primes import _pieces

OWN = [row.name for row in perfpy.backends("primes") if row.available and not row.peer]
EXECUTORS = ["threads:1", "threads:2", "processes:2", "pool of threads", "pool of processes"]
INTERVALS = [(0, 0), (0, 100), (7, 8), (10**5, 5 * 10**5), (10**12, 10**12 + 10**5), (2**64 - 5000, 2**64)]


@pytest.fixture(scope="module")
def pools() -> Iterator[dict[str, Executor]]:
    with (
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes,
    ):
        yield {"pool of threads": threads, "pool of processes": processes}


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest, pools: dict[str, Executor]) -> str | Executor:
    return pools.get(request.param, request.param)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make many pieces of short intervals."""
    monkeypatch.setattr(_pieces, "_UNIT", 30 * 2**10)
    monkeypatch.setattr(_pieces, "_AT_LEAST", 0)
    monkeypatch.setattr(_pieces, "_ROOTS", 0)
    monkeypatch.setattr(_pieces, "_AT_WORST", 1e-6)


@pytest.mark.parametrize("chosen", OWN)
@pytest.mark.usefixtures("small_pieces")
def test_same_primes(chosen: str, executor: str | Executor) -> None:
    for start, stop in INTERVALS:
        if chosen == "python" and stop > 10**13:
            continue
        expected = perfpy.primes(start, stop, backend="numpy")
        found = perfpy.primes(start, stop, backend=chosen, executor=executor)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        assert perfpy.count_primes(start, stop, backend=chosen, executor=executor) == expected.size


@pytest.mark.usefixtures("small_pieces")
def test_out_and_types(executor: str | Executor) -> None:
    expected = perfpy.primes(10**6)
    memory = np.zeros(expected.size, np.int64)
    found = perfpy.primes(10**6, out=memory, executor=executor)
    assert found.base is memory or found is memory
    np.testing.assert_array_equal(found, expected)
    strided = np.zeros(2 * expected.size + 2, np.int32)[::2]
    np.testing.assert_array_equal(perfpy.primes(10**6, out=strided, executor=executor), expected)
    assert perfpy.primes(60_000, dtype=np.uint16, executor=executor).dtype == np.uint16


def test_counting_function_in_parts(executor: str | Executor) -> None:
    assert perfpy.count_primes(10**11, backend="c", executor=executor) == 4_118_054_813
    assert perfpy.count_primes(10**10, 10**11, backend="c", executor=executor) == 4_118_054_813 - 455_052_511


def test_pieces_cover_the_interval_once() -> None:
    from perfpy import executors

    engine = executors.engine("threads:2")
    for start, stop in ((0, 10**9), (12_345, 10**7 + 1), (2**64 - 10**10, 2**64), (10**18, 10**18 + 1)):
        pieces = _pieces.Pieces(start, stop, "c", engine)
        place = start
        for number, piece in enumerate(pieces):
            assert (piece.number, piece.start) == (number, place)
            assert piece.start == start or piece.start % 30 == 0
            place = piece.stop
            pieces.measured(piece, 0.01)
        assert place == stop


def test_a_function_that_cannot_be_sent_is_refused() -> None:
    perfpy.register_backend("primes", "local", lambda start, stop, out: 0)
    try:
        with pytest.raises(TypeError, match="'local' of 'primes' cannot be sent to worker processes"):
            perfpy.primes(100, backend="local", executor="processes:2")
        assert perfpy.primes(100, backend="local", executor="threads:2").size == 0
    finally:
        del perfpy.techniques.primes.PRIMES.table["local"]
