"""What every queue promises, whatever keeps its tasks: with one worker that lives as long as the module."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from perfpy.queues import Outcome, Queue, State, unpack_error

pytestmark = pytest.mark.usefixtures("worker")
PATIENCE = 60.0


def put(queue: Queue, payload: str, **options: Any) -> str:
    task_id = uuid.uuid4().hex
    queue.put(task_id, payload.encode(), label=payload, **options)
    return task_id


def end_of(queue: Queue, task_id: str) -> Outcome:
    assert task_id in queue.wait([task_id], PATIENCE), queue.entry(task_id)
    return queue.outcome(task_id)


def until(queue: Queue, task_id: str, state: State) -> None:
    deadline = time.monotonic() + PATIENCE
    while queue.states([task_id])[task_id] is not state:
        assert time.monotonic() < deadline, queue.entry(task_id)
        time.sleep(0.01)


def test_a_task_is_done_and_described(queue: Queue) -> None:
    before = time.time()
    task_id = put(queue, "echo word")
    assert end_of(queue, task_id) == (State.DONE, b"word")
    entry = queue.entry(task_id)
    assert (entry.id, entry.state, entry.label, entry.error) == (task_id, State.DONE, "echo word", "")
    assert entry.deliveries == 1
    times = [moment for moment in (entry.submitted, entry.started, entry.finished) if moment is not None]
    assert times == sorted(times)
    assert all(before - 1 < moment < time.time() + 1 for moment in times)
    assert queue.listing() == [entry]
    assert queue.listing([State.DONE]) == [entry]
    assert queue.listing([State.FAILED]) == []
    assert queue.outcome(task_id).data == b"word", "a result is kept when it has been read"


@pytest.mark.parametrize("data", [b"", b"\x00\xff" * 3, b"x" * 3_000_000], ids=["empty", "binary", "large"])
def test_any_bytes_go_there_and_back(queue: Queue, data: bytes) -> None:
    task_id = uuid.uuid4().hex
    queue.put(task_id, b"echo " + data)
    assert end_of(queue, task_id) == (State.DONE, data)


def test_what_is_forgotten_is_gone(queue: Queue) -> None:
    task_id = put(queue, "echo word")
    end_of(queue, task_id)
    queue.forget(task_id)
    assert queue.states([task_id, "never put"]) == {task_id: State.UNKNOWN, "never put": State.UNKNOWN}
    assert queue.outcome(task_id) == (State.UNKNOWN, b"")
    assert queue.entry(task_id).state is State.UNKNOWN
    assert queue.listing() == []
    queue.forget(task_id)
    assert not queue.cancel(task_id)
    assert not queue.retry(task_id)


def test_an_error_is_kept_with_its_type_and_traceback(queue: Queue) -> None:
    task_id = put(queue, "fail thing")
    state, data = end_of(queue, task_id)
    assert state is State.FAILED
    error = unpack_error(data)
    assert type(error) is KeyError
    assert error.args == ("thing", 3)
    assert "in fail\n" in str(error.__cause__)
    entry = queue.entry(task_id)
    assert entry.deliveries == 1, "an error is an answer"
    assert "KeyError" in entry.error


def test_a_failed_task_can_be_tried_again(queue: Queue, tmp_path: Path) -> None:
    task_id = put(queue, f"append {tmp_path / 'missing' / 'file'} word")
    assert end_of(queue, task_id).state is State.FAILED
    (tmp_path / "missing").mkdir()
    assert queue.retry(task_id)
    assert end_of(queue, task_id) == (State.DONE, b"")
    assert (tmp_path / "missing" / "file").read_text() == "word\n"
    assert not queue.retry(task_id), "what is done is not done again"


def test_what_is_cancelled_is_not_done(queue: Queue, tmp_path: Path) -> None:
    file = tmp_path / "file"
    busy = [put(queue, "sleep 0.4") for _ in range(2)]
    for task_id in busy:
        until(queue, task_id, State.RUNNING)
    cancelled, forgotten, last = (put(queue, f"append {file} {word}") for word in ("one", "two", "three"))
    assert queue.cancel(cancelled)
    assert queue.states([cancelled])[cancelled] is State.CANCELLED
    assert queue.outcome(cancelled) == (State.CANCELLED, b"")
    queue.forget(forgotten)
    assert not queue.cancel(busy[0]), "it is running"
    end_of(queue, last)
    assert file.read_text() == "three\n"
    assert queue.retry(cancelled)
    end_of(queue, cancelled)
    assert file.read_text() == "three\none\n"


def test_tasks_are_begun_in_their_order(queue: Queue) -> None:
    tasks = [put(queue, "sleep 0.01") for _ in range(20)]
    for task_id in tasks:
        end_of(queue, task_id)
    started = [queue.entry(task_id).started or 0.0 for task_id in tasks]
    # The two processes may begin with two of them at the same time.
    assert all(first < later for first, later in zip(started, started[2:], strict=False))


def test_several_processes_work_at_the_same_time(queue: Queue) -> None:
    tasks = [put(queue, "sleep 0.3") for _ in range(2)]
    for task_id in tasks:
        until(queue, task_id, State.RUNNING)
    assert set(queue.states(tasks).values()) == {State.RUNNING}


def test_a_task_that_kills_its_worker_once_is_done_by_another(queue: Queue, tmp_path: Path) -> None:
    task_id = put(queue, f"die_once {tmp_path / 'mark'}")
    assert end_of(queue, task_id) == (State.DONE, b"the second time")
    assert queue.entry(task_id).deliveries == 2


def test_a_task_that_kills_all_its_workers_is_given_up(queue: Queue) -> None:
    task_id = put(queue, "die", deliveries=2)
    state, data = end_of(queue, task_id)
    assert state is State.DEAD
    assert "given up after 2 deliveries" in str(unpack_error(data))
    (entry,) = queue.listing([State.DEAD])
    assert (entry.id, entry.deliveries) == (task_id, 2)
    assert "given up" in entry.error
    assert end_of(queue, put(queue, "echo next")).data == b"next", "the queue goes on"
    assert queue.retry(task_id)
    assert end_of(queue, task_id).state is State.DEAD


def test_a_task_that_takes_too_long_is_ended(queue: Queue) -> None:
    started = time.monotonic()
    task_id = put(queue, "sleep 50", time_limit=0.3, deliveries=1)
    state, data = end_of(queue, task_id)
    assert state is State.DEAD
    assert "time limit of 0.3 s" in str(unpack_error(data))
    assert time.monotonic() - started < 30


def test_a_task_outlives_who_put_it(queue: Queue, url: str) -> None:
    program = (
        f"from perfpy.queues import open_queue; open_queue({url!r}).put('of-another', b'echo still there')"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE)
    assert end_of(queue, "of-another") == (State.DONE, b"still there")


def test_workers_are_counted(queue: Queue) -> None:
    assert queue.workers() == 2


def test_waiting_for_nothing_ends(queue: Queue) -> None:
    assert queue.wait([]) == {}
    task_id = put(queue, "sleep 0.5")
    assert queue.wait([task_id], 0.05) == {}
    assert queue.wait([task_id, "never put"], PATIENCE) == {"never put": State.UNKNOWN}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_queue_can_be_used_after_a_fork(queue: Queue) -> None:
    task_id = put(queue, "echo parent")
    child = os.fork()
    if child == 0:
        found = queue.wait([task_id], PATIENCE)
        os._exit(0 if found == {task_id: State.DONE} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert end_of(queue, task_id).data == b"parent"
