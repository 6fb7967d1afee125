"""Jobs and the executor on Redis and RabbitMQ, done by ``perfpy worker``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import perfpy
from perfpy import jobs

PATIENCE = 60.0


@pytest.fixture(scope="module", params=["redis", "amqp"])
def served(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a queue for which two processes work."""
    url = request.getfixturevalue(f"{request.param}_url").replace("queue=test", "queue=jobs")
    command = [sys.executable, "-m", "perfpy", "worker", "--queue", url, "-n", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        said = worker.stderr.readline()
        assert said.startswith("working for ")
        assert "sesame" not in said
        yield url
        worker.terminate()
        assert worker.communicate(timeout=PATIENCE)[1] == ""
    assert worker.returncode == 0


def test_a_job_gives_what_the_call_gives(served: str) -> None:
    asked = [
        jobs.submit("count_primes", 10**6, queue=served),
        jobs.submit("julia", 30, 20, queue=served),
        jobs.submit("trie", ["spam", "eggs"], queue=served),
        jobs.submit("count_primes", -1, "x", queue=served),
    ]
    count, image, trie, wrong = asked
    assert count.result(PATIENCE) == 78498
    np.testing.assert_array_equal(image.result(PATIENCE), perfpy.julia(30, 20))
    assert list(trie.result(PATIENCE)) == ["eggs", "spam"]
    with pytest.raises(TypeError) as caught:
        wrong.result(PATIENCE)
    assert "count_primes" in str(caught.value.__cause__), "the traceback of the worker"
    assert "sesame" not in repr(count)
    for job in asked:
        job.forget()


def test_a_job_of_which_the_process_is_killed_is_done_by_another(served: str) -> None:
    job = jobs.submit("estimate_pi", 4 * 10**9, seed=3, backend="c", queue=served)
    while job.status() == "waiting":
        time.sleep(0.01)
    _, _, pid = job.entry().worker.partition(":")
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if (
            b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ):  # else it is Python's resource tracker
            os.kill(int(child), signal.SIGKILL)
    assert job.result(PATIENCE).samples == 4 * 10**9
    assert job.entry().deliveries == 2
    job.forget()


def test_pieces_give_the_answer_of_the_calling_thread(served: str) -> None:
    samples = 3 * 10**9
    divided = perfpy.estimate_pi(samples, seed=4, executor=f"queue:{served}")
    assert divided == perfpy.estimate_pi(samples, seed=4, executor="threads:2")
    assert jobs.listing(queue=served) == []
