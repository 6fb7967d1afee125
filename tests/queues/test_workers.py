"""Workers of every kind of queue that are told to end, or killed; each has its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from perfpy.queues import Queue, State

PATIENCE = 60.0


def put(queue: Queue, payload: str, **options: Any) -> str:
    task_id = uuid.uuid4().hex
    queue.put(task_id, payload.encode(), **options)
    return task_id


def until(queue: Queue, task_id: str, *states: State) -> State:
    deadline = time.monotonic() + PATIENCE
    while (state := queue.states([task_id])[task_id]) not in states:
        assert time.monotonic() < deadline, queue.entry(task_id)
        time.sleep(0.01)
    return state


def processes_below(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in listed.stdout.split()]


def gone(pid: int) -> bool:
    """Tell whether a process has ended, also if nobody has asked how."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def end(pids: list[int]) -> bool:
    """Tell whether all processes end within seconds: the last may still be on its way out."""
    deadline = time.monotonic() + 5
    while not all(map(gone, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return all(map(gone, pids))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_runs_be_finished(queue: Queue, start_worker: Any, number: int) -> None:
    worker = start_worker()
    running, waiting = put(queue, "sleep 0.5"), put(queue, "sleep 0.5")
    until(queue, running, State.RUNNING)
    below = processes_below(worker.pid)
    worker.send_signal(number)
    assert worker.wait(timeout=PATIENCE) == 0
    assert queue.outcome(running) == (State.DONE, b"slept")
    assert queue.states([waiting])[waiting] is State.WAITING
    assert queue.workers() == 0
    assert end(below)


def test_a_second_signal_ends_at_once_and_loses_nothing(queue: Queue, start_worker: Any) -> None:
    worker = start_worker()
    task_id = put(queue, "sleep 30", deliveries=1)
    until(queue, task_id, State.RUNNING)
    below = processes_below(worker.pid)
    started = time.monotonic()
    worker.terminate()
    time.sleep(0.3)
    worker.terminate()
    worker.wait(timeout=PATIENCE)
    assert time.monotonic() - started < 20
    assert end(below)
    assert until(queue, task_id, State.WAITING) is State.WAITING, "it is no fault of the task"


def test_a_worker_that_is_killed_loses_nothing(queue: Queue, start_worker: Any) -> None:
    first = start_worker()
    task_id = put(queue, "sleep 1")
    until(queue, task_id, State.RUNNING)
    below = processes_below(first.pid)
    os.kill(first.pid, signal.SIGKILL)
    start_worker()
    assert until(queue, task_id, State.DONE) is State.DONE
    assert queue.outcome(task_id).data == b"slept"
    assert queue.entry(task_id).deliveries == 2
    assert end(below)


def test_two_workers_share_a_queue_and_no_task_is_done_twice(queue: Queue, start_worker: Any) -> None:
    start_worker()
    start_worker()
    assert queue.workers() >= 2  # one that was killed counts for some seconds
    tasks = [put(queue, "who") for _ in range(30)]
    for task_id in tasks:
        until(queue, task_id, State.DONE)
    assert {queue.entry(task_id).deliveries for task_id in tasks} == {1}


def test_a_running_task_can_be_cancelled(queue: Queue, start_worker: Any) -> None:
    start_worker()
    task_id = put(queue, "sleep 60")
    until(queue, task_id, State.RUNNING)
    assert queue.cancel(task_id, running=True)
    assert queue.states([task_id])[task_id] is State.CANCELLED
    following = put(queue, "echo word")
    until(queue, following, State.DONE)
    assert queue.states([task_id])[task_id] is State.CANCELLED
