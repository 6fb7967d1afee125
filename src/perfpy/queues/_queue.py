"""What every queue can do, whatever keeps its tasks."""

from __future__ import annotations

import enum
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ._errors import pack_error

#: What a worker does with a task: a function at the top level of a module, which other processes can import.
Run: TypeAlias = Callable[[bytes], bytes]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1  # seconds between two looks at tasks that are waited for


class State(enum.StrEnum):
    """What has become of a task."""

    WAITING = "waiting"  #: For a worker; perhaps again, because one died of it or was too slow.
    RUNNING = "running"  #: A worker has it.
    DONE = "done"  #: Its result is kept.
    FAILED = "failed"  #: The function raised an error, which is kept.
    DEAD = "dead"  #: Given up: every worker that had it died, or was too slow.
    CANCELLED = "cancelled"  #: It is not run unless it is put back.
    UNKNOWN = "unknown"  #: Forgotten, or never put.

    @property
    def final(self) -> bool:
        """Whether nothing more happens to the task by itself."""
        return self not in (State.WAITING, State.RUNNING)


class Outcome(NamedTuple):
    """What has come of a task.

    Attributes
    ----------
    state : State
        DONE, FAILED or DEAD; any other state has no data.
    data : bytes
        What the function returned if it is DONE, else an error as `pack_error` packs it.
    """

    state: State
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Entry:
    """A task in a list of tasks.

    Attributes
    ----------
    id : str
        Which one.
    state : State
        What has become of it.
    label : str
        What it is, for a person to read.
    deliveries : int
        How many workers have been given it.
    submitted, started, finished : float or None
        When, in seconds since 1970; of `started` the last time. None for what has not happened, or is not
        known to the server that keeps the queue.
    worker : str
        Who has it or had it last, as ``host:process``; empty where that is not known.
    error : str
        The last line of its error, or why it was given up; empty where there was none.
    """

    id: str
    state: State
    label: str = ""
    deliveries: int = 0
    submitted: float | None = None
    started: float | None = None
    finished: float | None = None
    worker: str = ""
    error: str = ""


class Queue(ABC):
    """Tasks that wait, run and leave results, each known by an id that its owner chose.

    A task is delivered at least once. A worker that dies, or takes longer than the task's time limit, loses
    it, and another one gets it; when `deliveries` workers have had it in vain, it is DEAD and kept for
    somebody to look at. So what a task does must be the same when it is done twice. Of several workers that
    finish one task, the first counts. An error that the function raises is an answer: the task FAILED, and is
    not delivered again. Results and errors are kept until `forget`, whatever becomes of the process that put
    the task.

    Objects may be used by several threads.
    """

    #: The queue as `open_queue` was given it, in its canonical form, without a password.
    url: str

    @abstractmethod
    def check(self) -> None:
        """Raise `ConnectionError` within about 3 s where the queue cannot be reached; say host and remedy."""

    @abstractmethod
    def put(
        self,
        task_id: str,
        payload: bytes,
        *,
        label: str = "",
        deliveries: int = 3,
        time_limit: float = 3600.0,
    ) -> None:
        """Add a task at the end; it is given to at most `deliveries` workers, one after the other."""

    @abstractmethod
    def states(self, ids: Iterable[str]) -> dict[str, State]:
        """Return what has become of each of some tasks."""

    @abstractmethod
    def outcome(self, task_id: str) -> Outcome:
        """Return the state of a task, and its result or error where it has one."""

    @abstractmethod
    def entry(self, task_id: str) -> Entry:
        """Describe a task; the state is UNKNOWN where there is none."""

    @abstractmethod
    def cancel(self, task_id: str, *, running: bool = False) -> bool:
        """Cancel a task that waits; one that is running too, if asked to and where its worker can be told.

        Return whether its state is CANCELLED now.
        """

    @abstractmethod
    def retry(self, task_id: str) -> bool:
        """Put a task that is FAILED, DEAD or CANCELLED back, as if it were new; return whether it was."""

    @abstractmethod
    def forget(self, task_id: str) -> None:
        """Remove all that is known of a task; it is not run any more, and leaves nothing if it runs."""

    @abstractmethod
    def listing(self, states: Iterable[State] | None = None, *, limit: int = 1000) -> list[Entry]:
        """Describe tasks, of some states or all, the newest first."""

    @abstractmethod
    def workers(self) -> int:
        """Return how many tasks the workers that are alive run at a time, all together."""

    @abstractmethod
    def work(
        self,
        run: Run,
        *,
        concurrency: int = 1,
        initializer: Callable[[], None] | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        """Run tasks until SIGTERM or SIGINT, in `concurrency` processes of which none outlives this one.

        On the first of these signals what runs is finished; on the second it is ended at once, and is
        delivered to somebody else. `initializer` is called in each process before its first task, `ready` in
        this one when tasks are being taken. It has to be called in the main thread.
        """

    @abstractmethod
    def close(self) -> None:
        """Close connections; the queue is not used any more. What is in it stays."""

    def wait(self, ids: Iterable[str], timeout: float | None = None) -> dict[str, State]:
        """Wait until one of some tasks at least is in a final state; return those that are.

        Empty when the time is up, or there is nothing to wait for.
        """
        wanted = list(ids)
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while wanted:
            final = {task: state for task, state in self.states(wanted).items() if state.final}
            left = pause if deadline is None else min(pause, deadline - time.monotonic())
            if final or left <= 0:
                return final
            time.sleep(left)
            pause = min(_LONGEST_PAUSE, pause * 1.3)
        return {}


def attempt(run: Run, payload: bytes) -> Outcome:
    """Do what a worker does with a task: return DONE and the result, or FAILED and the error."""
    try:
        return Outcome(State.DONE, run(payload))
    except Exception as error:
        return Outcome(State.FAILED, pack_error(error))
