"""``perfpy jobs``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import perfpy
from perfpy import jobs
from perfpy.cli import command
from perfpy.queues import Outcome, State, encode, open_queue, pack_error

pytest.importorskip("huey", reason='needs huey: pip install "perfpy[jobs]"')


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name the queue that is used where no other is."""
    path = str(tmp_path / "jobs.sqlite")
    monkeypatch.setenv("PERFPY_QUEUE", path)
    return path


def perfpy_jobs(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["jobs", *arguments])


def submitted(*arguments: str) -> str:
    done = perfpy_jobs("submit", *arguments)
    assert done.exit_code == 0, done.output
    return done.output.strip()


def finish(queue: str, outcome: Outcome) -> None:
    """Do what a worker does with the next job, but its work."""
    storage: Any = open_queue(queue)
    taken = storage._storage.take("owner", "here:1")
    storage._storage.finish(taken.task_id, outcome, "owner", "here:1", more=False)
    storage.close()


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (["count_primes", "1e9", "10**9+10"], "count_primes(1000000000, 1000000010)"),
        (["primes", "100", "dtype=uint16", "backend=c"], "primes(100, dtype='uint16', backend='c')"),
        (["julia", "30", "20", "c=-0.1+0.65j"], "julia(30, 20, c=(-0.1+0.65j))"),
        (["trie", "['spam', 'eggs']"], "trie(['spam', 'eggs'])"),
        (["is_prime", "-7"], "is_prime(-7)"),
    ],
)
def test_words_become_arguments(queue: str, words: list[str], label: str) -> None:
    job_id = submitted("--", *words)
    assert jobs.get(job_id).entry().label == label


def test_a_job_from_its_beginning_to_its_end(queue: str) -> None:
    job_id = submitted("count_primes", "100", "--retries", "1", "--time-limit", "9")
    listed = perfpy_jobs("list").output
    assert job_id[:8] in listed
    assert "count_primes(100)" in listed
    assert perfpy_jobs("cancel", job_id[:8]).exit_code == 0
    assert "cancelled" in perfpy_jobs("show", job_id).output
    assert "is cancelled" in perfpy_jobs("cancel", job_id).output
    assert perfpy_jobs("retry", job_id).exit_code == 0
    assert "is waiting" in perfpy_jobs("retry", job_id).output
    assert "TimeoutError" in perfpy_jobs("result", job_id, "--timeout", "0").output
    finish(queue, Outcome(State.DONE, encode(25)))
    assert perfpy_jobs("result", job_id[:8]).output == "25\n"
    shown = perfpy_jobs("show", job_id)
    assert shown.exit_code == 0
    assert "result:     25\n" in shown.output
    assert "worker:     here:1\n" in shown.output
    assert perfpy_jobs("list", "--state", "failed").output.split() == [
        *("id", "state", "submitted", "took", "call", "error")
    ]
    assert perfpy_jobs("forget", "--state", "done").exit_code == 0
    gone = perfpy_jobs("show", job_id)
    assert gone.exit_code == 2
    assert "there is no job" in gone.output


def test_a_job_that_failed(queue: str) -> None:
    job_id = submitted("nth_prime", "100", "-q", queue)
    finish(queue, Outcome(State.FAILED, pack_error(ValueError("no such prime"))))
    shown = perfpy_jobs("show", job_id)
    assert shown.exit_code == 1
    assert "error:      ValueError: no such prime" in shown.output
    assert "ValueError: no such prime" in perfpy_jobs("list").output
    asked = perfpy_jobs("result", job_id)
    assert asked.exit_code == 2
    assert "ValueError: no such prime" in asked.output
    assert perfpy_jobs("forget", job_id).exit_code == 0
    assert perfpy.jobs.listing() == []


def test_mistakes_are_one_line(queue: str, tmp_path: Path) -> None:
    for arguments, said in (
        (("submit", "count_prime", "9"), "did you mean 'count_primes'"),
        (("submit", "count_primes"), "missing a required argument"),
        (("submit", "count_primes", "9", "--retries", "-1"), "retries must be"),
        (("list", "--queue", "smtp://host"), "unknown queue"),
        (("list", "--queue", str(tmp_path)), "cannot use the queue"),
        (("result", "0123"), "there is no job 0123"),
    ):
        done = perfpy_jobs(*arguments)
        assert done.exit_code == 2
        assert said in done.output.replace("\n", " ")
        assert "Traceback" not in done.output


def test_a_worker_for_what_is_no_queue(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["worker", "--queue", str(tmp_path)])
    assert done.exit_code == 2
    assert "cannot use the queue" in done.output
