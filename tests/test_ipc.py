"""`perfpy.lab.ipc` and ``perfpy ipc``: what is measured, what is counted, and that nothing is left behind."""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import perfpy
from perfpy.cli import command
from perfpy.lab import IpcReport, IpcRow, ipc_redis, ipc_run, ipc_ways
from perfpy.lab.ipc_report import OPERATIONS
from perfpy.lab.machine import machine
from perfpy.lab.timing import Timing

HAS_REDIS = importlib.util.find_spec("redis") is not None and shutil.which("redis-server") is not None
needs_redis = pytest.mark.skipif(not HAS_REDIS, reason="needs redis-server and the package redis")


def test_every_way_is_measured_or_says_why_not() -> None:
    report = perfpy.lab.ipc(rounds=1, array_bytes=2**20)
    assert [(row.operation, row.means) for row in report] == [
        (way.operation, way.means) for way in ipc_ways.WAYS
    ]
    assert set(OPERATIONS) == {row.operation for row in report}
    for row in report:
        if row.means == "Redis" and not HAS_REDIS:
            assert "redis" in row.detail
            continue
        assert row.detail == ""
        assert row.nanoseconds is not None
        assert row.nanoseconds > 0
        assert (row.bandwidth is not None) == (row.operation == "array")
        counts = row.operation in ("add", "contend") and row.means != "nothing shared"
        assert (row.lost is not None) == counts
        unlocked = row.means in ("RawValue", "Value, its lock not held")
        if row.made and not (unlocked and row.operation == "contend"):
            assert row.counted == row.made, row


def test_updates_that_get_lost_are_counted() -> None:
    """Additions of which every fourth is lost."""
    way = ipc_ways.Way("contend", "leaky", (), 2, counter="raw")
    shared = SimpleNamespace(raw=SimpleNamespace(value=0), absent={})

    class Pair:
        def run(self, _way: ipc_ways.Way, count: int) -> float:
            shared.raw.value += 2 * count * 3 // 4
            return 0.05 if count == 1 else 1e-6 * count

    session = ipc_run._Session(rounds=3, array_bytes=8, redis=None, progress=print)
    row = session._row(shared, Pair(), way)
    assert (row.made, row.counted) == (6, 3)
    assert row.lost == 0.5
    assert row.count == 2
    assert row.nanoseconds == pytest.approx(0.05 / 2 * 1e9)


def test_rounds_grow_until_they_can_be_timed() -> None:
    counts: list[int] = []

    class Pair:
        def run(self, _way: ipc_ways.Way, count: int) -> float:
            counts.append(count)
            return 1e-6 * count

    assert ipc_run._calibrated(Pair(), ipc_ways.Way("read", "quick", ())) == counts[-1]
    assert 10_000 <= counts[-1] <= 100_000
    assert counts == sorted(counts)
    counts.clear()
    assert ipc_run._calibrated(Pair(), ipc_ways.Way("array", "large", ())) == 1


@pytest.fixture
def report() -> IpcReport:
    """Make up a report."""
    timing = Timing(minimum=1e-8, median=2e-8, low=1e-8, high=3e-8, rounds=7)
    rows = (
        IpcRow("read", "mmap", timing, 100),
        IpcRow("read", "Redis", detail="no server"),
        IpcRow("contend", "RawValue", timing, 100, made=200, counted=150),
        IpcRow("array", "Pipe, pickled", replace(timing, median=0.5), 1, payload=2**27),
    )
    return IpcReport(rows, machine(), "2026-11-22T12:00:00+00:00", 1.5)


def test_json(report: IpcReport) -> None:
    assert IpcReport.from_json(report.to_json()) == report
    with pytest.raises(ValueError, match="schema 1, not 2"):
        IpcReport.from_dict({**report.to_dict(), "schema": 2})


