"""Jobs: calls of techniques in a queue, done by ``perfpy worker``, in a file of this machine."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import perfpy
from perfpy import jobs
from perfpy.jobs import State
from perfpy.queues import encode, open_queue, unpack_error

pytest.importorskip("huey", reason='needs huey: pip install "perfpy[jobs]"')
PATIENCE = 60.0


def start_worker(queue: str, *options: str) -> subprocess.Popen[str]:
    """Start ``perfpy worker`` and wait until it works."""
    command = [sys.executable, "-m", "perfpy", "worker", "--queue", queue, *options]
    worker = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert worker.stderr is not None
    assert worker.stderr.readline() == f"working for sqlite:{queue}; stop with Ctrl-C\n"
    return worker


def end(worker: subprocess.Popen[str]) -> str:
    """End a worker; return what it complained of."""
    for _ in range(2):
        worker.terminate()
        try:
            return worker.communicate(timeout=5)[1]
        except subprocess.TimeoutExpired:
            continue
    worker.kill()
    raise AssertionError("a worker does not end")


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return a queue for which two processes work."""
    path = str(tmp_path_factory.mktemp("jobs") / "jobs.sqlite")
    worker = start_worker(path, "-n", "2")
    yield path
    assert end(worker) == ""
    assert worker.returncode == 0


@pytest.fixture
def idle(tmp_path: Path) -> str:
    """Return a queue for which nobody works."""
    return str(tmp_path / "idle.sqlite")


# Calls and results


