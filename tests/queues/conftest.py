"""Every kind of queue, and workers for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perfpy.queues import Queue, open_queue

TASKS = Path(__file__).with_name("queue_tasks.py")


@pytest.fixture(scope="session", params=["sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty queue of each kind."""
    made: str = request.getfixturevalue(f"{request.param}_url")
    return made


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("huey", reason='needs huey: pip install "perfpy[jobs]"')
    return f"sqlite:{tmp_path_factory.mktemp('queue') / 'jobs.sqlite'}"


@pytest.fixture
def queue(url: str) -> Iterator[Queue]:
    """Return a queue without tasks."""
    opened = open_queue(url)
    yield opened
    for entry in opened.listing():
        opened.forget(entry.id)
    opened.close()


StartWorker = Callable[..., "subprocess.Popen[str]"]


def started(url: str, concurrency: int = 1) -> subprocess.Popen[str]:
    """Start a worker whose functions are those of `queue_tasks`, and wait until it takes tasks."""
    environment = os.environ | {"PYTHONPATH": str(TASKS.parent)}
    worker = subprocess.Popen(
        [sys.executable, str(TASKS), url, str(concurrency)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


def ended(worker: subprocess.Popen[str]) -> None:
    """End a worker, whatever it is doing."""
    for _ in range(2):
        worker.terminate()
        try:
            worker.wait(timeout=2)
        except subprocess.TimeoutExpired:
            continue
        break
    worker.kill()
    worker.communicate()


@pytest.fixture
def start_worker(url: str) -> Iterator[StartWorker]:
    """Start workers that end with the test."""
    workers: list[subprocess.Popen[str]] = []

    def start(concurrency: int = 1) -> subprocess.Popen[str]:
        workers.append(started(url, concurrency))
        return workers[-1]

    yield start
    for worker in workers:
        ended(worker)


@pytest.fixture(scope="module")
def worker(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run a worker of two processes for all tests of a module that do not harm it."""
    process = started(url, 2)
    yield process
    ended(process)
