"""What an engine adds to the work: the terms that the model and the simulation have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Costs:
    """What handing out pieces costs, in seconds.

    Attributes
    ----------
    overhead : float, default: 0
        Between two pieces of a worker that has the next one waiting: to fetch and to unpack it, and to send
        back the result of the one before.
    dispatch : float, default: 0
        For each piece, of whoever hands out: one at a time, however many workers there are. On threads that
        is whoever holds the lock, elsewhere the caller.
    latency : float, default: 0
        For each job, from its start to that of its first piece, and from the end of its last piece to its
        own.
    start : float, default: 0
        Until a worker is ready for its first piece.
    taken : bool, default: False
        Whether workers take pieces themselves, as perfpy's threads do, rather than being sent them by a
        caller. Then `dispatch` is time of theirs.
    """

    overhead: float = 0.0
    dispatch: float = 0.0
    latency: float = 0.0
    start: float = 0.0
    taken: bool = False

    def __post_init__(self) -> None:
        for name in ("overhead", "dispatch", "latency", "start"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and at least 0 seconds, not {value!r}")

    @property
    def of_worker(self) -> float:
        """What a piece costs its worker besides the work."""
        return self.overhead + (self.dispatch if self.taken else 0.0)

    def smallest_piece(self, workers: int, efficiency: float) -> float:
        """Return the seconds of a piece with which workers spend that share of their time on pieces.

        A piece may cost its worker no more than the rest; and while all workers compute a piece each, whoever
        hands out has to hand out as many.
        """
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        if not 0 < efficiency < 1:
            raise ValueError(f"efficiency must be between 0 and 1, not {efficiency}")
        alone = self.of_worker * efficiency / (1 - efficiency)
        return max(alone, efficiency * workers * self.dispatch)
