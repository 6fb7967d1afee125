"""What takes tasks from Celery and has them done.

Celery's consumer runs in this process with its pool of threads. Each thread has a task done by a process of
its own, which was started afresh: none is forked from a process with threads; a task that crashes or takes
too long takes only that process along; and this one goes on telling the records that it lives.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

import celery.worker
import celery.worker.state
from kombu.asynchronous import get_event_loop

from ._celery_app import App
from ._celery_child import Child, TaskLost
from ._celery_message import TASK
from ._celery_records import Claim, Records
from ._errors import pack_error, summary
from ._queue import Outcome, Run, State

T = TypeVar("T")

_log = logging.getLogger("perfpy")

_LEASE = 5.0  # seconds after which a worker that has not been heard of is taken for dead
_BEAT = 1.0  # seconds between two signs of life
_DOUBT = 2.0  # seconds in which a worker has to be heard of whose message has been sent to another one
_OVERDUE = 10.0  # seconds after which a task that waits, with no message about it left, is sent again
_PAUSE = 1.0  # seconds between tries to reach a server


class _Held(NamedTuple):
    token: str
    child: Child | None  # None once there is nothing left to kill


class Worker:
    """Does tasks until it is told to stop.

    Parameters
    ----------
    app : App
        What delivers the ids of tasks.
    records : Records
        What is known of them.
    run : callable
        What is done with a task.
    concurrency : int
        How many are done at a time.
    initializer : callable, optional
        Called in each process before the first task.
    """

    def __init__(
        self,
        app: App,
        records: Records,
        run: Run,
        concurrency: int,
        initializer: Callable[[], None] | None,
    ) -> None:
        self._app = app
        self._records = records
        self._concurrency = concurrency
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._children = [Child(run, initializer) for _ in range(concurrency)]
        self._free: SimpleQueue[Child] = SimpleQueue()
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()  # for what is held
        self._signals: SimpleQueue[None] = SimpleQueue()  # which a signal handler may put into at any time
        self._stopping = threading.Event()  # nothing is taken any more
        self._aborting = threading.Event()  # what is done is given back
        self._over = threading.Event()  # nothing is done any more

    def work(self, ready: Callable[[], None] | None) -> None:
        """Take tasks and have them done until a signal says stop."""
        beats = threading.Thread(target=self._beat_until_over, name="perfpy-beat", daemon=True)
        with self._obeying_signals():
            try:
                for child in self._children:
                    child.start()
                    self._free.put(child)
                self._beat()
                beats.start()
                self._consume(ready)
            finally:
                self._over.set()
                for child in self._children:
                    child.close()
                if beats.is_alive():
                    beats.join()
                with _logged("say that the worker ends"):
                    self._records.leave(self._name)

    def _consume(self, ready: Callable[[], None] | None) -> None:
        """Run Celery's consumer, again where it gave up."""

        @self._app.task(name=TASK, bind=True)  # type: ignore[untyped-decorator]
        def do(this: Any, task_id: str) -> None:
            self._do(task_id, bool(this.request.delivery_info.get("redelivered")))

        pending = [ready] if ready is not None else []

        def consuming(_: object) -> None:
            while pending:  # it is said once, though Celery may have to connect again
                pending.pop()()

        while not self._stopping.is_set():
            controller = self._app.WorkController(
                hostname=f"perfpy@{self._name}",
                pool_cls="threads",
                concurrency=self._concurrency,
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
                ready_callback=consuming,
            )
            controller.start()
            if not self._stopping.wait(_PAUSE):
                _log.warning("Celery's consumer ended by itself; it is started again")

    def _do(self, task_id: str, again: bool) -> None:
        """Have a task done that a message was about; `again` if somebody else was sent it before."""
        token = uuid.uuid4().hex
        claim = self._claim(task_id, token, _DOUBT if again else None)
        if claim is None:
            return
        child = self._free.get()
        try:
            self._hold(task_id, _Held(token, child))
            try:
                outcome = child.do(claim.payload, claim.time_limit)
            finally:
                self._hold(task_id, _Held(token, None))
            self._insist("keep a result", lambda: self._finish(task_id, claim, outcome))
        except TaskLost as lost:
            reason = str(lost)
            self._insist("give a task back", lambda: self._give_back(task_id, token, reason))
        finally:
            self._hold(task_id, None)
            self._free.put(child)

    def _claim(self, task_id: str, token: str, doubt: float | None) -> Claim | None:
        return self._insist(
            "take a task", lambda: self._records.claim(task_id, token, _LEASE, self._name, doubt)
        )

    def _finish(self, task_id: str, claim: Claim, outcome: Outcome) -> None:
        try:
            error = summary(outcome.data) if outcome.state is State.FAILED else ""
            self._records.finish(task_id, claim.submitted, outcome, error)
        except ValueError as error:  # there is more of it than Redis can keep
            outcome = Outcome(State.FAILED, pack_error(error))
            self._records.finish(task_id, claim.submitted, outcome, summary(outcome.data))

    def _give_back(self, task_id: str, token: str, reason: str) -> None:
        """Let somebody else do a task that was lost, or nobody if that has happened too often."""
        if self._aborting.is_set():
            if self._records.release(task_id, token):
                self._app.send(task_id)
        else:
            self._lose(task_id, token, reason)

    def _lose(self, task_id: str, token: str, reason: str) -> None:
        if self._records.lose(task_id, token, reason) is State.WAITING:
            self._app.send(task_id)

    def _hold(self, task_id: str, held: _Held | None) -> None:
        with self._lock:
            if held is None:
                self._held.pop(task_id, None)
            else:
                self._held[task_id] = held

    def _insist(self, what: str, call: Callable[[], T]) -> T | None:
        """Make a call until the servers can be reached, or the worker has to stop."""
        while True:
            try:
                return call()
            except ConnectionError as error:
                _log.warning("could not %s: %s", what, error)
                if self._stopping.wait(_PAUSE):
                    return None

    def _beat_until_over(self) -> None:
        rounds = 0
        while not self._over.wait(_BEAT):
            rounds += 1
            with _logged("say that the worker lives"):
                self._beat()
                self._take_from_the_dead()
                if rounds % 5 == 0:
                    self._send_what_is_overdue()

    def _beat(self) -> None:
        """Renew the leases of what is being done; kill what is not wanted any more."""
        with self._lock:
            held = dict(self._held)
        tokens = {task_id: one.token for task_id, one in held.items()}
        for task_id in self._records.beat(self._name, self._concurrency, _LEASE, tokens):
            with self._lock:
                now = self._held.get(task_id)
                if now is not None and now == held[task_id] and now.child is not None:
                    now.child.kill("it was cancelled, or given to another worker")

    def _take_from_the_dead(self) -> None:
        for task_id in self._records.ended():
            self._lose(task_id, "", "nothing was heard of its worker")

    def _send_what_is_overdue(self) -> None:
        """Send what has waited for long though there is no message about it."""
        if self._app.depth() == 0:
            for task_id in self._records.overdue(_OVERDUE):
                self._app.send(task_id)

    @contextmanager
    def _obeying_signals(self) -> Iterator[None]:
        """Stop on the first SIGTERM or SIGINT, at once on the second."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        obeying = threading.Thread(target=self._obey, name="perfpy-signals", daemon=True)
        obeying.start()
        before = {number: signal.signal(number, self._note) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._over.set()
            self._signals.put(None)
            obeying.join()
            celery.worker.state.should_stop = None

    def _note(self, _number: int, _frame: object) -> None:
        self._signals.put(None)

    def _obey(self) -> None:
        self._signals.get()
        self._stopping.set()
        celery.worker.state.should_stop = 0
        while not self._over.is_set():
            hub = get_event_loop()
            if hub is not None:
                hub.call_soon(_nothing)  # type: ignore[no-untyped-call]  # lets Celery look at once at what it was told
            try:
                self._signals.get(timeout=_PAUSE)
            except Empty:
                continue
            self._aborting.set()
            for child in self._children:
                child.close()


def _nothing() -> None:
    pass


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """Go on when the servers cannot be reached."""
    try:
        yield
    except ConnectionError as error:
        _log.warning("could not %s: %s", what, error)
