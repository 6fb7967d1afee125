"""The conformance run over executors that keep what they promise, and over some that do not."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from perfpy import executors


def failed(report: executors.Report) -> list[str]:
    return [row.name for row in report if not row.passed]


class Inline:
    """Runs a call in `submit`."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            self.finish(future, fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(self.changed(error))
        return future

    def finish(self, future: concurrent.futures.Future[Any], result: Any) -> None:
        future.set_result(result)

    def changed(self, error: Exception) -> Exception:
        return error


class LosesTypes(Inline):
    """Reports all errors as one kind, as ipyparallel does."""

    def changed(self, error: Exception) -> Exception:
        return RuntimeError(str(error))


class LosesTracebacks(Inline):
    def changed(self, error: Exception) -> Exception:
        return error.with_traceback(None)


class Rounds(Inline):
    """Gives wrong results."""

    def finish(self, future: concurrent.futures.Future[Any], result: Any) -> None:
        future.set_result(result // 2 if isinstance(result, int) else result)


class Corrupts(Inline):
    """Changes the arrays of results."""

    def finish(self, future: concurrent.futures.Future[Any], result: Any) -> None:
        if isinstance(result, tuple):
            seconds, value = result
            result = seconds, value + 1 if isinstance(value, np.ndarray) else value
        future.set_result(result)


class KeepsRunning(Inline):
    """Says that a call was cancelled and gives its result all the same."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        future.cancel = lambda: True  # type: ignore[method-assign]
        return future


@pytest.mark.parametrize(
    "executor", ["threads:2", "processes:2", Inline()], ids=["threads", "processes", "inline"]
)
def test_good_executors_pass(executor: Any) -> None:
    report = executors.check(executor)
    assert not failed(report), str(report)
    assert report.passed
    assert len(str(report).splitlines()) == len(report)


def test_pools_of_others_pass() -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert not failed(executors.check(pool))


@pytest.mark.parametrize(
    ("executor", "row", "note"),
    [
        (LosesTypes(), "errors keep type and traceback", "not RuntimeError"),
        (LosesTracebacks(), "errors keep type and traceback", "traceback"),
        (Rounds(), "a call gives a future", "the result of the call"),
        (Corrupts(), "equal answers", "the answer of primes"),
        (KeepsRunning(), "cancelling", "cancelled"),
    ],
)
def test_what_is_wrong_is_found(executor: Any, row: str, note: str) -> None:
    report = executors.check(executor)
    assert not report.passed
    found = {each.name: each for each in report}[row]
    assert not found.passed
    assert note in found.note
    assert "FAILED" in str(report)


def test_a_killed_worker() -> None:
    report = executors.check("processes:2", kill=True)
    assert not failed(report), str(report)
    assert report[-1].name == "a killed worker"
    assert "the right answer" in report[-1].note


def test_what_cannot_be_checked() -> None:
    with pytest.raises(TypeError, match="nothing to check"):
        executors.check(None)
    with pytest.raises(ValueError, match="did you mean 'threads'"):
        executors.check("thread")
    with pytest.raises(ValueError, match="needs worker processes"):
        executors.check("threads:2", kill=True)


def test_available() -> None:
    rows = {row.name: row for row in executors.available()}
    assert rows["threads"].available
    assert rows["processes"].available
    for row in rows.values():
        assert row.available == (row.reason == "")
        assert row.available == (row.version != "")


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfpy", "executors", *arguments], capture_output=True, text=True, timeout=60
    )


def test_command_lists() -> None:
    done = run_command()
    assert done.returncode == 0, done.stderr
    for row in executors.available():
        assert row.name in done.stdout
        assert row.reason in " ".join(done.stdout.split())


def test_command_checks() -> None:
    done = run_command("--check", "threads:2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("passed") == len(executors.check("threads:2"))
    wrong = run_command("--check", "thread:2")
    assert wrong.returncode == 2
    assert "did you mean 'threads:2'" in wrong.stderr
    assert run_command("--kill").returncode == 2
