"""A queue in a file: huey's storage, and a table that remembers what huey's queue forgets when it is taken.

The queue and the results are huey's tables: a queue of ids in their order, and a store of values by id. What
is taken from huey's queue is gone from it, and lost if whoever took it dies. So a table beside them has a row
for each task, with its state and, while it is running, until when its worker has it: the *lease*, which a
worker extends while it lives. What is taken, and what is finished, changes all tables in one transaction.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from huey.storage import SqliteStorage

from ._errors import pack_error, summary
from ._queue import Entry, Outcome, State

LEASE = 10.0  # seconds that a task stays with a worker of which nothing is heard
_PATIENCE = 30.0  # seconds to wait for others who write to the file
_NAME = "perfpy"  # of the queue among those that huey may have in a file
_APPLICATION, _VERSION = 0x70667079, 1  # "pfpy": says whose file it is, and which tables it has
_LARGEST = 999_000_000  # bytes that SQLite takes as one value
_MANY = 500  # ids in one statement
_FORGOTTEN = "forgotten"  # the state of a task that runs and of which nobody wants to know
_TASKS = """create table if not exists perfpy_task (
    number integer primary key autoincrement, id text not null unique, state text not null,
    label text not null, payload blob not null, deliveries integer not null default 0,
    most integer not null, time_limit real not null, submitted real not null, started real, finished real,
    owner text not null default '', worker text not null default '', expires real,
    error text not null default '')"""
_BY_STATE = "create index if not exists perfpy_task_state on perfpy_task (state, number)"
_WORKERS = """create table if not exists perfpy_worker (
    owner text primary key, worker text not null, concurrency integer not null, seen real not null)"""
_ENTRY = "id, state, label, deliveries, submitted, started, finished, worker, error"


class Taken(NamedTuple):
    """A task that a worker was given."""

    task_id: str
    payload: bytes


class Storage(SqliteStorage):  # type: ignore[misc]  # huey has no types
    """The file; everything that a queue asks of it is a method that does one transaction.

    Parameters
    ----------
    path : Path
        The file.
    create : bool, default: True
        Make the file if there is none.
    """

    ddl = (*SqliteStorage.ddl, _TASKS, _BY_STATE, _WORKERS)

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self._path = path
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | (os.O_CREAT if create else 0)
            os.close(os.open(path, flags, 0o600))  # nobody else's: whoever writes to it has work done
            self._inode = path.stat().st_ino
        except OSError as error:
            raise ConnectionError(f"cannot use the queue in {str(path)!r}: {error}") from error
        with self._clear_errors():
            self._check_file()
            super().__init__(_NAME, filename=str(path), timeout=_PATIENCE)

    def _check_file(self) -> None:
        """Refuse a file that is something else's, before anything in it is changed."""
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as connection:
            (application,) = connection.execute("pragma application_id").fetchone()
            (version,) = connection.execute("pragma user_version").fetchone()
            (tables,) = connection.execute("select count(*) from sqlite_master").fetchone()
        if tables and application != _APPLICATION:
            raise ConnectionError(f"{str(self._path)!r} is no queue of perfpy, but another database")
        if tables and version != _VERSION:
            raise ConnectionError(
                f"the queue in {str(self._path)!r} has format {version}; this perfpy knows {_VERSION} only"
            )

    def _check_place(self) -> None:
        """Complain when the file is not the one that was opened: SQLite would go on with what is no more."""
        try:
            found = self._path.stat().st_ino
        except OSError as error:
            raise ConnectionError(f"the queue in {str(self._path)!r} is gone: {error}") from error
        if found != self._inode:
            raise ConnectionError(f"the queue in {str(self._path)!r} was replaced by another file")

    def initialize_schema(self) -> None:
        """Make the tables where they are not there yet."""
        with self.db(commit=True, close=True) as cursor:
            for statement in self.ddl:
                cursor.execute(statement)
            if cursor.execute("pragma application_id").fetchone()[0] != _APPLICATION:
                cursor.execute(f"pragma application_id = {_APPLICATION}")
                cursor.execute(f"pragma user_version = {_VERSION}")

    @contextmanager
    def db(self, commit: bool = False, close: bool = False) -> Iterator[sqlite3.Cursor]:
        """Give a cursor, in a transaction if it is to `commit`."""
        with self._clear_errors(), super().db(commit=commit, close=close) as cursor:
            yield cursor

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """Say what is wrong with the file."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise ConnectionError(
                f"cannot use the queue in {str(self._path)!r}: {error}; if it is damaged, delete it"
            ) from error

    # For those who want something done

    def put(self, task_id: str, payload: bytes, label: str, deliveries: int, time_limit: float) -> None:
        """Add a task at the end."""
        if len(payload) > _LARGEST:
            raise ValueError(f"a task of {len(payload)} bytes is too large: {_LARGEST} are the most")
        self._check_place()
        with self.db(commit=True) as cursor:
            cursor.execute(
                "insert or ignore into perfpy_task (id, state, label, payload, most, time_limit, submitted) "
                "values (?, ?, ?, ?, ?, ?, ?)",
                (task_id, State.WAITING, label, payload, deliveries, time_limit, time.time()),
            )
            if cursor.rowcount != 1:
                raise ValueError(f"there is a task {task_id!r} already")
            _enqueue(cursor, task_id)

    def states(self, ids: Sequence[str]) -> dict[str, State]:
        """Return what has become of tasks."""
        found = dict.fromkeys(ids, State.UNKNOWN)
        for begin in range(0, len(ids), _MANY):
            part = ids[begin : begin + _MANY]
            marks = ",".join("?" * len(part))
            for task_id, state in self._rows(
                f"select id, state from perfpy_task where id in ({marks})", part
            ):
                found[task_id] = _state(state)
        return found

    def outcome(self, task_id: str) -> Outcome:
        """Return a task's state and what it left."""
        rows = self._rows(
            "select perfpy_task.state, kv.value from perfpy_task "
            "left join kv on kv.queue = ? and kv.key = perfpy_task.id where perfpy_task.id = ?",
            (_NAME, task_id),
        )
        if not rows:
            return Outcome(State.UNKNOWN)
        state, value = rows[0]
        return Outcome(_state(state), value or b"")

    def entries(self, states: Iterable[State] | None, limit: int) -> list[Entry]:
        """Describe tasks, the newest first."""
        wanted = [state for state in State if state is not State.UNKNOWN] if states is None else list(states)
        marks = ",".join("?" * len(wanted))
        return self._entries(
            f"where state in ({marks}) order by number desc limit ?", (*wanted, max(0, limit))
        )

    def entry(self, task_id: str) -> Entry:
        """Describe a task."""
        found = self._entries("where id = ? and state != ?", (task_id, _FORGOTTEN))
        return found[0] if found else Entry(task_id, State.UNKNOWN)

    def cancel(self, task_id: str, running: bool) -> bool:
        """Cancel a task; who runs it sees that at its next beat."""
        states = (State.WAITING, State.RUNNING) if running else (State.WAITING, State.WAITING)
        with self.db(commit=True) as cursor:
            cursor.execute(
                "update perfpy_task set state = ?, finished = ? where id = ? and state in (?, ?)",
                (State.CANCELLED, time.time(), task_id, *states),
            )
            return cursor.rowcount == 1

    def retry(self, task_id: str) -> bool:
        """Put back a task that ended without a result."""
        with self.db(commit=True) as cursor:
            cursor.execute(
                "update perfpy_task set state = ?, deliveries = 0, finished = null, error = '', owner = '' "
                "where id = ? and state in (?, ?, ?)",
                (State.WAITING, task_id, State.FAILED, State.DEAD, State.CANCELLED),
            )
            if cursor.rowcount != 1:
                return False
            cursor.execute("delete from kv where queue = ? and key = ?", (_NAME, task_id))
            _enqueue(cursor, task_id)
            return True

    def forget(self, task_id: str) -> None:
        """Remove a task and its result; one that is running, when it ends."""
        with self.db(commit=True) as cursor:
            cursor.execute(
                "delete from perfpy_task where id = ? and state not in (?, ?)",
                (task_id, State.RUNNING, _FORGOTTEN),
            )
            if cursor.rowcount == 1:
                cursor.execute("delete from kv where queue = ? and key = ?", (_NAME, task_id))
                return
            cursor.execute(
                "update perfpy_task set state = ?, payload = x'' where id = ? and state = ?",
                (_FORGOTTEN, task_id, State.RUNNING),
            )

    def concurrency(self) -> int:
        """Return how many tasks run at a time where there are enough."""
        self._check_place()
        ((number,),) = self._rows(
            "select coalesce(sum(concurrency), 0) from perfpy_worker where seen > ?", (time.time() - LEASE,)
        )
        return int(number)

    # For those who do it

    def take(self, owner: str, worker: str) -> Taken | None:
        """Give the next task to a worker, for the length of a lease."""
        if not self._rows("select 1 from task where queue = ? limit 1", (_NAME,)):
            return None  # seen without a lock, as it mostly is
        with self.db(commit=True) as cursor:
            return _take(cursor, owner, worker)

    def finish(self, task_id: str, outcome: Outcome, owner: str, worker: str, *, more: bool) -> Taken | None:
        """Keep what came of a task, and give its worker the next if it wants `more`.

        Nothing is kept where somebody else was first or nobody wants to know. It is one transaction, because
        each one waits for the disk.
        """
        if len(outcome.data) > _LARGEST:
            said = f"its result has {len(outcome.data)} bytes; a queue in a file keeps {_LARGEST} at most"
            outcome = Outcome(State.FAILED, pack_error(ValueError(said)))
        with self.db(commit=True) as cursor:
            if not _finish(cursor, task_id, outcome):
                cursor.execute("delete from perfpy_task where id = ? and state = ?", (task_id, _FORGOTTEN))
                # It was cancelled, and its process, which goes on, must not be ended for it.
                cursor.execute(
                    "update perfpy_task set owner = '' where id = ? and owner = ?", (task_id, owner)
                )
            return _take(cursor, owner, worker) if more else None

    def beat(self, owners: Sequence[str], worker: str, concurrency: int) -> None:
        """Say that a worker lives, and extend the leases of its processes."""
        now = time.time()
        self._check_place()
        with self.db(commit=True) as cursor:
            cursor.execute(
                "insert into perfpy_worker values (?, ?, ?, ?) on conflict (owner) do update set seen = ?",
                (worker, worker, concurrency, now, now),
            )
            cursor.execute("delete from perfpy_worker where seen < ?", (now - 6 * LEASE,))
            cursor.executemany(
                "update perfpy_task set expires = ? where owner = ? and state = ?",
                [(now + LEASE, owner, State.RUNNING) for owner in owners],
            )

    def leave(self, worker: str) -> None:
        """Say that a worker has ended."""
        with self.db(commit=True) as cursor:
            cursor.execute("delete from perfpy_worker where owner = ?", (worker,))

    def overdue(self, owner: str) -> str:
        """Say why what a process does is to be ended, or nothing."""
        rows = self._rows(
            "select state, time_limit, started from perfpy_task where owner = ? and state in (?, ?) "
            "order by started desc limit 1",
            (owner, State.RUNNING, State.CANCELLED),
        )
        for state, time_limit, started in rows:
            if state == State.CANCELLED:
                return "it was cancelled"
            if time.time() > started + time_limit:
                return f"it took longer than its time limit of {time_limit:g} s"
        return ""

    def release(self, owner: str, reason: str, *, counted: bool = True) -> int:
        """Take away what a process had, and give it to others; return how many tasks that were.

        One that had its deliveries is given up; a delivery that is not `counted` is as if it had not been.
        """
        with self.db(commit=True) as cursor:
            if not counted:
                cursor.execute(
                    "update perfpy_task set deliveries = deliveries - 1 where owner = ? and state = ?",
                    (owner, State.RUNNING),
                )
            cursor.execute(
                "update perfpy_task set owner = '' where owner = ? and state = ?", (owner, State.CANCELLED)
            )
            return _release(cursor, "owner = ?", owner, lambda worker: f"{reason} ({worker})")

    def sweep(self) -> int:
        """Release what workers had of which nothing is heard any more."""
        now = time.time()
        wanted = "select 1 from perfpy_task where state in (?, ?) and expires < ? limit 1"
        if not self._rows(wanted, (State.RUNNING, _FORGOTTEN, now)):
            return 0
        with self.db(commit=True) as cursor:
            return _release(
                cursor, "expires < ?", now, lambda worker: f"nothing was heard of its worker, {worker}"
            )

    def _rows(self, statement: str, values: Sequence[object]) -> list[Any]:
        rows: list[Any] = self.sql(statement, values, results=True)
        return rows

    def _entries(self, where: str, values: Sequence[object]) -> list[Entry]:
        rows = self._rows(f"select {_ENTRY} from perfpy_task {where}", values)
        return [Entry(row[0], _state(row[1]), *row[2:]) for row in rows]