def test_text(report: IpcReport) -> None:
    parts = str(report).split("\n\n")
    assert parts[0] == "read: look at a flag"
    assert parts[1].splitlines() == [
        "means     time     ±  minimum",
        "mmap   20.0 ns  50 %  10.0 ns",
        "Redis",
        "Redis: no server",
    ]
    assert parts[3].splitlines()[1] == "RawValue  20.0 ns  50 %  10.0 ns  25 %"
    assert parts[5].splitlines()[1] == "Pipe, pickled  500 ms  0 %  10.0 ns   256 MiB/s"
    assert report.machine.cpu in parts[-1]


def test_rows(report: IpcReport) -> None:
    assert report["contend", "RawValue"].lost == 0.25
    assert report["array", "Pipe, pickled"].bandwidth == 2**28
    assert report["read", "Redis"].nanoseconds is None
    assert [row.means for row in report.of("read")] == ["mmap", "Redis"]
    with pytest.raises(KeyError):
        report["read", "telepathy"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"rounds": 0}, ValueError),
        ({"rounds": 1.5}, TypeError),
        ({"array_bytes": 7}, ValueError),
        ({"array_bytes": "1"}, TypeError),
    ],
)
def test_arguments(arguments: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(arguments))):
        perfpy.lab.ipc(**arguments)


