"""``executor="queue:..."``: the same answers, whatever becomes of workers and of who waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import perfpy
from perfpy import executors
from perfpy.executors import _pools, _trials
from perfpy.queues import open_queue

pytest.importorskip("huey", reason='needs huey: pip install "perfpy[jobs]"')
PATIENCE = 60.0


def start_worker(queue: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "perfpy", "worker", "--queue", queue, "-n", "2", "--trials"]
    worker = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert worker.stderr is not None
    assert worker.stderr.readline().startswith("working for")
    return worker


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return a queue for which two processes work."""
    made = str(tmp_path_factory.mktemp("executor") / "jobs.sqlite")
    worker = start_worker(made)
    yield made
    worker.terminate()
    assert worker.communicate(timeout=PATIENCE)[1] == ""


@pytest.fixture
def executor(path: str) -> Iterator[str]:
    yield f"queue:{path}"
    assert open_queue(path).listing() == [], "pieces leave nothing behind"


def test_it_passes_all_checks_and_survives_a_kill(executor: str) -> None:
    report = executors.check(executor, kill=True)
    assert report.passed, report
    assert "the right answer" in report[-1].note
    assert executors.engine(executor).workers == 2


def test_every_technique_gives_the_same_answer(executor: str) -> None:
    numbers = np.random.default_rng(0).integers(0, 2**63, 5000).astype(np.uint64)
    np.testing.assert_array_equal(perfpy.is_prime(numbers, executor=executor), perfpy.is_prime(numbers))
    assert perfpy.is_prime(10**10 + 19, backend="trial", executor=executor)
    assert perfpy.nth_prime(10**8, executor=executor) == 2_038_074_743
    assert perfpy.estimate_pi(10**7, seed=3, executor=executor) == perfpy.estimate_pi(10**7, seed=3)
    field = np.random.default_rng(1).random((90, 40))
    for diffusivity in (1.0, field):
        options = {"diffusivity": diffusivity, "method": "explicit", "boundary": "periodic"}
        np.testing.assert_array_equal(
            perfpy.diffuse(field, 6, executor=executor, **options), perfpy.diffuse(field, 6, **options)
        )


def test_every_structure_is_built_equal(executor: str, tmp_path: Path) -> None:
    keys = [f"key {number}" for number in range(3000)]
    for make in (
        perfpy.hyperloglog,
        perfpy.exaloglog,
        perfpy.linear_counting,
        perfpy.loglog,
        perfpy.superloglog,
        perfpy.k_minimum_values,
        perfpy.count_min,
    ):
        assert make(keys, executor=executor) == make(keys)
    for layout in ("blocked", "classic"):
        alone = perfpy.bloom_filter(3000, items=keys, layout=layout)
        assert perfpy.bloom_filter(3000, items=keys, layout=layout, executor=executor) == alone
    file = tmp_path / "lines"
    file.write_text("\n".join(keys))
    lines = perfpy.hyperloglog()
    lines.update_from_lines(str(file), executor=executor)
    assert lines == perfpy.hyperloglog(keys)


def test_functions_of_others_are_refused_at_once(executor: str) -> None:
    with pytest.raises(TypeError, match=r"posix:system cannot be sent .* nothing but perfpy's own"):
        executors.resolve(executor).submit(os.system, "true")
    with pytest.raises(TypeError, match="generator"):
        executors.resolve(executor).submit(sum, (number for number in range(3)))
    perfpy.register_backend("estimate_pi", "own", lambda seed, start, stop: 0)
    with pytest.raises(TypeError, match="cannot be sent"):
        perfpy.estimate_pi(10**6, backend="own", executor=executor)
    perfpy.techniques.find("estimate_pi").table.pop("own")


def test_a_piece_that_kills_all_its_workers_is_an_error(
    executor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = executors.resolve(executor)
    monkeypatch.setattr(pool._queue, "put", partial(pool._queue.put, deliveries=1))
    future = pool.submit(_trials._square_or_die, 3, str(tmp_path / "mark"))
    with pytest.raises(
        BrokenExecutor, match=r"_square_or_die was given up after 1 deliver.* killed by SIGKILL"
    ):
        future.result(PATIENCE)


def test_no_worker_is_an_error_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfpy.executors._queue._TO_ANSWER", 0.3)
    path = tmp_path / "idle.sqlite"
    said = f"nobody works for the queue sqlite:{path}; start a worker with: perfpy worker --queue"
    with pytest.raises(ConnectionError, match=said):
        perfpy.count_primes(10**10, executor=f"queue:{path}")
    with pytest.raises(ValueError, match="the URL of a queue is missing"):
        executors.resolve("queue:")
    with pytest.raises(ValueError, match="unknown queue"):
        executors.resolve("queue:smtp://host")


def test_a_queue_that_is_gone_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    worker = start_worker(str(path))
    try:
        engine = executors.engine(f"queue:{path}")
        future = engine.executor.submit(time.sleep, 30)
        path.unlink()
        with pytest.raises(BrokenExecutor, match=r"cannot be used any more: .* is gone"):
            engine.executor.submit(pow, 2, 10)
        assert engine.check is not None
        with pytest.raises(BrokenExecutor, match=r"cannot be used any more: .* is gone"):
            engine.check()
        assert not future.done()
    finally:
        worker.kill()
        worker.communicate()
        _pools.discard(engine)


def test_ctrl_c_ends_at_once_and_takes_back_what_waits(path: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import time
            from perfpy import executors

            engine = executors.engine("queue:{path}")
            print("ready", flush=True)
            try:
                executors.run(engine, time.sleep, (), [0.8] * 1000, lambda *_: None)
            except KeyboardInterrupt:
                print("interrupted")
            """
        )
    )
    program = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    queue = open_queue(path)
    deadline = time.monotonic() + PATIENCE
    while len(queue.listing()) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started = time.monotonic()
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=PATIENCE)[0] == "interrupted\n"
    assert time.monotonic() - started < 20
    assert queue.listing() == []
    queue.close()
