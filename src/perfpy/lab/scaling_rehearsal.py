"""A call on workers that are not here: its pieces are computed by this thread, on a simulated clock.

The technique cuts its work for as many workers as it is told that there are, and takes as long as it takes
here; who computes what when is simulated. So what a model can only assume is as it would be: how the
technique cuts, how uneven its pieces are, how many jobs it divides one after the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from perfpy.executors import Engine, Sent

from .scaling_costs import Costs
from .scaling_events import by_caller, by_themselves


def rehearse(
    engine: Engine, call: Callable[[Engine], object], *, workers: int, costs: Costs, slowdown: float
) -> float:
    """Return how many seconds a call would take on as many workers of an engine.

    Parameters
    ----------
    engine : Engine
        What the workers would be like.
    call : callable
        Makes the call, given an engine for its ``executor=``.
    workers : int
        How many there would be.
    costs : Costs
        What handing out costs.
    slowdown : float
        How many times as long pieces take while other workers compute, too.
    """
    rehearsal = _Rehearsal(costs, slowdown)
    # Without its specification an engine stands for nothing that a technique could use in another way.
    stage = dataclasses.replace(engine, workers=workers, spec=None, conduct=rehearsal)
    started = perf_counter()
    call(stage)
    return perf_counter() - started - rehearsal.real + rehearsal.simulated


class _Step:
    """A piece under way, and its result."""

    __slots__ = ("piece", "result")

    def __init__(self, piece: Any) -> None:
        self.piece = piece
        self.result: Any = None


class _Rehearsal:
    """Does what `run` does, on a clock of its own."""

    def __init__(self, costs: Costs, slowdown: float) -> None:
        self.real = 0.0  # seconds that jobs took here
        self.simulated = 0.0
        self._costs = costs
        self._slowdown = slowdown
        self._simulation = by_themselves if costs.taken else by_caller

    def __call__(
        self,
        engine: Engine,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        pieces: Iterable[Any],
        combine: Callable[[Any, Any], None],
    ) -> None:
        values = [each.value if isinstance(each, Sent) else each for each in arguments]

        def compute(step: _Step) -> float:
            begun = perf_counter()
            step.result = function(step.piece, *values)
            return (perf_counter() - begun) * self._slowdown

        def combined(step: _Step, _seconds: float) -> None:
            combine(step.piece, step.result)

        started = perf_counter()
        speeds = [1.0] * engine.workers
        went = self._simulation(map(_Step, pieces), compute, combined, speeds=speeds, costs=self._costs)
        self.real += perf_counter() - started
        self.simulated += went.seconds
