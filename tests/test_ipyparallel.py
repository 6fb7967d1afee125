"""A cluster of ipyparallel, and the death of its engines."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfpy import executors

needs_ipyparallel = pytest.mark.skipif(
    importlib.util.find_spec("ipyparallel") is None,
    reason='needs ipyparallel: pip install "perfpy[ipyparallel]"',
)

KERNELS = """
import os

def killed(x, y, c, max_iterations, out):
    os.kill(os.getpid(), 9)

def failing(x, y, c, max_iterations, out):
    raise ZeroDivisionError("in an engine")
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Run a cluster with two engines, whose files are in a folder of its own."""
    (tmp_path / "kernels.py").write_text(KERNELS)
    environment = os.environ | {"IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "ipyparallel.cluster", "start", "-n", "2", "--location=127.0.0.1"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as cluster:
        try:
            yield environment
        finally:
            cluster.send_signal(signal.SIGINT)
            try:
                cluster.wait(timeout=20)
            finally:
                cluster.kill()
                end_processes_of(tmp_path)


def end_processes_of(folder: Path) -> None:
    """End what the cluster did not; its controllers and engines are in sessions of their own."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"IPYTHONDIR={folder}".encode() in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue


@needs_ipyparallel
@pytest.mark.slow
def test_answers_errors_and_kills(environment: dict[str, str], tmp_path: Path) -> None:
    body = """
        import time
        import perfpy
        from concurrent.futures import BrokenExecutor
        from perfpy import executors
        import kernels

        for name in ("killed", "failing"):
            perfpy.register_backend("julia", name, getattr(kernels, name))
        deadline = time.monotonic() + 60
        while True:
            try:
                pool = executors.resolve("ipyparallel")
                break
            except ConnectionError:
                assert time.monotonic() < deadline
        pool._client.wait_for_engines(2, timeout=60, interactive=False)
        assert perfpy.count_primes(10**10, executor="ipyparallel:default") == 455_052_511
        assert pool.submit(lambda: __name__).result() == "__main__"
        try:
            perfpy.julia(200, 200, backend="failing", executor="ipyparallel")
        except ZeroDivisionError as error:
            print(error, "failing" in str(error.__cause__))
        report = executors.check("ipyparallel", kill=True)
        assert report.passed, report
        assert "the right answer" in report[-1].note, report
        assert len(pool._client.results) + len(pool._client.metadata) < 20  # of hundreds of calls
        try:
            perfpy.julia(200, 200, backend="killed", executor="ipyparallel")
        except (BrokenExecutor, ConnectionError) as error:
            print(type(error).__name__)
        """
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(body))
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first == "in an engine True"
    assert second in ("BrokenExecutor", "ConnectionError")


@needs_ipyparallel
def test_no_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setattr("perfpy.executors._ipyparallel._TO_ANSWER", 0.5)
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=r"profile 'nobody'.*ipcluster start"):
        executors.resolve("ipyparallel:nobody")
    assert time.monotonic() - started < 10
    assert capsys.readouterr() == ("", "")


def test_a_profile_needs_a_name() -> None:
    with pytest.raises(ValueError, match="the name of a profile is missing"):
        executors.resolve("ipyparallel:")
