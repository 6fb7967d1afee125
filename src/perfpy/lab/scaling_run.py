"""`scaling`: measure a technique on a few workers, and predict it on many."""

from __future__ import annotations

import dataclasses
import inspect
import operator
import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import perf_counter

from perfpy import executors, techniques
from perfpy.executors import Engine, Reach

from .machine import machine
from .run import find_workload
from .scaling_model import fit
from .scaling_rehearsal import rehearse
from .scaling_result import Scaling
from .scaling_trace import Sample, sample
from .timing import timed

ENGINES = ("threads", "processes", "dask")
_FINER = (1, 4)  # times as many pieces: how the time grows with them shows what a piece costs
_PROBES = 12  # pieces, on one worker
_REHEARSALS = 3  # of which the median counts
_SHORTEST_PROBE = 0.001  # seconds


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a measurement is.

    Attributes
    ----------
    doing : str
        What is running.
    done, total : int
        Calls that are done, and all calls.
    """

    doing: str
    done: int
    total: int


def scaling(
    technique: str,
    *,
    executor: str = "processes",
    workload: str = "large",
    workers: Sequence[int] = (1, 2),
    predict: Sequence[int] = (4, 8, 16, 64),
    backend: str = "auto",
    rounds: int = 5,
    progress: Callable[[Stage], object] | None = None,
) -> Scaling:
    """Measure a technique on a few workers of this machine, and predict it on many.

    Calls are watched: how long each piece took, how long workers waited between two, what handing out took
    the caller, and what nobody shared. A model is fitted to that (`Scaling.model`), which says how long a
    call takes on any number of workers, and how long a piece has to be to be worth sending. Then the call is
    rehearsed for each number of workers: this thread computes the pieces that the technique cuts for so many,
    and a simulated clock says who would have computed what when.

    Parameters
    ----------
    technique : str
        Name of a technique, as ``"julia"``.
    executor : str, default: "processes"
        Name of an engine that takes a number of workers: ``"threads"``, ``"processes"`` or ``"dask"``.
    workload : str, default: "large"
        One of the technique's named inputs.
    workers : sequence of int, default: (1, 2)
        Numbers of workers to measure; 1 among them.
    predict : sequence of int, default: (4, 8, 16, 64)
        Numbers of workers to rehearse, and to put into the table.
    backend : str, default: "auto"
        Which implementation computes.
    rounds : int, default: 5
        How many calls there are of each kind: without an executor; and for each number of workers one with
        pieces as they are, and one with shorter pieces.
    progress : callable, optional
        Called with a `Stage` whenever something changes.

    Returns
    -------
    Scaling
        Measured calls, model and predictions, with `to_json` and `plot`.

    Raises
    ------
    ValueError
        If there is no such technique, workload or engine, the technique cannot be divided, or a number is out
        of range.
    ImportError
        If the package of the engine is not installed.

    See Also
    --------
    simulate : Simulate work that is made up.

    Notes
    -----
    For more workers than were measured, the model takes them to be like those that were: each with a core of
    its own, and, as of the largest number measured, sharing no more than those do. That is so on further
    machines like this one, and not where many cores share one memory.

    Examples
    --------
    >>> from perfpy import lab
    >>> found = lab.scaling("estimate_pi", executor="threads", workload="tiny", predict=(8,), rounds=2)
    >>> found.workers
    (1, 2)
    >>> found.seconds(8) > 0
    True
    """
    counts = _check(executor, workers, predict, rounds)
    call = _Call(technique, workload, backend)
    report = _Reporter(progress, rounds * (1 + len(counts) * len(_FINER)) + len({*counts, *predict}))
    header, started = machine(), datetime.now().astimezone().isoformat(timespec="seconds")
    with ExitStack() as stack:
        engines, starts = {}, []
        for count in counts:
            report(f"starting {executor}:{count}")
            seconds, engine = timed(partial(stack.enter_context, executors.fresh(f"{executor}:{count}")))
            engines[count] = engine
            starts.append(seconds)
        alone, samples = _measured(call, list(engines.values()), rounds, report)
        one = engines[1]
        probe = sample(one, _probe)
        taken = one.reach is Reach.MEMORY
        model = fit(samples, longest=one.longest, shortest=one.shortest, taken=taken, probe=probe)
        rehearsed = {}
        for count in sorted({*counts, *predict}):
            report(f"rehearsing {count} workers")
            rehearsed[count] = statistics.median(
                rehearse(one, call, workers=count, costs=model.costs, slowdown=model.slowdown_on(count))
                for _ in range(_REHEARSALS)
            )
            report.done += 1
        report("done")
    return Scaling(
        technique=technique,
        workload=workload,
        description=call.description,
        executor=executor,
        backend=call.backend,
        alone=tuple(alone),
        samples=tuple(samples),
        probe=probe,
        start=starts[-1],
        longest=one.longest,
        shortest=one.shortest,
        taken=taken,
        rehearsed=rehearsed,
        predict=tuple(predict),
        machine=header,
        started=started,
    )


class _Reporter:
    """Tells whoever wants to know how far a measurement is."""

    def __init__(self, tell: Callable[[Stage], object] | None, total: int) -> None:
        self._tell = tell
        self._total = total
        self.done = 0

    def __call__(self, doing: str) -> None:
        """Say what is done next."""
        if self._tell is not None:
            self._tell(Stage(doing, self.done, self._total))


class _Call:
    """A technique on a workload: called with an engine for its ``executor=``, or None."""

    def __init__(self, technique: str, workload: str, backend: str) -> None:
        self.function = getattr(techniques.folder(technique), technique)
        if "executor" not in inspect.signature(self.function).parameters:
            raise ValueError(f"{technique!r} does not divide its work: it takes no executor")
        chosen = find_workload(technique, workload)
        self.description = chosen.description
        self.backend = techniques.find(technique).resolve(backend, chosen.needs)
        self._arguments = dict(chosen.arguments())

    def __call__(self, engine: Engine | None) -> None:
        self.function(**self._arguments, backend=self.backend, executor=engine)


def _measured(
    call: _Call, engines: Sequence[Engine], rounds: int, report: _Reporter
) -> tuple[list[float], list[Sample]]:
    """Make the calls, in turns, so that what changes with time changes all of them."""
    alone: list[float] = []
    samples: list[Sample] = []
    kinds = [
        dataclasses.replace(engine, longest=engine.longest / parts, shortest=engine.shortest / parts)
        for engine in engines
        for parts in _FINER
    ]
    report("first calls")
    call(None)
    for engine in engines:
        sample(engine, call)  # watched, for workers to import what that takes
    for _ in range(rounds):
        report("without an executor")
        alone.append(timed(partial(call, None))[0])
        report.done += 1
        for kind in kinds:
            report(f"{kind.workers} worker{'s' if kind.workers > 1 else ''}")
            samples.append(sample(kind, call))
            report.done += 1
    return alone, samples


def _probe(engine: Engine) -> None:
    """Let an engine compute pieces that do nothing but last."""
    seconds = max(engine.shortest, _SHORTEST_PROBE)
    executors.run(engine, last, (seconds,), range(_PROBES), _ignore)


def last(_piece: int, seconds: float) -> None:
    """Compute nothing for so many seconds."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def _ignore(*_: object) -> None:
    """Combine nothing."""


def _check(executor: str, workers: Sequence[int], predict: Sequence[int], rounds: int) -> list[int]:
    """Return the numbers of workers to measure, in ascending order."""
    if executor not in ENGINES:
        known = ", ".join(map(repr, ENGINES))
        raise ValueError(
            f"executor must be one of {known}, without a number: workers says how many; not {executor!r}"
        )
    counts = sorted({operator.index(count) for count in workers})
    if not counts or counts[0] != 1:
        raise ValueError(f"workers must be numbers from 1 on, 1 among them, not {tuple(workers)}")
    for count in predict:
        if operator.index(count) < 1:
            raise ValueError(f"predict must be numbers from 1 on, not {tuple(predict)}")
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, not {rounds}")
    return counts
