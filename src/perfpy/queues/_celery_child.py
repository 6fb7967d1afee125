"""A process that does tasks for a worker on Celery, and is killed where one takes too long."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait

from ._queue import Outcome, Run, State, attempt

_READY = b"ready"
_LONGEST_WAIT = 86400.0  # seconds; what counts milliseconds in 32 bits ends at 24 days


class TaskLost(Exception):
    """A process ended, or was ended, before its task was done; the message says how."""


class Child:
    """A process that does tasks.

    It is started afresh, never forked, since this process has threads; and again when it has been killed. It
    leaves the signals of a terminal to this process, and ends when this process does, however that ends.

    Parameters
    ----------
    run : callable
        What is done with a task.
    initializer : callable, optional
        Called in the process before the first task.
    """

    def __init__(self, run: Run, initializer: Callable[[], None] | None = None) -> None:
        self._run = run
        self._initializer = initializer
        self._process: multiprocessing.process.BaseProcess | None = None
        self._channel: Connection | None = None
        self._reason = ""
        self._closed = False
        self._lock = threading.Lock()  # between the thread that waits for a task and one that kills it

    def start(self) -> None:
        """Start the process, and wait until it can do tasks."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._run, self._initializer), name="perfpy-worker", daemon=False
        )
        with self._lock:
            if self._closed:
                raise TaskLost("the worker was stopped")
            process.start()
            theirs.close()
            self._process, self._channel, self._reason = process, ours, ""
        try:
            ours.recv_bytes()
        except (EOFError, OSError):
            raise RuntimeError(
                f"a worker's process could not start: it {self._ended()}; what it wrote says why"
            ) from None

    def do(self, payload: bytes, time_limit: float) -> Outcome:
        """Do a task; `TaskLost` when the process did not survive it, or it took longer than `time_limit`."""
        if self._process is None or not self._process.is_alive():
            self._ended()
            self.start()
        channel = self._channel
        assert channel is not None
        try:
            channel.send_bytes(payload)
            if not _answers(channel, time_limit):
                self.kill(f"it took longer than its time limit of {time_limit:g} s")
            return Outcome(State(channel.recv_bytes().decode()), channel.recv_bytes())
        except (EOFError, OSError):
            ended = self._ended()
            raise TaskLost(self._reason or f"the process that did it {ended}") from None

    def kill(self, reason: str) -> None:
        """Kill the process, whatever it does; `reason` is what becomes known of the task."""
        with self._lock:
            if self._process is not None and self._process.is_alive():
                self._reason = self._reason or reason
                self._process.kill()

    def close(self) -> None:
        """End the process, at once if it is busy; it is not started again."""
        with self._lock:
            self._closed = True
        self.kill("the worker was stopped")
        self._ended()

    def _ended(self) -> str:
        """Clean up after the process; say how it ended."""
        with self._lock:
            process, channel = self._process, self._channel
            self._process = self._channel = None
        if channel is not None:
            channel.close()
        if process is None:
            return "had ended"
        process.join()
        code = process.exitcode or 0
        process.close()
        if code >= 0:
            return f"exited with code {code}"
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-code).name}"
        return f"was killed by signal {-code}"


def _answers(channel: Connection, seconds: float) -> bool:
    """Wait until there is something to read, or the end of it."""
    deadline = time.monotonic() + seconds
    while not channel.poll(min(_LONGEST_WAIT, max(0.0, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            return False
    return True


def _serve(channel: Connection, run: Run, initializer: Callable[[], None] | None) -> None:
    """Do tasks until nobody sends any more."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the worker decides what they mean
        signal.signal(number, _pass)  # not SIG_IGN, which processes started by a task would inherit
    threading.Thread(target=_end_with_parent, name="perfpy-parent-watch", daemon=True).start()
    if initializer is not None:
        initializer()
    channel.send_bytes(_READY)
    while True:
        try:
            payload = channel.recv_bytes()
        except (EOFError, OSError):
            return
        outcome = attempt(run, payload)
        channel.send_bytes(outcome.state.encode())
        channel.send_bytes(outcome.data)


def _pass(_number: int, _frame: object) -> None:
    pass


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
