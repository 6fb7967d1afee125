"""Dask, embedded and connected to, and its faults; in interpreters of their own."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from perfpy import executors

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason='needs Dask: pip install "perfpy[dask]"'
)

PREPARE = """
import os, pathlib, signal, sys, time
import numpy as np
import perfpy
from concurrent.futures import BrokenExecutor
from perfpy import executors
import kernels

for name in ("slow", "killed_once", "killed", "failing"):
    perfpy.register_backend("julia", name, getattr(kernels, name))

def main():
{body}

if __name__ == "__main__":
    main()
"""

KERNELS = """
import os, pathlib, time
import perfpy

MARK = pathlib.Path(__file__).with_name("mark")

def slow(x, y, c, max_iterations, out):
    MARK.touch()
    time.sleep(600)

def killed_once(x, y, c, max_iterations, out):
    try:
        MARK.touch(exist_ok=False)
    except FileExistsError:
        perfpy.julia(x, y, c=c, max_iterations=max_iterations, out=out)
    else:
        os.kill(os.getpid(), 9)

def killed(x, y, c, max_iterations, out):
    os.kill(os.getpid(), 9)

def failing(x, y, c, max_iterations, out):
    raise ZeroDivisionError("in a worker")
"""


def start_script(folder: Path, body: str) -> subprocess.Popen[str]:
    (folder / "kernels.py").write_text(KERNELS)
    script = folder / "script.py"
    script.write_text(PREPARE.format(body=textwrap.indent(textwrap.dedent(body), "    ")))
    return subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(folder), "TMPDIR": str(folder)},
    )


def session_members(session: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-s", str(session)], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [int(pid) for pid, state in rows if not state.startswith("Z")]


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the end of a script; check that no process of it is left."""
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    deadline = time.monotonic() + 10
    while (left := session_members(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, (output, errors)
    return output, errors


def without_records(errors: str) -> str:
    """Leave out what Dask's processes log with a date: they are killed here, some while they start."""
    return re.split(r"^\d{4}-\d\d-\d\d \S+ - distributed", errors, maxsplit=1, flags=re.MULTILINE)[0]


@needs_dask
def test_answers_errors_and_kills(tmp_path: Path) -> None:
    script = start_script(
        tmp_path,
        """
        expected = perfpy.julia(200, 200)
        count = perfpy.count_primes(10**10, executor="dask:2")
        assert count == perfpy.count_primes(10**10) == 455_052_511
        report = executors.check("dask:2", kill=True)
        assert report.passed, report
        assert "the right answer" in report[-1].note, report

        got = perfpy.julia(200, 200, backend="killed_once", executor="dask:2")
        assert kernels.MARK.exists() and (got == expected).all()

        # The same cluster, as if somebody else had started it
        dask = executors.resolve("dask:2")
        address = dask._client.scheduler.address.removeprefix("tcp:")
        assert (perfpy.julia(200, 200, executor=f"dask:{address}") == expected).all()
        numbers = np.arange(2**21, dtype=np.uint64)  # sent in pieces
        assert (perfpy.is_prime(numbers, executor=f"dask:{address}") == perfpy.is_prime(numbers)).all()
        assert dask.submit(len, bytes(2**24)).result() == 2**24  # more than Dask wants in a graph
        assert dask.submit(lambda: __name__).result() == "__main__"
        nested = dask.submit(perfpy.julia, 200, 200, executor="dask:2")
        assert (nested.result(timeout=60) == expected).all()
        for variable in ("OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
            assert dask.submit(os.getenv, variable).result() == "1"

        try:
            perfpy.julia(200, 200, backend="failing", executor="dask:2")
        except ZeroDivisionError as error:
            assert str(error) == "in a worker"
            frame = error.__traceback__
            while frame.tb_next:
                frame = frame.tb_next
            assert frame.tb_frame.f_code.co_name == "failing"
        started = time.monotonic()
        try:
            perfpy.julia(200, 200, backend="killed", executor="dask:2")
        except BrokenExecutor as error:
            print(error, error.__notes__)
        print(f"after {time.monotonic() - started:.1f} s")
        """,
    )
    output, errors = finish(script)
    assert script.returncode == 0, errors
    assert without_records(errors) == ""
    message, after = output.splitlines()
    assert "the Dask cluster of this machine did not finish a piece" in message
    assert "perfpy was computing rows" in message
    assert float(after.split()[1]) < 30
    assert not list(tmp_path.glob("perfpy-dask-*"))


@pytest.mark.alone
@needs_dask
def test_interrupted_and_then_killed(tmp_path: Path) -> None:
    script = start_script(
        tmp_path,
        """
        assert (perfpy.julia(50, 50, executor="dask:1") == perfpy.julia(50, 50)).all()
        print("up", flush=True)
        try:
            perfpy.julia(200, 200, backend="slow", executor="dask:1")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        assert (perfpy.julia(50, 50, executor="dask:1") == perfpy.julia(50, 50)).all()
        print("works", flush=True)
        perfpy.julia(200, 200, backend="slow", executor="dask:1")
        """,
    )
    assert script.stdout is not None
    mark = tmp_path / "mark"
    try:
        assert script.stdout.readline() == "up\n"
        wait_for(mark, script)
        sent = time.monotonic()
        os.killpg(script.pid, signal.SIGINT)
        assert script.stdout.readline() == "interrupted\n"
        assert time.monotonic() - sent < 5
        assert script.stdout.readline() == "works\n"
        wait_for(mark, script)
    finally:
        script.kill()
        _, errors = finish(script)
    assert "Traceback" not in without_records(errors)


def wait_for(mark: Path, script: subprocess.Popen[str]) -> None:
    while not mark.exists():
        assert script.poll() is None
        time.sleep(0.02)
    mark.unlink()


@needs_dask
@pytest.mark.parametrize("dies", ["scheduler", "worker"])
def test_a_cluster_that_dies(tmp_path: Path, dies: str) -> None:
    where = tmp_path / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    common = ["--no-dashboard", f"--scheduler-file={where}"]
    commands = {
        "scheduler": ["scheduler", "--host=127.0.0.1", "--port=0", *common],
        "worker": ["worker", "--no-nanny", "--nthreads=1", f"--local-directory={tmp_path}", *common],
    }
    cluster = {
        name: subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, command in commands.items()
    }
    script = None
    try:
        while not where.exists():
            assert cluster["scheduler"].poll() is None
            time.sleep(0.05)
        address = json.loads(where.read_text())["address"].replace("tcp", "dask")
        script = start_script(
            tmp_path,
            f"""
            from perfpy.executors import _dask, _run
            _run._SILENCE = _dask._TO_RESTART = 1.0
            executors.resolve({address!r})
            _dask._TO_ANSWER = 1.0
            try:
                perfpy.julia(200, 200, backend="slow", executor={address!r})
            except KeyboardInterrupt:
                print("interrupted", flush=True)
            try:
                perfpy.julia(200, 200, executor={address!r})  # waits for the worker, which sleeps
            except (BrokenExecutor, ConnectionError) as error:
                print(error)
            """,
        )
        wait_for(tmp_path / "mark", script)
        sent = time.monotonic()
        script.send_signal(signal.SIGINT)
        assert script.stdout is not None
        assert script.stdout.readline() == "interrupted\n"
        assert time.monotonic() - sent < 1
        time.sleep(0.2)
        cluster[dies].kill()
        output, errors = finish(script)
    finally:
        for process in (*cluster.values(), *([script] if script else [])):
            process.kill()
            process.wait()
    assert script.returncode == 0, errors
    assert f"the Dask scheduler at {address.removeprefix('dask://')}" in output
    assert ("does not answer" if dies == "scheduler" else "has no workers") in output


def test_results_of_a_client_that_is_closed() -> None:
    """Dask would wait for them without end, in the one thread that all clients have for callbacks."""
    from concurrent.futures import BrokenExecutor, CancelledError, Future

    from perfpy.executors._dask import DaskExecutor

    class Remote:
        status = "finished"
        asked = 0

        def result(self, timeout: float) -> int:
            self.asked += 1
            if self.asked < 3:
                raise TimeoutError
            return 7

    class Client:
        status = "running"

    client, found = Client(), Future[int]()
    executor = DaskExecutor(client, "the cluster", (CancelledError,))
    executor._settle(found, Remote())
    assert found.result(timeout=0) == 7
    lost = [(status, "running") for status in ("cancelled", "lost")] + [("finished", "closed")]
    for status, client.status in lost:
        found, remote = Future[int](), Remote()
        remote.status = status
        executor._settle(found, remote)
        assert remote.asked == 0
        with pytest.raises(BrokenExecutor, match="the cluster did not finish a piece"):
            found.result(timeout=0)


@needs_dask
def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfpy.executors._dask._TO_ANSWER", 1.0)
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9 does not answer.*dask scheduler"):
        executors.resolve("dask://127.0.0.1:9")
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("spec", ["dask://", "dask://host", "dask://host:0", "dask://:8786", "dask://host:x"])
def test_bad_addresses(spec: str) -> None:
    with pytest.raises(ValueError, match="expected dask://HOST:PORT"):
        executors.resolve(spec)


def test_dask_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r'pip install "perfpy\[dask\]"'):
        executors.resolve("dask:3")
