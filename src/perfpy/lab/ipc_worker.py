"""The two processes that run the loops of `perfpy.lab.ipc`, and the process that commands them."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from multiprocessing.connection import Connection, wait
from time import perf_counter
from types import TracebackType
from typing import Any

from perfpy.executors._worker import start_process

from .ipc_processes import context, interrupts_held
from .ipc_shared import Shared
from .ipc_ways import Loop, Way

_PATIENCE = 60.0  # seconds without an answer after which something must be wrong
_GRACE = 1.0  # seconds that a process has to end by itself


class LoopError(Exception):
    """A loop failed, and the processes cannot be used any more; the message says how."""


class Pair:
    """Two worker processes; to be used in a ``with`` statement, which ends them.

    Parameters
    ----------
    shared : Shared
        What they share.
    """

    def __init__(self, shared: Shared) -> None:
        pipes = [context.Pipe() for _ in range(2)]
        self._pipes = [here for here, _ in pipes]
        self._processes = [
            context.Process(target=_work, args=(there, shared, os.getpid()), daemon=True)
            for _, there in pipes
        ]
        self._theirs = [there for _, there in pipes]

    def __enter__(self) -> Pair:
        try:
            for process, pipe in zip(self._processes, self._theirs, strict=True):
                with interrupts_held():
                    process.start()
                pipe.close()  # so that a process that dies ends the pipe
            _answers(self._pipes)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    def run(self, way: Way, count: int) -> float:
        """Run the loops of a way at once; return the seconds from the first start to the last end."""
        used = self._pipes[: len(way.loops)]
        for index, (pipe, loop) in enumerate(zip(used, way.loops, strict=True)):
            pipe.send((loop, count, index if way.apart else None))
        starts, ends = zip(*_answers(used), strict=True)
        return float(max(ends) - min(starts))

    def end(self) -> None:
        """End the processes: first by a signal that lets them remove what they made."""
        started = [process for process in self._processes if process.pid is not None]
        for process in started:
            process.terminate()
        for process in started:
            process.join(_GRACE)
            process.kill()
            process.join()
        for pipe in (*self._pipes, *self._theirs):
            pipe.close()


def _answers(pipes: list[Connection]) -> list[Any]:
    """Wait for processes; raise `LoopError` as soon as one fails or dies, or if one says nothing."""
    answers: dict[Connection, Any] = {}
    while len(answers) < len(pipes):
        ready = wait([pipe for pipe in pipes if pipe not in answers], _PATIENCE)
        if not ready:
            raise LoopError(f"no answer within {_PATIENCE:g} s")
        for pipe in ready:
            assert isinstance(pipe, Connection)
            answers[pipe] = _answer(pipe)
    return [answers[pipe] for pipe in pipes]


def _answer(pipe: Connection) -> Any:
    try:
        answer = pipe.recv()
    except (EOFError, ConnectionError):
        raise LoopError("a worker process died; the reason is on stderr or in the system's log") from None
    if isinstance(answer, str):
        raise LoopError(answer)
    return answer


def _work(pipe: Connection, shared: Shared, parent: int) -> None:
    """Be a worker: run the loops that are asked for, and say when each began and ended."""
    start_process(parent)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    for queue in shared.queue:
        queue.cancel_join_thread()  # what nobody takes out is of no importance
    gc.disable()
    with suppress(EOFError, ConnectionError):  # whoever commands is gone
        pipe.send(None)
        while True:
            loop, count, side = pipe.recv()
            pipe.send(_timed(loop, shared, count, side))


def _timed(loop: Loop, shared: Shared, count: int, side: int | None) -> tuple[float, float] | str:
    """Run a loop; return when it began and when it ended, or what it raised."""
    try:
        with nullcontext() if side is None else _apart(side):
            started = perf_counter()
            loop(shared, count)
            return started, perf_counter()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@contextmanager
def _apart(side: int) -> Iterator[None]:
    """Keep this process on every second core, and the other one on the rest.

    Two processes that are woken by the same one can begin on the same core, and the scheduler may not part
    them within a round.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if len(cores) < 2:
        yield
        return
    os.sched_setaffinity(0, cores[side::2])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
