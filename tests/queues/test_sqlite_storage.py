"""What a queue in a file remembers, step by step, without a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("huey", reason='needs huey: pip install "perfpy[jobs]"')

from perfpy.queues import Outcome, State, unpack_error
from perfpy.queues import _sqlite_storage as storage_module
from perfpy.queues._sqlite_storage import LEASE, Storage

DONE = Outcome(State.DONE, b"result")


class Clock:
    """The time of day, which passes when it is told to."""

    now = 1000.0

    def passes(self, leases: float) -> None:
        self.now += leases * LEASE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[Storage]:
    monkeypatch.setattr(storage_module, "time", SimpleNamespace(time=lambda: clock.now))
    made = Storage(tmp_path / "jobs.sqlite")
    yield made
    made.close()


def put(storage: Storage, task_id: str, **options: Any) -> None:
    storage.put(task_id, b"payload", task_id, **({"deliveries": 2, "time_limit": 60.0} | options))


def take(storage: Storage, owner: str) -> str:
    taken = storage.take(owner, f"host:{owner}")
    return taken.task_id if taken else ""


def finish(storage: Storage, task_id: str, owner: str = "", outcome: Outcome = DONE) -> None:
    assert storage.finish(task_id, outcome, owner, owner, more=False) is None


def state(storage: Storage, task_id: str) -> State:
    return storage.states([task_id])[task_id]


def test_a_task_of_which_nothing_is_heard_is_given_to_another_and_then_given_up(
    storage: Storage, clock: Clock
) -> None:
    put(storage, "task")
    for owner in ("first", "second"):
        assert take(storage, owner) == "task"
        assert storage.sweep() == 0
        clock.passes(1.1)
        assert storage.sweep() == 1
    assert state(storage, "task") is State.DEAD
    error = unpack_error(storage.outcome("task").data)
    assert str(error) == (
        "task was given up after 2 deliveries: nothing was heard of its worker, host:second"
    )
    assert storage.retry("task")
    assert take(storage, "third") == "task"
    assert storage.entry("task").deliveries == 1


def test_a_worker_that_is_heard_of_keeps_its_task(storage: Storage, clock: Clock) -> None:
    put(storage, "task")
    take(storage, "owner")
    for _ in range(4):
        clock.passes(0.6)
        storage.beat(["owner"], "host:1", 1)
        assert storage.sweep() == 0
    assert storage.concurrency() == 1
    clock.passes(1.1)
    assert storage.concurrency() == 0


def test_of_two_that_finish_a_task_the_first_counts(storage: Storage, clock: Clock) -> None:
    put(storage, "task")
    take(storage, "slow")
    clock.passes(1.1)
    storage.sweep()
    take(storage, "fast")
    finish(storage, "task", "slow", Outcome(State.DONE, b"first"))
    finish(storage, "task", "fast", Outcome(State.DONE, b"second"))
    assert storage.outcome("task") == (State.DONE, b"first")
    storage.release("fast", "it died")
    assert storage.outcome("task") == (State.DONE, b"first")


def test_one_that_is_late_may_finish_what_waits_again(storage: Storage, clock: Clock) -> None:
    put(storage, "task")
    take(storage, "slow")
    clock.passes(1.1)
    storage.sweep()
    finish(storage, "task", "slow")
    assert storage.outcome("task") == DONE
    assert take(storage, "other") == ""


def test_what_is_released_comes_before_what_has_not_been_tried(storage: Storage) -> None:
    for task_id in ("one", "two"):
        put(storage, task_id)
    assert take(storage, "owner") == "one"
    assert storage.release("owner", "it died") == 1
    assert [take(storage, "other"), take(storage, "other"), take(storage, "other")] == ["one", "two", ""]


def test_finishing_gives_the_next_task(storage: Storage) -> None:
    for task_id in ("one", "two"):
        put(storage, task_id)
    assert take(storage, "owner") == "one"
    following = storage.finish("one", DONE, "owner", "host:1", more=True)
    assert following == ("two", b"payload")
    assert storage.finish("two", DONE, "owner", "host:1", more=True) is None


@pytest.mark.parametrize("ends", ["finish", "release", "sweep"])
def test_what_is_forgotten_while_it_runs_leaves_nothing(storage: Storage, clock: Clock, ends: str) -> None:
    put(storage, "task")
    take(storage, "owner")
    storage.forget("task")
    assert state(storage, "task") is State.UNKNOWN
    assert storage.entries(None, 10) == []
    if ends == "finish":
        finish(storage, "task", "owner")
    elif ends == "release":
        storage.release("owner", "it died")
    else:
        clock.passes(1.1)
        storage.sweep()
    for table in ("perfpy_task", "kv", "task"):
        assert storage.sql(f"select count(*) from {table}", results=True) == [(0,)]


def test_a_cancelled_task_keeps_its_state_when_it_ends(storage: Storage) -> None:
    put(storage, "task")
    take(storage, "owner")
    assert not storage.cancel("task", running=False)
    assert storage.cancel("task", running=True)
    assert storage.overdue("owner") == "it was cancelled"
    finish(storage, "task", "owner")
    assert storage.outcome("task") == (State.CANCELLED, b"")


def test_a_process_that_went_on_is_not_ended_for_what_was_cancelled(storage: Storage) -> None:
    for task_id in ("one", "two"):
        put(storage, task_id)
    take(storage, "owner")
    storage.cancel("one", running=True)
    storage.finish("one", DONE, "owner", "host:1", more=True)
    assert state(storage, "two") is State.RUNNING
    assert storage.overdue("owner") == ""


def test_what_is_too_large_is_an_error(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_module, "_LARGEST", 2000)
    with pytest.raises(ValueError, match="a task of 2001 bytes is too large"):
        storage.put("large", bytes(2001), "", 1, 1.0)
    put(storage, "task")
    take(storage, "owner")
    finish(storage, "task", "owner", Outcome(State.DONE, bytes(2001)))
    found, data = storage.outcome("task")
    assert found is State.FAILED
    assert "its result has 2001 bytes" in str(unpack_error(data))


def test_an_id_is_used_once(storage: Storage) -> None:
    put(storage, "task")
    with pytest.raises(ValueError, match="there is a task 'task' already"):
        put(storage, "task")
    assert take(storage, "owner") == "task"
    assert take(storage, "owner") == ""