@pytest.mark.parametrize(
    ("technique", "args", "kwargs"),
    [
        ("count_primes", (10**6, 2 * 10**6), {}),
        ("primes", (100,), {"dtype": "uint16"}),
        ("nth_prime", (1000,), {}),
        ("is_prime", (2**61 - 1,), {}),
        ("is_prime", (np.arange(20, dtype=np.uint64),), {"backend": "numpy"}),
        ("prime_factors", (2**64 - 1,), {}),
        ("julia", (30, 20), {"c": -0.1 + 0.65j}),
        ("diffuse", (np.eye(9), 5), {"executor": "threads:2"}),
        ("estimate_pi", (10**5,), {"seed": 5}),
        ("bloom_filter", (9,), {"items": ["a", "b"]}),
        ("bloom_filter", (2,), {"items": [1, 2, 3], "scalable": True}),
        ("hyperloglog", (np.arange(1000),), {}),
        ("k_minimum_values", ([b"a", None, 1.5],), {}),
        ("morris_counter", ([0, 1, 0],), {"seed": 1, "size": 2}),
        ("trie", (["spam", "eggs"],), {"layout": "fast"}),
        ("trie", ({"spam": 1, "eggs": -2},), {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_job_gives_what_the_call_gives(queue: str, technique: str, args: Any, kwargs: Any) -> None:
    job = jobs.submit(technique, *args, queue=queue, **kwargs)
    found, expected = job.result(PATIENCE), getattr(perfpy, technique)(*args, **kwargs)
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    else:
        assert found == expected
    assert job.status() == "done"
    assert job.result(0) is not None, "a result can be read again"


def test_every_technique_can_be_a_job() -> None:
    for technique in perfpy.techniques.names():
        assert callable(getattr(perfpy.techniques.folder(technique), technique))


def test_a_job_is_found_by_its_id(queue: str) -> None:
    job = jobs.submit("count_primes", 100, queue=queue)
    assert job.result(PATIENCE) == 25
    found = jobs.get(job.id[:12], queue=Path(queue))
    assert found == job
    assert hash(found) == hash(job)
    assert found.entry().label == "count_primes(100)"
    assert job.id in [entry.id for entry in jobs.listing(queue=queue, states=["done"])]
    assert job.id not in [entry.id for entry in jobs.listing(queue=queue, states=[State.FAILED])]
    job.forget()
    with pytest.raises(LookupError, match="there is no job"):
        jobs.get(job.id, queue=queue)
    with pytest.raises(LookupError, match="there is no job"):
        job.result()


def test_the_result_outlives_who_asked_for_it(queue: str) -> None:
    program = "import sys, perfpy; print(perfpy.jobs.submit('count_primes', 1000, queue=sys.argv[1]).id)"
    done = subprocess.run([sys.executable, "-c", program, queue], capture_output=True, text=True, check=True)
    assert jobs.get(done.stdout.strip(), queue=queue).result(PATIENCE) == 168


def test_an_error_arrives_with_its_type_and_the_workers_traceback(queue: str) -> None:
    job = jobs.submit("nth_prime", -1, queue=queue)
    with pytest.raises(ValueError, match="n must be from 1") as info:
        job.result(PATIENCE)
    assert "nth_prime" in str(info.value.__cause__)
    assert "Traceback" in str(info.value.__cause__)
    assert job.status() is State.FAILED
    unavailable = jobs.submit("primes", 9, backend="nonsense", queue=queue)
    with pytest.raises(ValueError, match="unknown backend 'nonsense'"):
        unavailable.result(PATIENCE)


# Mistakes


def test_mistakes_are_found_before_anything_is_sent(idle: str) -> None:
    with pytest.raises(ValueError, match="did you mean 'count_primes'"):
        jobs.submit("count_prime", 9, queue=idle)
    with pytest.raises(TypeError, match="missing a required argument"):
        jobs.submit("count_primes", queue=idle)
    with pytest.raises(TypeError, match="cannot be sent"):
        jobs.submit("hyperloglog", (number for number in range(3)), queue=idle)
    with pytest.raises(ValueError, match="retries must be"):
        jobs.submit("count_primes", 9, queue=idle, retries=-1)
    with pytest.raises(ValueError, match="time_limit must be"):
        jobs.submit("count_primes", 9, queue=idle, time_limit=0)
    with pytest.raises(ValueError, match="unknown queue 'smtp://host'"):
        jobs.submit("count_primes", 9, queue="smtp://host")
    with pytest.raises(ValueError, match=r"unknown queue 'reddis://\.\.\.':"):
        jobs.submit("count_primes", 9, queue="reddis://:secret@host")
    with pytest.raises(TypeError, match="queue must be a URL"):
        jobs.submit("count_primes", 9, queue=3)  # type: ignore[arg-type]
    assert jobs.listing(queue=idle) == []


def test_who_waits_for_nobody_is_told_so(idle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfpy.jobs._job._PATIENCE", 0.1)
    job = jobs.submit("count_primes", 9, queue=idle)
    said = f"nobody works for the queue sqlite:{idle}; start a worker with: perfpy worker --queue"
    with (
        pytest.warns(RuntimeWarning, match=said),
        pytest.raises(TimeoutError, match=r"is waiting after 0\.2 s"),
    ):
        job.result(0.2)


def test_cancel_and_retry(idle: str) -> None:
    job = jobs.submit("count_primes", 9, queue=idle)
    assert job.status() == "waiting"
    assert job.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        job.result()
    assert not job.cancel()
    assert job.retry()
    assert job.status() == "waiting"


def test_the_environment_names_the_queue(idle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFPY_QUEUE", idle)
    assert jobs.submit("count_primes", 9).queue == f"sqlite:{idle}"
    monkeypatch.delenv("PERFPY_QUEUE")
    monkeypatch.setenv("XDG_STATE_HOME", str(Path(idle).parent))
    job = jobs.submit("count_primes", 9)
    assert job.queue.endswith("/perfpy/jobs.sqlite")
    file = Path(job.queue.removeprefix("sqlite:"))
    assert file.stat().st_mode & 0o777 == 0o600, "whoever writes to it has work done"


# Files


def test_files_that_are_no_queue(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("This is no database. " * 100)
    with pytest.raises(ConnectionError, match="file is not a database"):
        jobs.listing(queue=text)
    assert text.read_text() == "This is no database. " * 100
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("create table task (id integer)")
    connection.close()
    before = other.read_bytes()
    with pytest.raises(ConnectionError, match="no queue of perfpy, but another database"):
        jobs.submit("count_primes", 9, queue=other)
    assert other.read_bytes() == before
    with pytest.raises(ConnectionError, match="cannot use the queue"):
        jobs.listing(queue=tmp_path)
    with pytest.raises(ConnectionError, match="cannot use the queue"):
        jobs.listing(queue=text / "below")


def test_a_file_of_another_format_or_cut_short(tmp_path: Path) -> None:
    file = tmp_path / "jobs.sqlite"
    for _ in range(3):
        jobs.submit("is_prime", np.arange(9000, dtype=np.uint64), queue=file)
    jobs._job._queues.pop(f"sqlite:{file}").close()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConnectionError, match=r"malformed.*if it is damaged, delete it"):
        jobs.listing(queue=file)
    jobs._job._queues.pop(f"sqlite:{file}").close()
    newer = bytearray(whole)
    newer[60:64] = (7).to_bytes(4, "big")
    file.write_bytes(newer)
    with pytest.raises(ConnectionError, match="has format 7"):
        jobs.listing(queue=file)


def test_a_worker_ends_when_its_file_is_gone(idle: str) -> None:
    worker = start_worker(idle, "-n", "1")
    Path(idle).unlink()
    try:
        _, said = worker.communicate(timeout=PATIENCE)
    finally:
        worker.kill()
    assert worker.returncode == 2
    assert "is gone" in said


# What a worker does not do


def outcome_of(queue: str, payload: bytes) -> BaseException:
    """Put bytes into a queue as nobody but an attacker does; return the error that comes of it."""
    opened, task_id = open_queue(queue), uuid.uuid4().hex
    opened.put(task_id, payload)
    assert opened.wait([task_id], PATIENCE) == {task_id: State.FAILED}
    error = unpack_error(opened.outcome(task_id).data)
    opened.forget(task_id)
    opened.close()
    return error


@pytest.mark.parametrize(
    ("message", "kind", "said"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", ValueError, "does not begin as one"),
        (encode(3), ValueError, "no call"),
        (encode({"technique": "primes"}), ValueError, "has no arguments"),
        (encode({"technique": "compare", "args": (), "kwargs": {}}), PermissionError, "no technique"),
        (encode({"technique": ["primes"], "args": (), "kwargs": {}}), PermissionError, "no technique"),
        (encode({"piece": "posix:system", "args": ("true",), "kwargs": {}}), PermissionError, "no function"),
        (encode({"piece": "builtins:eval", "args": ("1",), "kwargs": {}}), PermissionError, "no function"),
        (
            encode(
                {
                    "piece": "perfpy.techniques.pi._pieces:_counted",
                    "args": (0, 0, "posix:system"),
                    "kwargs": {},
                }
            ),
            PermissionError,
            "kernels of registered backends only",
        ),
        (
            encode(
                {
                    "piece": "perfpy.techniques.pi._pieces:_counted",
                    "args": (0, 0),
                    "kwargs": {"target": "posix:system"},
                }
            ),
            PermissionError,
            "kernels of registered backends only",
        ),
        (
            encode({"piece": "perfpy.executors._trials:_square_or_die", "args": (1, "mark"), "kwargs": {}}),
            PermissionError,
            "was not started with --trials",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_job_of_perfpys_is_refused(
    queue: str, message: bytes, kind: type[Exception], said: str
) -> None:
    error = outcome_of(queue, message)
    assert type(error) is kind
    assert said in str(error)


# Faults


def test_a_job_whose_worker_is_killed_is_done_by_another(idle: str) -> None:
    job = jobs.submit("count_primes", 0, 3 * 10**9, backend="numpy", queue=idle)
    worker = start_worker(idle, "-n", "1")
    try:
        deadline = time.monotonic() + PATIENCE
        while job.status() is not State.RUNNING:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process = int(job.entry().worker.rpartition(":")[2])
        os.kill(process, signal.SIGKILL)
        while job.entry().deliveries < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert job.cancel(), "it has been seen to run again"
    finally:
        end(worker)
