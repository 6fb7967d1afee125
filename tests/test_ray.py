"""Ray on this machine, and the deaths of its parts; in interpreters of their own."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from perfpy import executors

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason='needs Ray: pip install "perfpy[ray]"'
)

PREPARE = """
import os, pathlib, signal, subprocess, sys, time
import numpy as np
import perfpy
from concurrent.futures import BrokenExecutor
from perfpy import executors
import kernels

for name in ("slow", "killed", "failing"):
    perfpy.register_backend("julia", name, getattr(kernels, name))
expected = perfpy.julia(200, 200)

def main():
{body}

if __name__ == "__main__":
    main()
"""

KERNELS = """
import os, pathlib, time

MARK = pathlib.Path(__file__).with_name("mark")

def slow(x, y, c, max_iterations, out):
    MARK.touch()
    time.sleep(600)

def killed(x, y, c, max_iterations, out):
    os.kill(os.getpid(), 9)

def failing(x, y, c, max_iterations, out):
    raise ZeroDivisionError("in a worker")
"""


def start_script(folder: Path, body: str, **environment: str) -> subprocess.Popen[str]:
    (folder / "kernels.py").write_text(KERNELS)
    script = folder / "script.py"
    script.write_text(PREPARE.format(body=textwrap.indent(textwrap.dedent(body), "    ")))
    return subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(folder)} | environment,
    )


def processes_of(folder: Path) -> list[int]:
    """Find processes by their environment, which Ray's have from the script."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"PYTHONPATH={folder}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def finish(script: subprocess.Popen[str], folder: Path) -> tuple[list[str], str]:
    """Wait for the end of a script; return its lines without what Ray reports, and its errors."""
    try:
        output, errors = script.communicate(timeout=100)
    finally:
        script.kill()
    deadline = time.monotonic() + 40  # an agent looks after its raylet now and then
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    names = [Path(f"/proc/{pid}/cmdline").read_text() for pid in left]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, (names, output, errors)
    return [line for line in output.splitlines() if line.startswith("-> ")], errors


@needs_ray
def test_answers_errors_and_kills(tmp_path: Path) -> None:
    script = start_script(
        tmp_path,
        """
        report = executors.check("ray:2", kill=True)
        assert report.passed, report
        assert "the right answer" in report[-1].note, report
        ray = executors.resolve("ray")  # which this program is connected to now
        assert executors.engine("ray").workers == 2
        assert ray.submit(lambda: __name__).result() == "__main__"
        assert ray.submit(len, bytes(2**24)).result() == 2**24
        assert ray.submit(os.getenv, "NUMBA_NUM_THREADS").result() == "1"
        nested = ray.submit(perfpy.julia, 200, 200, executor="ray")
        assert (nested.result(timeout=60) == expected).all()
        try:
            executors.resolve("ray:3")
        except RuntimeError as error:
            print("->", error)
        try:
            perfpy.julia(200, 200, backend="failing", executor="ray:2")
        except ZeroDivisionError as error:
            print("->", error, error.__notes__, "failing" in str(error.__cause__))
        try:
            perfpy.julia(200, 200, backend="killed", executor="ray:2")
        except BrokenExecutor as error:
            print("->", error, error.__notes__)
        """,
    )
    lines, errors = finish(script, tmp_path)
    assert script.returncode == 0, errors
    connected, failed, killed = lines
    assert "'ray:3': this program is connected to Ray already" in connected
    assert failed.startswith("-> in a worker ['perfpy was computing rows")
    assert failed.endswith("True")
    assert "did not finish a piece: The worker died" in killed
    assert "perfpy was computing rows" in killed


@needs_ray
def test_interrupted_and_without_its_raylet(tmp_path: Path) -> None:
    script = start_script(
        tmp_path,
        """
        assert (perfpy.julia(200, 200, executor="ray:1") == expected).all()
        first = executors.resolve("ray:1")
        try:
            print("up", flush=True)
            perfpy.julia(200, 200, backend="slow", executor="ray:1")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        started = time.monotonic()
        assert (perfpy.julia(200, 200, executor="ray:1") == expected).all()
        assert time.monotonic() - started < 30  # the call that slept is gone
        assert executors.resolve("ray:1") is first
        raylet = subprocess.run(["pgrep", "-P", str(os.getpid()), "raylet"], capture_output=True, text=True)
        os.kill(int(raylet.stdout), signal.SIGKILL)
        assert (perfpy.julia(200, 200, executor="ray:1") == expected).all()
        print("-> works", executors.resolve("ray:1") is not first, flush=True)
        perfpy.julia(200, 200, backend="slow", executor="ray:1")
        """,
    )
    assert script.stdout is not None
    mark = tmp_path / "mark"
    try:
        assert script.stdout.readline() == "up\n"
        wait_for(mark, script)
        sent = time.monotonic()
        script.send_signal(signal.SIGINT)
        assert script.stdout.readline() == "interrupted\n"
        assert time.monotonic() - sent < 5
        wait_for(mark, script)
    finally:
        script.kill()
        lines, errors = finish(script, tmp_path)
    assert lines == ["-> works True"], errors


@needs_ray
def test_a_cluster_that_runs(tmp_path: Path) -> None:
    pytest.importorskip("grpc", reason='needs the client of Ray: pip install "ray[client]"')
    port, client = 6377, 9977  # Ray starts its workers on higher ports
    options = f"--port={port} --ray-client-server-port={client} --num-cpus=2 --object-store-memory=100000000"
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", *options.split()]
    environment = os.environ | {"RAY_AUTH_MODE": "token", "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        [*command, "--include-dashboard=false", "--disable-usage-stats"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as head:
        assert head.stdout is not None
        try:
            while "will now block" not in (line := head.stdout.readline()):
                assert line, "Ray did not start"
            script = start_script(
                tmp_path,
                f"""
                address = "ray://127.0.0.1:{client}"
                report = executors.check(address, kill=True)
                assert report.passed, report
                assert "the right answer" in report[-1].note, report
                os.kill({head.pid}, signal.SIGTERM)
                try:
                    while True:
                        assert (perfpy.julia(200, 200, executor=address) == expected).all()
                except (BrokenExecutor, ConnectionError) as error:
                    print("->", type(error).__name__)
                """,
                RAY_AUTH_MODE="token",
            )
            output, errors = script.communicate(timeout=100)
        finally:
            head.terminate()
    assert "-> " in output, errors


def wait_for(mark: Path, script: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 100
    while not mark.exists():
        assert script.poll() is None, script.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    mark.unlink()


@needs_ray
def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9 does not answer.*ray start --head"):
        executors.resolve("ray://127.0.0.1:9")
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("spec", ["ray://", "ray://host", "ray://host:0", "ray:0", "ray:two"])
def test_bad_specifications(spec: str) -> None:
    with pytest.raises(ValueError, match=r"expected ray://HOST:PORT|must be a positive integer"):
        executors.resolve(spec)


def test_ray_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r'pip install "perfpy\[ray\]"'):
        executors.resolve("ray:7")