class TestRedis:
    def test_reasons(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
        with pytest.raises(ipc_redis.Unavailable, match="pip install redis"):
            ipc_redis.redis_store(None).__enter__()
        monkeypatch.undo()
        if importlib.util.find_spec("redis") is None:
            pytest.skip("needs the package redis")
        monkeypatch.setattr(shutil, "which", lambda _name: None)
        with pytest.raises(ipc_redis.Unavailable, match="no redis-server is installed"):
            ipc_redis.redis_store(None).__enter__()
        with pytest.raises(ipc_redis.Unavailable, match=r"no Redis answers at 127\.0\.0\.1:1") as raised:
            ipc_redis.redis_store("redis://:secret@127.0.0.1:1").__enter__()
        assert "secret" not in str(raised.value)

    @needs_redis
    def test_a_server_is_started_and_ended(self) -> None:
        with ipc_redis._server() as url, ipc_redis.redis_store(url) as store:
            store.value = 40
            store.add(2)
            assert store.value == 42
            store.put(0, 7)
            assert store.take(0) == 7
            port = int(url.rpartition(":")[2])
            socket.create_connection(("127.0.0.1", port)).close()
            with pytest.raises(ipc_redis.Unavailable, match=r"(?i)authenticat"):
                ipc_redis.redis_store(f"redis://127.0.0.1:{port}").__enter__()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    @needs_redis
    def test_a_server_that_cannot_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            monkeypatch.setattr(ipc_redis, "_free_port", lambda: taken.getsockname()[1])
            with pytest.raises(ipc_redis.Unavailable, match="did not start"):
                ipc_redis.redis_store(None).__enter__()


def some_ways(monkeypatch: pytest.MonkeyPatch, *names: tuple[str, str]) -> None:
    """Leave some of the ways."""
    ways = tuple(way for way in ipc_ways.WAYS if (way.operation, way.means) in names)
    assert len(ways) == len(names)
    monkeypatch.setattr(ipc_ways, "WAYS", ways)
    monkeypatch.setattr(shutil, "which", lambda _name: None)


def test_a_worker_that_dies_costs_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    some_ways(monkeypatch, ("read", "mmap"), ("send", "Pipe"), ("ask", "Pipe"))

    before = multiprocessing.active_children()

    def kill(progress: object) -> None:
        if progress.stage == "send":
            for process in multiprocessing.active_children():
                if process.daemon and process not in before:
                    process.kill()
                    process.join()

    report = perfpy.lab.ipc(rounds=1, array_bytes=8, progress=kill)
    assert [bool(row.detail) for row in report] == [False, True, False]
    assert "died" in report["send", "Pipe"].detail or "Broken" in report["send", "Pipe"].detail
    assert set(multiprocessing.active_children()) <= set(before)


class TestCommand:
    def test_writes_tables_and_json(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        some_ways(monkeypatch, ("read", "mmap"), ("array", "shared_memory, copied into it"))
        file = tmp_path / "report.json"
        arguments = ["ipc", "--rounds", "1", "--array", "1", "--json", str(file)]
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 0, result.output
        assert "mmap" in result.output
        assert "GiB/s" in result.output or "MiB/s" in result.output
        found = IpcReport.from_json(file.read_text())
        assert found["array", "shared_memory, copied into it"].payload == 2**20

    def test_mistakes_are_one_line(self, tmp_path: Path) -> None:
        missing = str(tmp_path / "no" / "report.json")
        for arguments in (("--rounds", "0"), ("--array", "0"), ("--json", missing)):
            result = CliRunner().invoke(command, ["ipc", *arguments])
            assert result.exit_code == 2
            assert "Traceback" not in result.output


SCRIPT = """
import sys
import perfpy

def show(progress):
    print(progress.stage, progress.backend, flush=True)

def main():
    try:
        perfpy.lab.ipc(rounds=200, array_bytes=2**24, progress=show)
    except KeyboardInterrupt:
        print("interrupted", flush=True)

if __name__ == "__main__":
    from perfpy.lab import ipc_ways
    ipc_ways.WAYS = tuple(way for way in ipc_ways.WAYS if [way.operation, way.means] == sys.argv[1:])
    main()
"""


def start(folder: Path, operation: str, means: str) -> subprocess.Popen[str]:
    """Start a script that measures one row, and wait until it is in the middle of it."""
    file = folder / "script.py"
    file.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(file), operation, means],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"{operation} {means}\n"
    time.sleep(0.2)  # into the loops
    assert process.poll() is None
    return process


def blocks() -> set[str]:
    """Return the names of shared memory and semaphores that multiprocessing made."""
    names = (path.name for path in Path("/dev/shm").iterdir())
    return {name for name in names if name.startswith(("psm_", "sem.mp-"))}


def members(session: int) -> list[int]:
    """Return the processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(its_session) == session and state != "Z":
                found.append(int(entry.name))
    return found


def end(process: subprocess.Popen[str], made: set[str]) -> tuple[str, str]:
    """Wait for the end of a script; see that no process of it is left, and nothing of what it had made."""
    try:
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    deadline = time.monotonic() + 5
    while (left := members(process.pid)) or made & blocks():
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left
    assert not made & blocks()
    return output, errors


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose name is short enough for sockets in it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and /dev/shm")
class TestNothingIsLeft:
    @pytest.mark.parametrize("whole_job", [False, True], ids=["parent", "terminal"])
    def test_after_an_interrupt(self, folder: Path, whole_job: bool) -> None:
        before = blocks()
        process = start(folder, "array", "shared_memory, copied into it")
        made = blocks() - before
        assert made
        (os.killpg if whole_job else os.kill)(process.pid, signal.SIGINT)
        output, errors = end(process, made)
        assert output.endswith("interrupted\n")
        assert errors == ""
        assert process.returncode == 0
        assert [path.name for path in folder.iterdir()] == ["script.py"]

    def test_after_a_kill(self, folder: Path) -> None:
        before = blocks()
        process = start(folder, "read", "Manager.Value")
        if HAS_REDIS:
            programs = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in members(process.pid)]
            assert "redis-server" in programs
        made = blocks() - before
        assert made
        process.kill()
        end(process, made)

    def test_where_the_guard_is_missing(self, folder: Path) -> None:
        file = folder / "script.py"
        file.write_text("import perfpy\nperfpy.lab.ipc()\n")
        done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=30)
        assert done.returncode == 1
        assert "lacks its `if __name__ == '__main__':` guard" in done.stderr


def test_json_on_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    some_ways(monkeypatch, ("read", "nothing shared"))
    result = CliRunner().invoke(command, ["ipc", "--rounds", "1", "--array", "1", "--json", "-"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"][0]["means"] == "nothing shared"
