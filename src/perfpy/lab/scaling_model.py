"""A model of how long divided work takes: Amdahl's law, what pieces cost, and how finely work can be cut."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

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

        What is serial comes first; then, for each job, its latency, its pieces, and the wait for the last of
        them, which on average is half as long as one where there are many workers. While pieces are of one
        length, workers finish as many in a second as there are workers over the seconds of a piece, or as
        many as can be handed out, if these are fewer.
        """
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        serial = self.serial + (workers - 1) * self.per_worker
        if not self.jobs:
            return serial
        work = self.work * self.slowdown_on(workers) / self.jobs
        window = workers if self.costs.taken else 2 * workers
        pieces = work * _shares(_rounded(work), workers, window, self.longest, self.shortest)
        each = pieces + self.per_piece + self.costs.of_worker
        finished = float(np.maximum(each / workers, self.costs.dispatch).sum())
        wait = (1 - 1 / workers) * float(pieces[-workers:].mean()) / 2
        return serial + self.jobs * (self.costs.latency + finished + wait)

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
def _shares(work: float, workers: int, window: int, longest: float, shortest: float) -> NDArray[np.float64]:
    """Return which shares of even work its pieces are; so many are handed out before one is measured."""
    sizes = Sizes(_UNITS, workers=workers, most=_UNITS, longest=longest, shortest=shortest)
    unit = work / _UNITS
    lengths = []
    under_way: deque[range] = deque()
    for piece in sizes:
        lengths.append(len(piece))
        under_way.append(piece)
        if len(under_way) >= window:
            done = under_way.popleft()
            sizes.measured(done, len(done) * unit)
    return np.array(lengths) / _UNITS


def fit(samples: Sequence[Sample], *, longest: float, shortest: float, taken: bool, probe: Sample) -> Model:
    """Fit the model to calls, of which some ran on one worker.

    Parameters
    ----------
    samples : sequence of Sample
        The calls.
    longest, shortest : float
        Of a piece, as the engine has them.
    taken : bool
        Whether workers take pieces themselves.
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
            taken=taken,
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
