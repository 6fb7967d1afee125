"""The fresh process in which one backend is run: ``python -m perfpy.lab.worker DIRECTORY REFERENCE``.

It imports nothing of the backend before the clock runs. Whatever the backend prints goes to a file:
the answer travels through another.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import importlib
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from perfpy import techniques
from perfpy._dispatch import Backend, BackendUnavailable, Technique, Traits
from perfpy._workload import Agreement, Workload

from .exchange import Exchange, Reply, Request, kernel_of, load_result, save_result
from .fingerprint import fingerprint
from .memory import can_reset, peak_of
from .timing import timed, warm_rounds

_PR_SET_PDEATHSIG = 1  # see prctl(2)


class Wrong(Exception):
    """The backend's answer does not count; `args` are the problem's name, the detail and the difference."""


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that a run needs, looked up."""

    request: Request
    technique: Technique
    backend: Backend
    function: Callable[..., Any]
    workload: Workload
    agree: Callable[[Any, Any, float], Agreement]


def main() -> None:
    """Serve the one request."""
    _die_with_parent()
    faulthandler.enable()
    exchange = Exchange(Path(sys.argv[1]), Path(sys.argv[2]))
    request = exchange.request()
    reply = Reply()
    try:
        run(_task(request), exchange, reply)
    except Wrong as wrong:
        reply.problem, reply.detail, reply.largest_difference = wrong.args
    except BackendUnavailable as absent:
        known = techniques.find(request.technique).table.get(request.backend)
        broken = known is not None and known.obstacle() is None
        reply.problem, reply.detail = ("raised" if broken else "missing"), str(absent)
    except Exception as error:
        reply.problem = "raised"
        reply.detail = f"{type(error).__name__} in {exchange.stage()}: {error}"
    exchange.answer(reply)


def run(task: Task, exchange: Exchange, reply: Reply) -> None:
    """Import, first call, verification, warm rounds, memory, verification of the last result."""
    started = perf_counter()
    request = task.request
    exchange.enter("import")
    arguments = dict(task.workload.arguments())
    options = {} if request.executor is None else {"executor": request.executor}  # not all functions divide
    before = fingerprint(arguments)
    reply.import_seconds, _ = timed(lambda: task.technique[request.backend])

    def call() -> Any:
        return task.function(**arguments, **options, backend=request.backend)

    def verify(result: Any) -> None:
        exchange.enter("verification")
        if fingerprint(arguments) != before:
            raise Wrong("mutates", "the call changed its input", None)
        reply.largest_difference = _difference(task, exchange.reference, result)

    exchange.enter("first call")
    first_peak, (reply.first_seconds, result) = peak_of(lambda: timed(call))
    if not exchange.reference.exists():
        save_result(exchange.reference, result)
    verify(result)
    del result
    gc.collect()

    exchange.enter("warm rounds")
    left = 0.8 * request.timeout - (perf_counter() - started)
    reply.seconds, result = warm_rounds(
        call, first=reply.first_seconds, rounds=request.rounds, seconds_left=left - reply.first_seconds
    )
    if reply.seconds:
        verify(result)
    else:
        reply.seconds = [reply.first_seconds]
        reply.detail = (
            "the time is that of the first call: a second one might not have ended within the limit"
        )
    del result

    reply.memory_bytes = first_peak
    if can_reset() and perf_counter() - started + max(reply.seconds) < 0.9 * request.timeout:
        exchange.enter("memory call")
        reply.memory_bytes, _ = peak_of(call)

    described = task.technique.describe(task.backend)
    reply.version, reply.isa = described.version, described.isa


def _task(request: Request) -> Task:
    technique = techniques.find(request.technique)
    if request.by_value or request.backend not in technique.table:
        technique.register(Backend(request.backend, kernel_of(request), traits=Traits(bound=request.bound)))
    elif technique.table[request.backend].target != request.target:
        technique.register(Backend(request.backend, request.target, traits=Traits(bound=request.bound)))
    folder = techniques.folder(request.technique)
    workloads = importlib.import_module(f"{folder.__name__}._workloads")
    return Task(
        request=request,
        technique=technique,
        backend=technique.table[request.backend],
        function=getattr(folder, technique.name),
        workload=next(item for item in techniques.workloads(technique.name) if item.name == request.workload),
        agree=workloads.agree,
    )


def _difference(task: Task, reference: Path, result: Any) -> float:
    """Return the largest difference from the reference, or end the run if it is too large."""
    agreement = task.agree(load_result(reference), result, task.request.bound)
    if not agreement.equal:
        raise Wrong("differs", agreement.detail, agreement.largest_difference)
    return agreement.largest_difference


def _die_with_parent() -> None:
    """Leave nothing behind if the parent is killed without a chance to clean up (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
