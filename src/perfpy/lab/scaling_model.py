"""A model of how long divided work takes: Amdahl's law, what pieces cost, and how finely work can be cut."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from perfpy.executors import Sizes

from .scaling_costs import Costs
from .scaling_trace import Sample

_UNITS = 1 << 16  # into which the work is cut


@dataclass(frozen=True, slots=True)
class Model:
    """What a call consists of, in seconds.

    Attributes
    ----------
    work : float
        What can be divided, on one worker.
    serial : float
        What nobody shares: before, between and after the jobs that are divided.
    per_worker : float
        What that grows by with each worker after the first: to make its part of the result, and to add that
        to the others.
    per_piece : float
        What the work grows by with each piece.
    costs : Costs
        What handing out costs.
    jobs : float
        How many jobs a call divides one after the other; at the end of each, workers wait for the last.
    slowdown : mapping of int to float
        How many times as long the same pieces take while so many workers compute: what they share, such as
        memory, slows them down. For other numbers of workers, that of the next lower number counts.
    longest, shortest : float
        Of a piece.
    """

    work: float
    serial: float
    per_worker: float
    per_piece: float
    costs: Costs
    jobs: float
    slowdown: Mapping[int, float]
    longest: float
    shortest: float

    def seconds(self, workers: int) -> float:
        """Return how long a call takes on so many workers.

        The parts are: what is serial; for each job, its latency, and the wait for the last of its pieces,
        which on average is as long as half of one where there are many workers; and the rest, which takes as
        long as the workers need for their shares, or as whoever hands out needs for all pieces, if that is
        longer.
        """
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        serial = self.serial + (workers - 1) * self.per_worker
        if not self.jobs:
            return serial
        work = self.work * self.slowdown_on(workers)
        pieces, last = _cut(_rounded(work / self.jobs), workers, self.longest, self.shortest)
        each = self.per_piece + self.costs.overhead + self.costs.dispatch
        shares = (work / self.jobs + pieces * each) / workers
        wait = (1 - 1 / workers) * last / 2
        job = self.costs.latency + max(shares + wait, pieces * self.costs.dispatch)
        return serial + self.jobs * job

    def slowdown_on(self, workers: int) -> float:
        """Return how many times as long pieces take while so many workers compute."""
        return self.slowdown[max((n for n in self.slowdown if n <= workers), default=min(self.slowdown))]

    @property
    def serial_fraction(self) -> float:
        """Share of a call on one worker that nobody shares: Amdahl's limit is one over that."""
        whole = self.serial + self.jobs * self.costs.latency + self.work
        return (self.serial + self.jobs * self.costs.latency) / whole if whole else 1.0


def _rounded(value: float) -> float:
    """Return a value to two digits, so that a model which differs by noise is cut the same way."""
    return float(f"{value:.1e}")


@lru_cache(maxsize=1024)
def _cut(work: float, workers: int, longest: float, shortest: float) -> tuple[int, float]:
    """Return into how many pieces even work is cut, and how long the last ones are, one for each worker."""
    sizes = Sizes(_UNITS, workers=workers, most=_UNITS, longest=longest, shortest=shortest)
    unit = work / _UNITS
    lengths = []
    for piece in sizes:
        lengths.append(len(piece))
        sizes.measured(piece, len(piece) * unit)
    return len(lengths), statistics.fmean(lengths[-workers:]) * unit


def fit(samples: Sequence[Sample], *, longest: float, shortest: float, probe: Sample) -> Model:
    """Fit the model to calls, of which some ran on one worker.

    Parameters
    ----------
    samples : sequence of Sample
        The calls.
    longest, shortest : float
        Of a piece, as the engine has them.
    probe : Sample
        Of pieces of known work on the same engine, for what pieces too few do not show.
    """
    alone = [sample for sample in samples if sample.workers == 1]
    if not alone:
        raise ValueError("there must be calls on one worker to fit a model to")
    divided = [sample for sample in samples if sample.pieces]
    work, per_piece = _line([sample.pieces for sample in alone], [sample.work for sample in alone])
    serial, per_worker = _line([n.workers - 1 for n in samples], [n.outside for n in samples])
    slowdown = {1: 1.0}
    for workers in sorted({sample.workers for sample in samples} - {1}):
        ratios = [
            sample.work / (work + per_piece * sample.pieces)
            for sample in divided
            if sample.workers == workers and work
        ]
        if ratios:
            slowdown[workers] = statistics.median(ratios)
    seen = max((sample.longest for sample in alone), default=longest)
    return Model(
        work=work,
        serial=serial,
        per_worker=per_worker,
        per_piece=per_piece,
        costs=Costs(
            overhead=_overhead(divided, probe),
            dispatch=statistics.median(sample.dispatch for sample in divided or [probe]),
            latency=statistics.median(sample.latency for sample in divided or [probe]),
        ),
        jobs=statistics.median(sample.jobs for sample in samples),
        slowdown=slowdown,
        longest=min(longest, seen) if seen else longest,
        shortest=min(shortest, seen) if seen else shortest,
    )


def _overhead(divided: Sequence[Sample], probe: Sample) -> float:
    found = [sample.overhead for sample in divided if sample.overhead is not None]
    if found:
        return statistics.median(found)
    return probe.overhead or 0.0


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return where a straight line through points begins, at x = 0, and by how much it rises.

    It is level unless it rises by more than twice the standard error: noise must not be multiplied by x.
    """
    level = statistics.median(y)
    spread = np.asarray(x, float) - np.mean(x)
    if len(x) < 3 or not spread.any():
        return level, 0.0
    rise = float(spread @ np.asarray(y)) / float(spread @ spread)
    residuals = np.asarray(y) - np.mean(y) - rise * spread
    error = math.sqrt(float(residuals @ residuals) / (len(x) - 2) / float(spread @ spread))
    start = float(np.mean(y)) - rise * float(np.mean(x))
    return (start, rise) if rise > 2 * error and start > 0 else (level, 0.0)


def resampled(samples: Sequence[Sample], random: np.random.Generator) -> list[Sample]:
    """Draw as many calls of each kind, with replacement: what another measurement might have seen."""
    kinds: dict[tuple[int, float], list[Sample]] = {}
    for sample in samples:
        kinds.setdefault((sample.workers, sample.asked), []).append(sample)
    return [kind[k] for kind in kinds.values() for k in random.integers(len(kind), size=len(kind))]
