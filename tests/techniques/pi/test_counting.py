"""All backends count the same points, in any parts."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy.techniques.pi import ESTIMATE_PI
from perfpy.techniques.pi._stream import RUN

TECHNIQUE = "estimate_pi"
SEEDS = st.integers(0, 2**64 - 1)
#: Lengths around what backends do at a time: a run, a vector of runs, an array of them.
LENGTHS = st.one_of(
    st.integers(0, 3 * RUN),
    st.builds(
        lambda runs, more: max(0, runs * RUN + more),
        st.sampled_from([4, 8, 16, 17]),
        st.integers(-2, 2),
    ),
)
STARTS = st.one_of(
    st.just(0), st.integers(0, 5 * RUN), st.integers(2**42 - 20 * RUN, 2**42), st.just(2**62 + 1)
)


@cache
def expected(seed: int, start: int, stop: int) -> int:
    return int(ESTIMATE_PI["python"](seed, start, stop))


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, start=STARTS, length=LENGTHS)
def test_counts_of_the_reference(backend: str, seed: int, start: int, length: int) -> None:
    stop = start + length
    assert ESTIMATE_PI[backend](seed, start, stop) == expected(seed, start, stop)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, start=st.integers(0, 2**63 - 10**6), cuts=st.lists(st.integers(0, 3 * 10**5), min_size=3))
def test_parts_add_up(backend: str, seed: int, start: int, cuts: list[int]) -> None:
    """Parts of any length, by every backend but the reference; the whole by C."""
    if backend == "python":
        pytest.skip("the other tests hold every backend equal to it")
    ends = [start + cut for cut in sorted(cuts)]
    whole = ESTIMATE_PI["c"](seed, ends[0], ends[-1])
    assert sum(ESTIMATE_PI[backend](seed, *pair) for pair in pairwise(ends)) == whole


def test_the_last_points(backend: str) -> None:
    assert ESTIMATE_PI[backend](5, 2**63 - 1500, 2**63) == expected(5, 2**63 - 1500, 2**63)


def test_many_arrays_of_runs(backend: str) -> None:
    """More runs than any backend takes at a time, and a part of one; the count is the reference's."""
    if backend == "python":
        pytest.skip("its count is the one expected here, but takes seconds")
    count = 4500 * RUN + 77
    assert perfpy.estimate_pi(count, seed=9, backend=backend).inside == 3_618_600


@pytest.mark.parametrize("seed", [0, 1, 2, 2**63, 2**64 - 1])
def test_value_is_within_five_standard_errors(seed: int) -> None:
    estimate = perfpy.estimate_pi(10**8, seed=seed)
    assert abs(estimate.value - math.pi) < 5 * estimate.standard_error


def test_errors_scatter_as_they_say() -> None:
    """The errors of 2,000 seeds, in units of the standard error: a normal distribution, no two alike."""
    estimates = [perfpy.estimate_pi(200_000, seed=seed) for seed in range(2000)]
    scores = np.array([(estimate.value - math.pi) / estimate.standard_error for estimate in estimates])
    assert abs(scores.mean()) < 4 / math.sqrt(2000)
    assert abs(scores.std() - 1) < 4 / math.sqrt(2 * 2000)
    assert abs(np.corrcoef(scores[:-1], scores[1:])[0, 1]) < 4 / math.sqrt(2000)


def test_runs_of_a_seed_scatter_as_they_say() -> None:
    """The same of 5,000 neighbouring runs: how they begin does not show."""
    count = ESTIMATE_PI["c"]
    inside = np.array([count(11, run * RUN, (run + 1) * RUN) for run in range(5000)])
    part = math.pi / 4
    scores = (inside - RUN * part) / math.sqrt(RUN * part * (1 - part))
    assert abs(scores.mean()) < 4 / math.sqrt(5000)
    assert abs(scores.std() - 1) < 4 / math.sqrt(2 * 5000)
    assert abs(np.corrcoef(scores[:-1], scores[1:])[0, 1]) < 4 / math.sqrt(5000)


class TestEstimate:
    def test_value_and_standard_error(self) -> None:
        estimate = perfpy.PiEstimate(samples=400, inside=300, seed=1)
        points = np.repeat([4.0, 0.0], [300, 100])
        assert estimate.value == float(estimate) == points.mean()
        assert math.isclose(estimate.standard_error, points.std(ddof=1) / math.sqrt(400))

    def test_of_one_point_no_error_is_known(self) -> None:
        estimate = perfpy.estimate_pi(1, seed=3)
        assert estimate.value in (0.0, 4.0)
        assert math.isnan(estimate.standard_error)
        assert str(estimate).endswith("+- unknown")

    def test_text(self) -> None:
        assert str(perfpy.PiEstimate(10**6, 785_166, 1)) == "3.1407 +- 0.0016"

    def test_a_seed_is_chosen_and_told(self) -> None:
        first, second = perfpy.estimate_pi(5000), perfpy.estimate_pi(5000)
        assert first.seed != second.seed
        assert perfpy.estimate_pi(5000, seed=first.seed) == first

    def test_numbers_of_other_types(self) -> None:
        assert perfpy.estimate_pi(1e4, seed=np.uint64(2**64 - 1)) == perfpy.estimate_pi(10**4, seed=2**64 - 1)
