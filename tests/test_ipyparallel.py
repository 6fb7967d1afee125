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

#: The controller notices an engine's death by its heart, for which it waits half a minute by default.
CONFIGURATION = """
c.HeartMonitor.period = 250
c.HeartMonitor.max_heartmonitor_misses = 4
"""

KERNELS = """
import os, pathlib, time

MARK = pathlib.Path(__file__).with_name("mark")

def slow(x, y, c, max_iterations, out):
    MARK.touch()
    time.sleep(2)

def killed(x, y, c, max_iterations, out):
    os.kill(os.getpid(), 9)

def failing(x, y, c, max_iterations, out):
    raise ZeroDivisionError("in an engine")
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Run a cluster with two engines, whose files are in a folder of its own."""
    (tmp_path / "kernels.py").write_text(KERNELS)
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipcontroller_config.py").write_text(CONFIGURATION)
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
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)


def processes_of(folder: Path, name: str = "") -> list[int]:
    """Find the processes of the cluster in a folder whose command contains a name."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and f"IPYTHONDIR={folder}".encode() in (entry / "environ").read_bytes()
                and name.encode() in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


PREPARE = """
import os, pathlib, signal, subprocess, time
import perfpy
from concurrent.futures import BrokenExecutor
from perfpy import executors
from perfpy.executors import _ipyparallel, _run
import kernels

_ipyparallel._TO_ANSWER = _run._SILENCE = 1.0
for name in ("slow", "killed", "failing"):
    perfpy.register_backend("julia", name, getattr(kernels, name))
expected = perfpy.julia(200, 200)
deadline = time.monotonic() + 60
while True:
    try:
        pool = executors.resolve("ipyparallel")
        break
    except ConnectionError:
        assert time.monotonic() < deadline
pool._client.wait_for_engines(2, timeout=60, interactive=False)
"""


def start_script(folder: Path, environment: dict[str, str], body: str) -> subprocess.Popen[str]:
    script = folder / "script.py"
    script.write_text(PREPARE + textwrap.dedent(body))
    return subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.alone
@needs_ipyparallel
@pytest.mark.slow
def test_answers_errors_and_deaths(environment: dict[str, str], tmp_path: Path) -> None:
    script = start_script(
        tmp_path,
        environment,
        """
        assert pool.submit(lambda: __name__).result() == "__main__"
        try:
            perfpy.julia(200, 200, backend="failing", executor="ipyparallel")
        except ZeroDivisionError as error:
            print(error, "failing" in str(error.__cause__), error.__notes__, flush=True)
        try:
            perfpy.julia(200, 200, backend="slow", executor="ipyparallel:default")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        report = executors.check("ipyparallel", kill=True)
        assert report.passed, report
        assert "the right answer" in report[-1].note, report
        assert len(pool._client.results) + len(pool._client.metadata) < 20  # of hundreds of calls
        try:
            perfpy.julia(200, 200, backend="killed", executor="ipyparallel")
        except (BrokenExecutor, ConnectionError) as error:
            print(type(error).__name__)
        """,
    )
    assert script.stdout is not None
    try:
        assert script.stdout.readline().startswith("in an engine True ['perfpy was computing rows")
        wait_for(tmp_path / "mark", script)
        sent = time.monotonic()
        script.send_signal(signal.SIGINT)
        assert script.stdout.readline() == "interrupted\n"
        assert time.monotonic() - sent < 1
        output, errors = script.communicate(timeout=120)
    finally:
        script.kill()
    assert script.returncode == 0, errors
    assert errors == ""
    assert output in ("BrokenExecutor\n", "ConnectionError\n")


@needs_ipyparallel
@pytest.mark.slow
def test_a_controller_that_is_killed(environment: dict[str, str], tmp_path: Path) -> None:
    script = start_script(
        tmp_path,
        environment,
        """
        try:
            while True:
                perfpy.julia(200, 200, backend="slow", executor="ipyparallel")
        except (BrokenExecutor, ConnectionError) as error:
            print(error)
        """,
    )
    try:
        wait_for(tmp_path / "mark", script)
        controllers = processes_of(tmp_path, "ipyparallel.controller")
        assert controllers
        for pid in controllers:
            os.kill(pid, signal.SIGKILL)
        output, errors = script.communicate(timeout=60)
    finally:
        script.kill()
    assert script.returncode == 0, errors
    assert "of profile 'default'" in output


def wait_for(mark: Path, script: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not mark.exists():
        assert script.poll() is None, script.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


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
