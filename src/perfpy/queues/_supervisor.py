"""A worker of a queue in a file: processes that do tasks, and one that watches over them and does none.

The watching process extends the leases, so that a task may keep its own process busy as it likes. It notices
at once when a process dies, gives its task to others and starts another process; it ends one whose task takes
too long; and when it dies itself, its processes notice and end.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from ._wire import address

if TYPE_CHECKING:
    from ._queue import Run
    from ._sqlite_storage import Storage

_LOOK = 0.05  # seconds between two looks at the processes
_BEAT = 1.0  # seconds between two extensions of the leases, and looks at time limits
_SOON = 5.0  # seconds after its start within which the end of a process is a failure to start
_MOST_FAILURES = 3
_START = (
    "import os, sys; sys.path[:] = sys.argv.pop(1).split(os.pathsep); "
    "from perfpy.queues._child import main; main(*sys.argv[1:])"
)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Process:
    """A process that does tasks, until the pipe to it is closed or says that it is to stop."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        self.owner = secrets.token_hex(8)
        self.started = time.monotonic()
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _START,
                    os.pathsep.join(sys.path),
                    *arguments,
                    self.owner,
                    str(reading),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=[reading],
            )
        except BaseException:
            os.close(self._writing)
            raise
        finally:
            os.close(reading)

    def ended(self) -> str:
        """Say how it ended, if it has."""
        code = self._process.poll()
        if code is None:
            return ""
        if code >= 0:
            return f"its process ended with exit status {code}"
        with contextlib.suppress(ValueError):
            return f"its process was killed by {signal.Signals(-code).name}"
        return f"its process was killed by signal {-code}"

    def stop(self) -> None:
        """Tell it to end after the task that it is doing."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writing, b"s")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        os.close(self._writing)


class Supervisor:
    """What `SQLiteQueue.work` is.

    Parameters
    ----------
    storage : Storage
        The queue.
    url : str
        Where processes find it.
    run, initializer : callable
        As for `Queue.work`; found by their names in the processes.
    concurrency : int
        How many processes there are.
    """

    def __init__(
        self, storage: Storage, url: str, run: Run, initializer: Callable[[], None] | None, concurrency: int
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {concurrency}")
        self._storage = storage
        self._arguments = (url, address(run), "" if initializer is None else address(initializer))
        self._concurrency = concurrency
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._processes: list[_Process] = []
        self._signals = 0
        self._failures = 0

    def work(self, ready: Callable[[], None] | None) -> None:
        """Run until told to stop, and leave no process behind."""
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            self._beat()
            if ready is not None:
                ready()
            self._watch()
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _watch(self) -> None:
        next_beat, stopping = 0.0, False
        while self._signals < 2:
            if self._signals and not stopping:
                stopping = True
                for process in self._processes:
                    process.stop()
            if not stopping:
                self._start_missing()
            self._bury(stopping)
            if stopping and not self._processes:
                return
            if time.monotonic() >= next_beat:
                self._beat()
                next_beat = time.monotonic() + _BEAT
            time.sleep(_LOOK)

    def _start_missing(self) -> None:
        while len(self._processes) < self._concurrency:
            self._processes.append(_Process(self._arguments))

    def _bury(self, stopping: bool) -> None:
        """Give what processes had that are dead to others."""
        for process in self._processes[:]:
            how = process.ended()
            if not how:
                continue
            self._remove(process)
            released = self._storage.release(process.owner, how)
            if stopping or released:
                continue
            soon = time.monotonic() < process.started + _SOON
            self._failures = self._failures + 1 if soon else 0
            if self._failures == _MOST_FAILURES:
                raise ChildProcessError(
                    f"worker processes end as soon as they are started: {how}; stderr says why"
                )

    def _beat(self) -> None:
        """Extend the leases, and end what is not to go on."""
        self._storage.beat([process.owner for process in self._processes], self._worker, self._concurrency)
        self._storage.sweep()
        for process in self._processes[:]:
            why = self._storage.overdue(process.owner)
            if why:
                process.kill()
                self._remove(process)
                self._storage.release(process.owner, why)

    def _remove(self, process: _Process) -> None:
        self._processes.remove(process)
        process.close()

    def _end(self) -> None:
        """Kill what is left; what it did is for others, and no fault of the tasks."""
        left = self._processes[:]
        for process in left:
            process.kill()
            self._remove(process)
        with contextlib.suppress(ConnectionError):  # without a file there is nobody to tell
            for process in left:
                self._storage.release(process.owner, "its worker was told to end at once", counted=False)
            self._storage.leave(self._worker)
