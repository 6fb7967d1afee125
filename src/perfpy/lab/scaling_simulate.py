"""`simulate`: made-up work on made-up workers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from perfpy.executors import Sizes

from .scaling_costs import Costs
from .scaling_events import Simulated, by_caller, by_themselves

_UNITS = 1 << 16  # into which work that can be cut anywhere is cut


_FREE = Costs()


def simulate(
    work: float | Sequence[float],
    workers: int | Sequence[float],
    *,
    costs: Costs = _FREE,
    window: int | None = None,
    longest: float = 0.05,
    shortest: float = 0.0,
    uneven: float = 0.0,
    stragglers: float = 0.0,
    delay: float = 10.0,
    seed: int = 0,
) -> Simulated:
    """Simulate work that is divided as perfpy divides it, on any number of workers.

    Nothing is computed. Work that is given as a number of seconds is cut by what cuts the work of techniques,
    which sizes a piece by how long those before it took.

    Parameters
    ----------
    work : float or sequence of float
        Seconds that it takes one worker of speed 1; or those of each piece, in the order in which they are
        handed out.
    workers : int or sequence of float
        How many there are, or how fast each of them is.
    costs : Costs, optional
        What handing out a piece costs, and who does it; nothing, and a caller, if left out.
    window : int, optional
        How many pieces are sent at a time; two for each worker if left out.
    longest, shortest : float, default: 0.05 and 0
        Seconds that a piece should last at most and at least.
    uneven : float, default: 0
        How much the time of equal pieces varies: standard deviation over mean, of a log-normal distribution.
    stragglers : float, default: 0
        Probability that a piece takes `delay` times as long.
    delay : float, default: 10
        See `stragglers`.
    seed : int, default: 0
        Of the random numbers. The same arguments give the same result.

    Returns
    -------
    Simulated
        How long it takes, how many pieces there were, and who computed what when.

    Raises
    ------
    ValueError
        If a number is out of range.

    See Also
    --------
    scaling : Predict from measured calls how a technique scales.

    Examples
    --------
    A second of work on four workers, one of them half as fast:

    >>> from perfpy import lab
    >>> run = lab.simulate(1.0, [1, 1, 1, 0.5], costs=lab.Costs(overhead=100e-6))
    >>> 1 / 3.5 < run.seconds < 1.05 / 3.5
    True
    """
    speeds = _speeds(workers)
    _check_range("longest", longest, above=0.0)
    _check_range("shortest", shortest)
    if window is not None and window < 1:
        raise ValueError(f"window must be at least 1, not {window}")
    chance = _Chance(uneven, stragglers, delay, seed)
    job = _job(work, len(speeds), longest, shortest, chance)
    if costs.taken:
        if window is not None:
            raise ValueError("window must be None where workers take pieces themselves, when they are free")
        return by_themselves(job, job.compute, job.combine, speeds=speeds, costs=costs)
    return by_caller(job, job.compute, job.combine, speeds=speeds, costs=costs, window=window)


class _Job(Protocol):
    """Pieces that come with their time."""

    def __iter__(self) -> Iterator[Any]: ...

    def compute(self, piece: Any) -> float:
        """Return the seconds of a piece."""

    def combine(self, piece: Any, seconds: float) -> None:
        """Take in how long it took."""


def _job(
    work: float | Sequence[float], workers: int, longest: float, shortest: float, chance: _Chance
) -> _Job:
    if isinstance(work, (int, float)):
        return _Cut(work, workers, longest, shortest, chance)
    return _Given(work, chance)


class _Chance:
    """What makes equal pieces take different times."""

    def __init__(self, uneven: float, stragglers: float, delay: float, seed: int) -> None:
        _check_range("uneven", uneven)
        _check_range("stragglers", stragglers, most=1.0)
        _check_range("delay", delay, above=0.0)
        self._random = np.random.default_rng(seed)
        self._sigma = math.sqrt(math.log1p(uneven * uneven))
        self._stragglers = stragglers
        self._delay = delay

    def factor(self) -> float:
        """Return by what the time of the next piece is multiplied: 1 on average, but for stragglers."""
        factor = 1.0
        if self._sigma:
            factor = float(self._random.lognormal(-self._sigma * self._sigma / 2, self._sigma))
        if self._stragglers and self._random.random() < self._stragglers:
            factor *= self._delay
        return factor


class _Cut:
    """Work that can be cut anywhere."""

    def __init__(self, work: float, workers: int, longest: float, shortest: float, chance: _Chance) -> None:
        _check_range("work", work)
        self._unit = work / _UNITS
        self._chance = chance
        self._sizes = Sizes(
            _UNITS if work else 0, workers=workers, most=_UNITS, longest=longest, shortest=shortest
        )

    def __iter__(self) -> Iterator[range]:
        return self._sizes

    def compute(self, piece: range) -> float:
        return len(piece) * self._unit * self._chance.factor()

    def combine(self, piece: range, seconds: float) -> None:
        self._sizes.measured(piece, seconds)


class _Given:
    """Pieces that take so many seconds each."""

    def __init__(self, pieces: Sequence[float], chance: _Chance) -> None:
        for seconds in pieces:
            _check_range("the seconds of a piece", seconds)
        self._pieces = pieces
        self._chance = chance

    def __iter__(self) -> Iterator[float]:
        return iter(self._pieces)

    def compute(self, piece: float) -> float:
        return piece * self._chance.factor()

    def combine(self, piece: float, seconds: float) -> None:
        """Learn nothing: the pieces are what they are."""


def _speeds(workers: int | Sequence[float]) -> Sequence[float]:
    speeds = [1.0] * workers if isinstance(workers, int) else list(workers)
    if not speeds:
        raise ValueError("there must be at least 1 worker")
    for speed in speeds:
        _check_range("the speed of a worker", speed, above=0.0)
    return speeds


def _check_range(name: str, value: float, *, above: float = -math.inf, most: float = math.inf) -> None:
    if not (math.isfinite(value) and value >= 0 and above < value <= most):
        wanted = f"more than {above:g}" if above >= 0 else "at least 0"
        limit = "" if most == math.inf else f" and at most {most:g}"
        raise ValueError(f"{name} must be finite, {wanted}{limit}, not {value!r}")
