"""The count does not depend on where the points are counted."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import pytest

import perfpy
from perfpy.techniques.pi import ESTIMATE_PI

TECHNIQUE = "estimate_pi"
SAMPLES = 3_000_001


@pytest.mark.parametrize("executor", ["threads:1", "threads:3", "processes:2"])
def test_same_on_every_executor(backend: str, executor: str) -> None:
    samples = 20_001 if backend == "python" else SAMPLES
    alone = perfpy.estimate_pi(samples, seed=8)
    assert perfpy.estimate_pi(samples, seed=8, backend=backend, executor=executor) == alone


def test_on_an_executor_of_ones_own() -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert perfpy.estimate_pi(SAMPLES, seed=8, executor=pool) == perfpy.estimate_pi(SAMPLES, seed=8)


def test_one_point(backend: str) -> None:
    assert perfpy.estimate_pi(1, seed=8, backend=backend, executor="threads:2") == perfpy.estimate_pi(
        1, seed=8
    )


@pytest.fixture
def local_backend() -> Any:
    def count(seed: int, start: int, stop: int) -> int:
        if start:
            raise OverflowError(f"at {start}")
        return stop

    before = dict(ESTIMATE_PI.table)
    perfpy.register_backend("estimate_pi", "mine", count)
    yield "mine"
    ESTIMATE_PI.table.clear()
    ESTIMATE_PI.table.update(before)
    ESTIMATE_PI.clear()


def test_what_a_piece_raises_arrives(local_backend: str) -> None:
    with pytest.raises(OverflowError, match="at "):
        perfpy.estimate_pi(10**10, backend=local_backend, executor="threads:2")


def test_a_function_that_cannot_be_sent(local_backend: str) -> None:
    with pytest.raises(TypeError, match="backend 'mine' of 'estimate_pi' cannot be sent"):
        perfpy.estimate_pi(10**6, backend=local_backend, executor="processes:2")
