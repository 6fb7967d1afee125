"""Rounds of wall-clock time, what they say, and when two of them say the same."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

#: Medians of fresh processes that run one and the same backend scatter by 2 to 4 % (standard deviation over 9
#: processes each of ``c``, ``cffi`` and ``cython`` on the small workload of ``julia``), so that two of them
#: seldom differ by more than 2 * 5 %. A process that other programs disturb can take twice as long: no rule
#: helps there.
PROCESS_NOISE = 0.05

_BUDGET = 0.5  # seconds of rounds per backend, unless a single call is longer
_FEWEST, _MOST = 3, 200


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds per call over the rounds of one backend.

    Attributes
    ----------
    minimum, median : float
        The shortest and the middle round.
    low, high : float
        Confidence interval of the median, at least 95 % where there are six rounds or more; the range of all
        rounds where there are fewer.
    rounds : int
        How many calls were timed.
    """

    minimum: float
    median: float
    low: float
    high: float
    rounds: int

    @property
    def spread(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2


def summarise(seconds: Sequence[float]) -> Timing:
    """Reduce the times of single calls to what the report shows."""
    ordered = sorted(seconds)
    skip = _outside_interval(len(ordered))
    return Timing(
        minimum=ordered[0],
        median=median(ordered),
        low=ordered[skip],
        high=ordered[len(ordered) - 1 - skip],
        rounds=len(ordered),
    )


def _outside_interval(count: int) -> int:
    """Return how many values lie on each side of the 95 % interval of the median.

    The number of values below the true median is binomial with p = 1/2, whatever the distribution of the
    times; the interval between the order statistics k and count - 1 - k misses it with probability
    2 * P(X <= k).
    """
    tail, outside = 0.0, 0
    for k in range(count // 2):
        tail += math.comb(count, k) / 2**count
        if 2 * tail > 0.05:
            break
        outside = k
    return outside


def tied(one: Timing, other: Timing, noise: float = PROCESS_NOISE) -> bool:
    """Tell whether the difference of two backends is within the noise.

    It is when the confidence intervals of their medians overlap after each end has been moved outwards by the
    noise between processes.
    """
    slower, faster = (one, other) if one.median >= other.median else (other, one)
    return slower.low * (1 - noise) <= faster.high * (1 + noise)


def ranks(timings: Sequence[Timing]) -> list[int]:
    """Return for each backend 1 + how many are faster by more than the noise."""
    return [
        1 + sum(other.median < mine.median and not tied(mine, other) for other in timings) for mine in timings
    ]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a call took, and its result."""
    start = perf_counter()
    result = call()
    return perf_counter() - start, result


def warm_rounds(
    call: Callable[[], Any], *, first: float, rounds: int | None, seconds_left: float
) -> tuple[list[float], Any]:
    """Time a call that has been made once already, and return all times and the last result.

    Parameters
    ----------
    call : callable
        What is timed.
    first : float
        Seconds that the first call took.
    rounds : int, optional
        How many rounds; if left out, as many as fit a small budget, and at least three.
    seconds_left : float
        No round is begun that would not end within this time; there may be none at all.
    """
    seconds: list[float] = []
    expected, spent, result = first, 0.0, None
    collected = gc.isenabled()
    gc.disable()
    try:
        while spent + expected < seconds_left and _wanted(len(seconds), spent, rounds):
            result = None  # free the last result outside the timed region, as a caller who drops it would
            elapsed, result = timed(call)
            seconds.append(elapsed)
            expected, spent = elapsed, spent + elapsed
    finally:
        if collected:
            gc.enable()
    return seconds, result


def _wanted(done: int, spent: float, rounds: int | None) -> bool:
    if rounds is not None:
        return done < rounds
    return done < _FEWEST or (spent < _BUDGET and done < _MOST)
