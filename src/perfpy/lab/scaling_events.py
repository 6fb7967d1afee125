"""A simulation of `executors.run` by events, with as many workers as one likes.

The clock is a number. Pieces are drawn and combined in the order in which that clock says they would be, so
that pieces which are sized by measured work are sized as they would be on as many workers.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from .scaling_costs import Costs

P = TypeVar("P")


class Span(NamedTuple):
    """When a worker computed a piece, in seconds from the start of the job."""

    worker: int
    begun: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long that took."""
        return self.ended - self.begun


@dataclass(frozen=True, slots=True)
class Simulated:
    """How a simulated job went.

    Attributes
    ----------
    seconds : float
        From its start to its end.
    workers : int
        How many there were.
    spans : tuple of Span
        When each piece was computed, and by which worker, in the order in which they were begun.
    """

    seconds: float
    workers: int
    spans: tuple[Span, ...]

    @property
    def pieces(self) -> int:
        """How many pieces there were."""
        return len(self.spans)

    @property
    def busy(self) -> float:
        """Seconds that workers spent computing, all together."""
        return math.fsum(span.seconds for span in self.spans)

    @property
    def efficiency(self) -> float:
        """Share of the workers' time that was spent computing."""
        return self.busy / (self.seconds * self.workers) if self.seconds else 1.0


def by_caller(
    pieces: Iterable[P],
    compute: Callable[[P], float],
    combine: Callable[[P, float], object],
    *,
    speeds: Sequence[float],
    costs: Costs,
    window: int | None = None,
) -> Simulated:
    """Simulate a caller who hands out pieces in a sliding window.

    Parameters
    ----------
    pieces : iterable
        The work, drawn when there is room in the window.
    compute : callable
        Returns the seconds of a piece on a worker of speed 1.
    combine : callable
        Takes a piece when its result has reached the caller, and how many seconds it took.
    speeds : sequence of float
        How fast each worker is.
    costs : Costs
        What handing out costs.
    window : int, optional
        How many pieces are handed out at a time; two for each worker if left out.
    """
    source = iter(pieces)
    half = costs.dispatch / 2  # of a piece's cost to send it, and to take in its result
    journey = costs.latency / 2
    limit = 2 * len(speeds) if window is None else window
    free = [(costs.start, worker) for worker in range(len(speeds))]
    fresh = [True] * len(speeds)  # has not computed a piece yet, so that nothing is to be sent back
    under_way: list[tuple[float, int, P]] = []  # when its result arrives, its number
    spans: list[Span] = []
    now = 0.0
    while True:
        while len(under_way) < limit:
            try:
                piece = next(source)
            except StopIteration:
                break
            now += half
            ready, worker = heapq.heappop(free)
            pause = 0.0 if fresh[worker] else costs.overhead
            fresh[worker] = False
            begun = max(now + journey, ready + pause)
            ended = begun + compute(piece) / speeds[worker]
            heapq.heappush(free, (ended, worker))
            heapq.heappush(under_way, (ended + journey, len(spans), piece))
            spans.append(Span(worker, begun, ended))
        if not under_way:
            return Simulated(now, len(speeds), tuple(spans))
        arrived, number, piece = heapq.heappop(under_way)
        now = max(now, arrived) + half
        combine(piece, spans[number].seconds)


def by_themselves(
    pieces: Iterable[P],
    compute: Callable[[P], float],
    combine: Callable[[P, float], object],
    *,
    speeds: Sequence[float],
    costs: Costs,
) -> Simulated:
    """Simulate workers who take pieces themselves, one at a time, as threads do; see `by_caller`."""
    source = iter(pieces)
    half = costs.dispatch / 2  # under the lock, to draw a piece, and to combine its result
    journey = costs.latency / 2
    waiting = [(costs.start + journey, worker) for worker in range(len(speeds))]  # for the lock
    computed: dict[int, tuple[P, float]] = {}  # by whom
    spans: list[Span] = []
    unlocked = 0.0
    while waiting:
        asked, worker = heapq.heappop(waiting)
        now = max(asked, unlocked)
        if worker in computed:
            now += half
            combine(*computed.pop(worker))
            heapq.heappush(waiting, (now + costs.overhead, worker))
        else:
            try:
                piece = next(source)
            except StopIteration:
                continue
            now += half
            span = Span(worker, now, now + compute(piece) / speeds[worker])
            spans.append(span)
            computed[worker] = piece, span.seconds
            heapq.heappush(waiting, (span.ended, worker))
        unlocked = now
    return Simulated(unlocked + journey if spans else 0.0, len(speeds), tuple(spans))
