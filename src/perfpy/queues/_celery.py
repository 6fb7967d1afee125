"""Queues on Redis and RabbitMQ: Celery delivers, Redis keeps what is known of each task.

A message is no more than a task's id. Whoever gets one asks the records whether the task waits, and takes a
lease of it: so a message that comes twice does no harm, and one that is lost is sent again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from ._celery_address import parsed
from ._queue import Entry, Outcome, Queue, Run, State

if TYPE_CHECKING:
    from ._celery_app import App
    from ._celery_records import Records

_KEPT = tuple(state for state in State if state is not State.UNKNOWN)


def open_celery(url: str) -> Queue:
    """Make a queue of a URL of Redis or RabbitMQ."""
    return CeleryQueue(url)


class _Servers(NamedTuple):
    records: Records
    app: App


class CeleryQueue(Queue):
    """A queue on Celery.

    Parameters
    ----------
    url : str
        ``redis://HOST:PORT/DATABASE``, or ``amqp://USER:PASSWORD@HOST:PORT/VHOST?results=redis://...``; with
        ``s`` behind the scheme for TLS, and ``queue=NAME`` among the options for one of several queues.
    """

    def __init__(self, url: str) -> None:
        self._address = parsed(url)
        self.url = self._address.shown
        self._lock = threading.Lock()
        self._opened: _Servers | None = None
        self._process = os.getpid()

    def check(self) -> None:
        self._records.check()
        if self._address.broker != self._address.records:
            self._app.check()

    def put(
        self,
        task_id: str,
        payload: bytes,
        *,
        label: str = "",
        deliveries: int = 3,
        time_limit: float = 3600.0,
    ) -> None:
        if not self._records.put(task_id, payload, label, deliveries, time_limit):
            raise ValueError(f"there is a task {task_id!r} already")
        try:
            self._app.send(task_id)
        except BaseException:
            self._records.forget(task_id)
            raise

    def states(self, ids: Iterable[str]) -> dict[str, State]:
        return self._records.states(ids)

    def outcome(self, task_id: str) -> Outcome:
        return self._records.outcome(task_id)

    def entry(self, task_id: str) -> Entry:
        return self._records.entries([task_id])[0]

    def cancel(self, task_id: str, *, running: bool = False) -> bool:
        return self._records.cancel(task_id, running)

    def retry(self, task_id: str) -> bool:
        if not self._records.retry(task_id):
            return False
        self._app.send(task_id)
        return True

    def forget(self, task_id: str) -> None:
        self._records.forget(task_id)

    def listing(self, states: Iterable[State] | None = None, *, limit: int = 1000) -> list[Entry]:
        ids = self._records.newest(_KEPT if states is None else states, limit)
        return [entry for entry in self._records.entries(ids) if entry.state is not State.UNKNOWN]

    def workers(self) -> int:
        return self._records.slots()

    def work(
        self,
        run: Run,
        *,
        concurrency: int = 1,
        initializer: Callable[[], None] | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {concurrency}")
        self.check()
        from ._celery_worker import Worker

        Worker(self._app, self._records, run, concurrency, initializer).work(ready)

    def close(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None and self._process == os.getpid():
            opened.records.close()
            opened.app.close()

    @property
    def _records(self) -> Records:
        return self._servers().records

    @property
    def _app(self) -> App:
        return self._servers().app

    def _servers(self) -> _Servers:
        if self._process != os.getpid():  # connections must not be used in a forked child
            self._lock, self._process, self._opened = threading.Lock(), os.getpid(), None
        with self._lock:
            if self._opened is None:
                self._opened = self._connected()
            return self._opened

    def _connected(self) -> _Servers:
        try:
            from ._celery_app import App
            from ._celery_records import Records
        except ModuleNotFoundError as error:
            raise ImportError(
                f"a queue on Redis or RabbitMQ needs the package {error.name!r}; "
                'install it with: pip install "perfpy[jobs]"'
            ) from error
        records = Records(self._address.records, f"perfpy:{self._address.name}")
        records.check()  # an answer may be long in coming later, when there is much to send, but not now
        return _Servers(records, App(self._address))
