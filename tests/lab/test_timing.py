import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfpy.lab.timing import PROCESS_NOISE, Timing, ranks, summarise, tied, timed, warm_rounds

positive = st.floats(1e-9, 1e3)


def around(median, half_width=0.0, rounds=20):
    return Timing(median - half_width, median, median - half_width, median + half_width, rounds)


def test_summary_of_a_few_rounds_shows_their_range():
    summary = summarise([0.3, 0.1, 0.2])
    assert summary == Timing(minimum=0.1, median=0.2, low=0.1, high=0.3, rounds=3)
    assert summary.spread == pytest.approx(0.1)


def test_summary_of_one_round():
    assert summarise([0.5]) == Timing(0.5, 0.5, 0.5, 0.5, 1)


def test_one_outlier_of_many_moves_neither_median_nor_interval():
    quiet = [1.0 + k / 1000 for k in range(21)]
    assert summarise([*quiet[:-1], 100.0]).high == summarise(quiet).high < 1.02


@pytest.mark.parametrize("count", range(1, 201))
def test_interval_of_the_median_is_the_narrowest_that_covers_95_per_cent(count):
    summary = summarise([float(k) for k in range(count)])
    skipped = int(summary.low)
    assert summary.high == count - 1 - skipped

    def missed(skip):  # P(fewer than skip + 1 of count values lie below the median), on both sides
        return 2 * sum(math.comb(count, k) for k in range(skip + 1)) / 2**count

    if count >= 6:
        assert missed(skipped) <= 0.05 < missed(skipped + 1)
    else:
        assert skipped == 0


@given(st.lists(positive, min_size=1, max_size=50))
def test_summary_is_ordered(seconds):
    summary = summarise(seconds)
    assert summary.minimum <= summary.low <= summary.median <= summary.high <= max(seconds)
    assert summary.spread >= 0


def test_difference_within_the_noise_is_a_tie():
    assert tied(around(1.0), around(1.0 + 1.9 * PROCESS_NOISE))
    assert not tied(around(1.0), around(1.0 + 2.5 * PROCESS_NOISE))
    assert tied(around(1.0, 0.2), around(1.0 + 2.5 * PROCESS_NOISE))


@given(positive, positive, st.floats(0, 0.5), st.floats(0, 0.5))
def test_tie_is_mutual(one, other, wide, wider):
    first, second = around(one, one * wide), around(other, other * wider)
    assert tied(first, second) == tied(second, first)
    assert tied(first, first)


def test_rank_counts_those_that_are_really_faster():
    assert ranks([around(3.0), around(1.0), around(1.01), around(2.0)]) == [4, 1, 1, 3]


@pytest.mark.alone
def test_timed_returns_seconds_and_result():
    seconds, result = timed(lambda: time.sleep(0.02) or "done")
    assert result == "done"
    assert 0.02 <= seconds < 0.5


def test_warm_rounds_as_many_as_asked_for():
    calls = []
    seconds, result = warm_rounds(lambda: calls.append(1) or len(calls), first=0, rounds=7, seconds_left=10)
    assert len(seconds) == len(calls) == result == 7


def test_at_least_three_rounds_of_a_slow_call():
    seconds, _ = warm_rounds(lambda: time.sleep(0.3), first=0.3, rounds=None, seconds_left=60)
    assert len(seconds) == 3


@pytest.mark.alone
def test_no_round_is_begun_that_would_not_end_in_time():
    assert warm_rounds(lambda: 1 / 0, first=5.0, rounds=None, seconds_left=4.0) == ([], None)
    seconds, _ = warm_rounds(lambda: time.sleep(0.1), first=0.1, rounds=100, seconds_left=0.35)
    assert 1 <= len(seconds) <= 3
