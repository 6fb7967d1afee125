"""Random points in pieces, for executors."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from perfpy import executors
from perfpy._dispatch import Backend, Kernel
from perfpy.executors import Engine, Reach, Sizes

from . import ESTIMATE_PI
from ._stream import RUN

if TYPE_CHECKING:
    from perfpy.executors import ExecutorLike

#: Points per second that each backend counts on one core, roughly: they bound how long a piece can last.
_SPEED = {"python": 5e5, "numpy": 1e8}
_SPEED_OF_OTHERS = 2e9
_AT_WORST = 0.2  # seconds that a piece lasts, as far as can be told before
#: Runs at which backends are at their best.
_GRAIN = {"python": 1, "numpy": 4096}
_GRAIN_OF_OTHERS = 512


class Piece(NamedTuple):
    """Some of the points, and the runs that they are."""

    start: int
    stop: int
    runs: range

    def __str__(self) -> str:
        return f"points {self.start} to {self.stop - 1}"


def count_inside(executor: ExecutorLike, backend: str, seed: int, samples: int) -> int:
    """Count the points below number `samples` that lie inside the circle, on an executor."""
    assert executor is not None
    engine = executors.engine(executor)
    sizes = Sizes(
        -(-samples // RUN),
        workers=engine.workers,
        most=int(_AT_WORST * _SPEED.get(backend, _SPEED_OF_OTHERS)) // RUN,
        longest=engine.longest,
        shortest=engine.shortest,
        grain=_GRAIN.get(backend, _GRAIN_OF_OTHERS),
    )
    inside = [0]

    def combine(piece: Piece, result: tuple[float, int]) -> None:
        seconds, found = result
        inside[0] += found
        sizes.measured(piece.runs, seconds)

    target = _target(engine, ESTIMATE_PI.table[backend])
    executors.run(engine, _counted, (seed, target), _pieces(sizes, samples), combine)
    return inside[0]


def _pieces(sizes: Sizes, samples: int) -> Iterator[Piece]:
    for runs in sizes:
        yield Piece(runs.start * RUN, min(runs.stop * RUN, samples), runs)


def _counted(piece: Piece, seed: int, target: str | Kernel) -> tuple[float, int]:
    started = perf_counter()
    inside = Backend("", target).load()(seed, piece.start, piece.stop)
    return perf_counter() - started, int(inside)


def _target(engine: Engine, backend: Backend) -> str | Kernel:
    """Return what a worker is given: the kernel where it shares this memory, else its address."""
    if engine.reach is Reach.MEMORY:
        return ESTIMATE_PI[backend.name]
    try:
        pickle.dumps(backend.target)
    except Exception as error:
        raise TypeError(
            f"backend {backend.name!r} of 'estimate_pi' cannot be sent to worker processes: {error}; "
            "define its function at the top level of a module, or use executor='threads'"
        ) from error
    return backend.target


executors.sendable(_counted, kernel=2)
executors.sendable_record(Piece, int, int, range)
