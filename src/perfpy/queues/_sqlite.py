"""The queue of a machine: a file, no server, and worker processes that this machine starts."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ._queue import Entry, Outcome, Queue, Run, State

if TYPE_CHECKING:
    from ._sqlite_storage import Storage

_of_parents: list[
    object
] = []  # what a fork left behind is neither used nor closed, which are both the parent's


def open_sqlite(url: str) -> Queue:
    """Return the queue in a file."""
    return SQLiteQueue(url)


class SQLiteQueue(Queue):
    """Tasks in a file, by huey's storage.

    Parameters
    ----------
    url : str
        ``sqlite:PATH``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._path = Path(url.removeprefix("sqlite:"))
        self._process = os.getpid()
        self._lock = threading.Lock()

    @cached_property
    def _opened(self) -> Storage:
        try:
            from ._sqlite_storage import Storage
        except ImportError as error:
            raise ImportError(
                "a queue in a file needs the package 'huey'; install it with: pip install \"perfpy[jobs]\""
            ) from error
        return Storage(self._path)

    @property
    def _storage(self) -> Storage:
        if self._process != os.getpid():  # SQLite's connections must not be used in a forked child
            self._lock, self._process = threading.Lock(), os.getpid()
            _of_parents.append(self.__dict__.pop("_opened", None))
        with self._lock:
            return self._opened

    def check(self) -> None:
        self._storage.concurrency()

    def put(
        self,
        task_id: str,
        payload: bytes,
        *,
        label: str = "",
        deliveries: int = 3,
        time_limit: float = 3600.0,
    ) -> None:
        self._storage.put(task_id, payload, label, deliveries, time_limit)

    def states(self, ids: Iterable[str]) -> dict[str, State]:
        return self._storage.states(list(ids))

    def outcome(self, task_id: str) -> Outcome:
        return self._storage.outcome(task_id)

    def entry(self, task_id: str) -> Entry:
        return self._storage.entry(task_id)

    def cancel(self, task_id: str, *, running: bool = False) -> bool:
        return self._storage.cancel(task_id, running)

    def retry(self, task_id: str) -> bool:
        return self._storage.retry(task_id)

    def forget(self, task_id: str) -> None:
        self._storage.forget(task_id)

    def listing(self, states: Iterable[State] | None = None, *, limit: int = 1000) -> list[Entry]:
        return self._storage.entries(states, limit)

    def workers(self) -> int:
        return self._storage.concurrency()

    def work(
        self,
        run: Run,
        *,
        concurrency: int = 1,
        initializer: Callable[[], None] | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        from ._supervisor import Supervisor

        Supervisor(self._storage, self.url, run, initializer, concurrency).work(ready)

    def close(self) -> None:
        if "_opened" in self.__dict__:
            self._storage.close()
