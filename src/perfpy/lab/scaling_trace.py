"""What happened in a call that ran on an executor: when each piece was drawn, computed, and combined."""

from __future__ import annotations

import dataclasses
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple

from perfpy import executors
from perfpy.executors import Engine, Reach


@dataclass(frozen=True, slots=True)
class Sample:
    """One call on an executor, in seconds.

    Attributes
    ----------
    workers : int
        How many there were.
    asked : float
        How long a piece should have lasted at most.
    seconds : float
        The whole call.
    outside : float
        What was before, between and after the jobs that were divided: nobody shared it.
    work : float
        What all pieces took those who computed them, together.
    jobs, pieces : int
        How many jobs were divided, and into how many pieces altogether.
    longest : float
        The longest piece.
    latency : float
        Of a job: from its start to that of its first piece, and from the end of its last piece to its own.
    dispatch : float
        What a piece took whoever handed it out and combined its result.
    overhead : float, optional
        Between two pieces of a worker for which the next one was waiting; the median. None if there was no
        such pair.
    """

    workers: int
    asked: float
    seconds: float
    outside: float
    work: float
    jobs: int
    pieces: int
    longest: float
    latency: float
    dispatch: float
    overhead: float | None


def sample(engine: Engine, call: Callable[[Engine], object]) -> Sample:
    """Make a call that takes an engine for its ``executor=``, and watch what it does there."""
    recorder = _Recorder()
    started = perf_counter()
    call(dataclasses.replace(engine, conduct=recorder))
    return recorder.sample(engine, perf_counter() - started)


class _Numbered(NamedTuple):
    """A piece and its place among those of a job."""

    number: int
    piece: Any

    def __str__(self) -> str:
        return str(self.piece)


class _Computed(NamedTuple):
    """When a piece was computed, and by whom."""

    begun: float
    ended: float
    worker: tuple[int, int]


@dataclass(slots=True)
class _Job:
    """One run of pieces."""

    started: float = 0.0
    ended: float = 0.0
    processor: float = 0.0  # seconds that this process computed during the job
    handing: float = 0.0  # seconds in which pieces were drawn, and results combined
    drawn: list[float] = field(default_factory=list)
    computed: dict[int, _Computed] = field(default_factory=dict)

    def latency(self) -> float:
        spans = self.computed.values()
        first, last = min(span.begun for span in spans), max(span.ended for span in spans)
        return max(0.0, first - self.started) + max(0.0, self.ended - last)

    def gaps(self, *, taken: bool) -> Iterator[float]:
        """Yield how long workers paused between two pieces.

        Where they are sent pieces rather than having `taken` them, only if the second was on its way before
        the first ended: else it was the caller who let them wait.
        """
        latest: dict[tuple[int, int], _Computed] = {}
        for number, span in sorted(self.computed.items(), key=lambda item: item[1].begun):
            before = latest.get(span.worker)
            latest[span.worker] = span
            if before is not None and (taken or self.drawn[number] < before.ended):
                yield max(0.0, span.begun - before.ended)


class _Recorder:
    """Does what `run` does, and notes when."""

    def __init__(self) -> None:
        self._jobs: list[_Job] = []

    def __call__(
        self,
        engine: Engine,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        pieces: Iterable[Any],
        combine: Callable[[Any, Any], None],
    ) -> None:
        job = _Job()
        self._jobs.append(job)

        def numbered() -> Iterator[_Numbered]:
            source = enumerate(pieces)
            while True:
                begun = perf_counter()
                number, piece = next(source, (-1, None))
                drawn = perf_counter()
                job.handing += drawn - begun
                if number < 0:
                    return
                job.drawn.append(drawn)
                yield _Numbered(number, piece)

        def combined(piece: _Numbered, outcome: tuple[_Computed, Any]) -> None:
            begun = perf_counter()
            job.computed[piece.number], result = outcome
            combine(piece.piece, result)
            job.handing += perf_counter() - begun

        processor = time.process_time()
        job.started = perf_counter()
        plain = dataclasses.replace(engine, conduct=None)
        executors.run(plain, watched, (function, *arguments), numbered(), combined)
        job.ended = perf_counter()
        job.processor = time.process_time() - processor

    def sample(self, engine: Engine, seconds: float) -> Sample:
        """Sum up what was noted."""
        jobs = [job for job in self._jobs if job.computed]
        spans = [span for job in jobs for span in job.computed.values()]
        times = [span.ended - span.begun for span in spans]
        threads = engine.reach is Reach.MEMORY
        # Other processes compute: what this one computes meanwhile, on all its threads, is to hand out.
        handing = sum(job.handing if threads else job.processor for job in jobs)
        dispatch = handing / len(spans) if spans else 0.0
        gaps = [gap for job in jobs for gap in job.gaps(taken=threads)]
        overhead = statistics.median(gaps) - (dispatch if threads else 0.0) if gaps else None
        return Sample(
            workers=engine.workers,
            asked=engine.longest,
            seconds=seconds,
            outside=max(0.0, seconds - sum(job.ended - job.started for job in jobs)),
            work=sum(times),
            jobs=len(jobs),
            pieces=len(spans),
            longest=max(times, default=0.0),
            latency=statistics.median(job.latency() for job in jobs) if jobs else 0.0,
            dispatch=dispatch,
            overhead=None if overhead is None else max(0.0, overhead),
        )


def watched(piece: _Numbered, function: Callable[..., Any], *arguments: Any) -> tuple[_Computed, Any]:
    """Compute a piece; also in another process of this machine, whose clock is the same."""
    begun = perf_counter()
    result = function(piece.piece, *arguments)
    ended = perf_counter()
    return _Computed(begun, ended, (os.getpid(), threading.get_ident())), result
