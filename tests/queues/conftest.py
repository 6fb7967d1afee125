"""Every kind of queue, and workers for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from perfpy.queues import Queue, open_queue

TASKS = Path(__file__).with_name("queue_tasks.py")
SERVERS = Path(__file__).with_name("servers.py")


@pytest.fixture(scope="session", params=["sqlite", "redis", "amqp"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty queue of each kind."""
    made: str = request.getfixturevalue(f"{request.param}_url")
    return made


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("huey", reason='needs huey: pip install "perfpy[jobs]"')
    return f"sqlite:{tmp_path_factory.mktemp('queue') / 'jobs.sqlite'}"


@pytest.fixture(scope="session")
def redis_server(made_once: Callable[..., Path]) -> Path:
    """Return a folder with the URL of a Redis server, in the file `url`, and for TLS in the file `tls`."""
    return server("redis", made_once)


@pytest.fixture(scope="session")
def rabbitmq_server(made_once: Callable[..., Path]) -> Path:
    """Return a folder with the URLs of a RabbitMQ server."""
    return server("rabbitmq", made_once)


def server(kind: str, made_once: Callable[..., Path]) -> Path:
    """Start a server that all workers share, and that ends with the process of the tests."""
    pytest.importorskip("celery", reason='needs Celery: pip install "perfpy[jobs]"')
    missing = subprocess.run([sys.executable, SERVERS, "missing", kind], stdout=subprocess.PIPE, text=True)
    if missing.stdout:
        pytest.skip(missing.stdout)
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()

    def start(folder: Path) -> None:
        subprocess.run([sys.executable, SERVERS, kind, folder, str(owner)], check=True)

    return made_once(f"{kind}-server", start)


@pytest.fixture(scope="session")
def redis_url(redis_server: Path) -> str:
    return f"{(redis_server / 'url').read_text()}?queue=test-{os.getpid()}"


@pytest.fixture(scope="session")
def amqp_url(rabbitmq_server: Path, redis_server: Path) -> str:
    records = quote((redis_server / "url").read_text(), safe="")
    return f"{(rabbitmq_server / 'url').read_text()}?queue=test-{os.getpid()}-amqp&results={records}"


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