def _state(state: str) -> State:
    return State.UNKNOWN if state == _FORGOTTEN else State(state)


def _enqueue(cursor: sqlite3.Cursor, task_id: str, priority: int = 0) -> None:
    cursor.execute(
        "insert into task (queue, data, priority) values (?, ?, ?)", (_NAME, task_id.encode(), priority)
    )


def _take(cursor: sqlite3.Cursor, owner: str, worker: str) -> Taken | None:
    """Move the next task that waits from the queue to its worker."""
    now = time.time()
    while True:
        first = cursor.execute(
            "select id, data from task where queue = ? order by priority desc, id limit 1", (_NAME,)
        ).fetchone()
        if first is None:
            return None
        cursor.execute("delete from task where id = ?", (first[0],))
        task_id = bytes(first[1]).decode()
        found = cursor.execute(
            "update perfpy_task set state = ?, deliveries = deliveries + 1, started = ?, owner = ?, "
            "worker = ?, expires = ? where id = ? and state = ? returning payload",
            (State.RUNNING, now, owner, worker, now + LEASE, task_id, State.WAITING),
        ).fetchone()
        if found is not None:  # else it was cancelled, forgotten or finished after all
            return Taken(task_id, found[0])


def _finish(cursor: sqlite3.Cursor, task_id: str, outcome: Outcome) -> bool:
    """Keep what came of a task that is not finished; return whether that was so."""
    failed = outcome.state is not State.DONE
    cursor.execute(
        "update perfpy_task set state = ?, finished = ?, error = ?, "
        "payload = case when ? then payload else x'' end where id = ? and state in (?, ?)",
        (
            outcome.state,
            time.time(),
            summary(outcome.data) if failed else "",
            failed,
            task_id,
            State.RUNNING,
            State.WAITING,
        ),
    )
    if cursor.rowcount != 1:
        return False
    cursor.execute("insert or replace into kv values (?, ?, ?)", (_NAME, task_id, outcome.data))
    return True


def _release(cursor: sqlite3.Cursor, where: str, value: object, reason: Callable[[str], str]) -> int:
    """Put running tasks back, in front of those that have not been tried, or give them up."""
    rows = cursor.execute(
        f"select id, worker, deliveries, most, label from perfpy_task where state = ? and {where}",
        (State.RUNNING, value),
    ).fetchall()
    for task_id, worker, deliveries, most, label in rows:
        said = reason(worker)
        if deliveries >= most:
            plural = "delivery" if deliveries == 1 else "deliveries"
            error = RuntimeError(f"{label or task_id} was given up after {deliveries} {plural}: {said}")
            _finish(cursor, task_id, Outcome(State.DEAD, pack_error(error)))
        else:
            cursor.execute(
                "update perfpy_task set state = ?, owner = '', error = ? where id = ?",
                (State.WAITING, said, task_id),
            )
            _enqueue(cursor, task_id, priority=1)
    cursor.execute(f"delete from perfpy_task where state = ? and {where}", (_FORGOTTEN, value))
    return len(rows)
