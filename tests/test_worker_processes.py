"""Worker processes, their faults and Ctrl-C, mostly in interpreters of their own, with loky and without."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import perfpy

PREPARE = """
import os, signal, sys, threading, time
if {hide_loky}:
    sys.modules["loky"] = None
import numpy as np
import perfpy
from perfpy import executors
import kernels

class Announced(executors.SharedArrays):
    def __init__(self, layout):
        super().__init__(layout)
        print("block", self.handle[0], flush=True)

executors.SharedArrays = Announced
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
    os.write(1, b"running\\n")  # at once, also where two workers do
    time.sleep(0.1 if os.environ.get("IN_MEMORY") else 600)

def killed_once(x, y, c, max_iterations, out):
    try:
        MARK.touch(exist_ok=False)
    except FileExistsError:
        perfpy.julia(x, y, c=c, max_iterations=max_iterations, out=out)
    else:
        out[: len(y) // 2] = -1  # a piece that is half done
        os.kill(os.getpid(), 9)

def killed(x, y, c, max_iterations, out):
    os.kill(os.getpid(), 9)

def failing(x, y, c, max_iterations, out):
    raise ZeroDivisionError("in a worker")
"""

POOLS = pytest.mark.parametrize("hide_loky", [False, True], ids=["loky", "stdlib"])


def run_script(body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(body)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_importing_perfpy_starts_nothing() -> None:
    loaded = run_script(
        """
        import sys, perfpy
        perfpy.julia(5, 5)
        print("multiprocessing" in sys.modules, "concurrent.futures" in sys.modules)
        """
    )
    assert loaded.stdout.split() == ["False", "False"]


def start_script(folder: Path, body: str, *, hide_loky: bool, **environment: str) -> subprocess.Popen[str]:
    (folder / "kernels.py").write_text(KERNELS)
    script = folder / "script.py"
    body = textwrap.indent(textwrap.dedent(body), "    ")
    script.write_text(PREPARE.format(hide_loky=hide_loky, body=body))
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | environment,
    )


def finish(process: subprocess.Popen[str], within: float = 60.0) -> tuple[str, str]:
    """Wait for the end of a script; check that nothing of it is left, in no process and no shared memory."""
    try:
        output, errors = process.communicate(timeout=within)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
    deadline = time.monotonic() + 5.0
    while (left := session_members(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left
    blocks = [line.split()[1] for line in output.splitlines() if line.startswith("block")]
    assert not [name for name in blocks if Path("/dev/shm", name).exists()]
    return output, errors


def session_members(session: int) -> list[int]:
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(its_session) == session and state != "Z":
                members.append(int(entry.name))
    return members


@POOLS
def test_processes_give_the_result_and_leave_nothing(tmp_path: Path, hide_loky: bool) -> None:
    script = start_script(
        tmp_path,
        """
        for n in (300, 10):
            assert (perfpy.julia(n, n, executor="processes:2") == perfpy.julia(n, n)).all()
        print(type(executors.resolve("processes:2")).__module__)
        """,
        hide_loky=hide_loky,
    )
    output, errors = finish(script)
    assert script.returncode == 0, errors
    assert errors == ""
    assert output.split()[-1] == ("concurrent.futures.process" if hide_loky else "loky.process_executor")


#: How a script ends: its last statement, its status, and the last line that it writes to stderr.
ENDS = {
    "return": ("pass", 0, ""),
    "exit": ("sys.exit(3)", 3, ""),
    "error": ("raise ValueError('of its own')", 1, "ValueError: of its own"),
    "interrupt": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", -signal.SIGINT, "KeyboardInterrupt"),
}


@POOLS
@pytest.mark.parametrize("end", ENDS)
def test_pools_end_quietly_with_a_script(tmp_path: Path, hide_loky: bool, end: str) -> None:
    """Also where something keeps a module to the very end, and the interpreter has to take it apart."""
    last, status, line = ENDS[end]
    script = start_script(
        tmp_path,
        f"""
        import ctypes
        perfpy.estimate_pi(200_000, executor="processes:2")
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(executors._pools))  # somebody forgets it
        {last}
        """,
        hide_loky=hide_loky,
    )
    _, errors = finish(script)
    assert script.returncode == status, errors
    assert errors.rstrip("\n").rpartition("\n")[2] == line
    assert errors.count("Traceback") == (line != "")


@POOLS
def test_libraries_in_workers_start_no_threads(tmp_path: Path, hide_loky: bool) -> None:
    pytest.importorskip("threadpoolctl", reason="needs threadpoolctl to see and limit threads")
    script = start_script(
        tmp_path,
        """
        import threadpoolctl
        pool = executors.resolve("processes:2")
        pool.submit(perfpy.julia, 5, 5, backend="numpy").result()
        assert pool.submit(os.getenv, "NUMBA_NUM_THREADS").result() == "1"
        found = pool.submit(threadpoolctl.threadpool_info).result()
        assert found and all(each["num_threads"] == 1 for each in found), found
        """,
        hide_loky=hide_loky,
    )
    _, errors = finish(script)
    assert script.returncode == 0, errors


@POOLS
def test_a_killed_worker_costs_one_retry(tmp_path: Path, hide_loky: bool) -> None:
    script = start_script(
        tmp_path,
        """
        expected = perfpy.julia(200, 200)
        got = perfpy.julia(200, 200, backend="killed_once", executor="processes:2")
        assert kernels.MARK.exists()
        assert (got == expected).all()
        # A worker that dies while it has nothing to do
        os.kill(executors.resolve("processes:2").submit(os.getpid).result(), signal.SIGKILL)
        time.sleep(0.3)
        assert (perfpy.julia(200, 200, executor="processes:2") == expected).all()
        """,
        hide_loky=hide_loky,
    )
    _, errors = finish(script)
    assert script.returncode == 0, errors


@POOLS
def test_workers_that_die_again_are_an_error(tmp_path: Path, hide_loky: bool) -> None:
    script = start_script(
        tmp_path,
        """
        from concurrent.futures import BrokenExecutor
        try:
            perfpy.julia(200, 200, backend="killed", executor="processes:2")
        except BrokenExecutor as error:
            print(error)
        try:
            perfpy.julia(200, 200, backend="failing", executor="processes:2")
        except ZeroDivisionError as error:
            print(error, "|", type(error.__cause__).__name__)
        assert (perfpy.julia(200, 200, executor="processes:2") == perfpy.julia(200, 200)).all()
        """,
        hide_loky=hide_loky,
    )
    output, errors = finish(script)
    assert script.returncode == 0, errors
    assert "worker processes died twice while computing rows" in output
    assert "in a worker | _RemoteTraceback" in output


@POOLS
def test_workers_end_when_their_parent_is_killed(tmp_path: Path, hide_loky: bool) -> None:
    script = start_script(
        tmp_path,
        'perfpy.julia(200, 200, backend="slow", executor="processes:2")',
        hide_loky=hide_loky,
    )
    assert script.stdout is not None
    block = script.stdout.readline()
    assert block.startswith("block")
    assert script.stdout.readline() == "running\n"
    script.kill()
    finish(script)
    assert not Path("/dev/shm", block.split()[1]).exists()


@pytest.mark.alone
@POOLS
@pytest.mark.parametrize("executor", ["threads:2", "processes:2"])
@pytest.mark.parametrize("whole_job", [False, True], ids=["parent", "terminal"])
def test_interrupt(tmp_path: Path, hide_loky: bool, executor: str, whole_job: bool) -> None:
    if hide_loky and executor == "threads:2":
        pytest.skip("threads are the same with and without loky")
    script = start_script(
        tmp_path,
        f"""
        try:
            perfpy.julia(3000, 3000, backend="slow", executor={executor!r})
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        if {executor!r} == "processes:2":
            assert (perfpy.julia(50, 50, executor={executor!r}) == perfpy.julia(50, 50)).all()
        """,
        hide_loky=hide_loky,
        **({"IN_MEMORY": "1"} if executor == "threads:2" else {}),
    )
    assert script.stdout is not None
    while script.stdout.readline() != "running\n":
        assert script.poll() is None
    sent = time.monotonic()
    (os.killpg if whole_job else os.kill)(script.pid, signal.SIGINT)
    while script.stdout.readline() not in ("interrupted\n", ""):
        pass
    assert time.monotonic() - sent < 1.0
    _, errors = finish(script, within=20)
    assert script.returncode == 0, errors
    assert errors == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@POOLS
def test_a_forked_child_makes_pools_of_its_own(tmp_path: Path, hide_loky: bool) -> None:
    script = start_script(
        tmp_path,
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork while there are threads
        expected = perfpy.julia(200, 200)
        for executor in ("threads:2", "processes:2"):
            assert (perfpy.julia(200, 200, executor=executor) == expected).all()
        child = os.fork()
        for executor in ("threads:2", "processes:2"):
            assert (perfpy.julia(200, 200, executor=executor) == expected).all()
        if child:
            assert os.waitpid(child, 0)[1] == 0
        """,
        hide_loky=hide_loky,
    )
    _, errors = finish(script)
    assert script.returncode == 0, errors


class TestSharedMemoryAsTheResult:
    """With processes the counts stay in the memory that the workers wrote to."""

    def test_is_an_ordinary_array(self):
        result = perfpy.julia(70, 50, executor="processes:2")
        assert type(result) is np.ndarray
        assert result.flags.writeable
        assert result.flags.c_contiguous
        result += 1
        np.testing.assert_array_equal(result - 1, perfpy.julia(70, 50))

    @pytest.mark.alone
    def test_outlives_other_calls_and_leaves_nothing(self):
        perfpy.julia(70, 50, executor="processes:2")  # the pool keeps some files open
        files, blocks = Path("/proc/self/fd"), Path("/dev/shm")
        open_before, blocks_before = len(list(files.iterdir())), set(blocks.iterdir())
        first = perfpy.julia(70, 50, executor="processes:2")
        for _ in range(5):
            perfpy.julia(70, 50, c=0.1, executor="processes:2")
        np.testing.assert_array_equal(first, perfpy.julia(70, 50))
        del first
        assert len(list(files.iterdir())) <= open_before
        assert set(blocks.iterdir()) <= blocks_before

    @pytest.mark.skipif(sys.version_info >= (3, 12), reason="warns of forking beside threads")
    def test_a_forked_child_writes_into_a_copy(self):
        result = perfpy.julia(70, 50, executor="processes:2")
        child = os.fork()
        if not child:
            result[:] = -1
            os._exit(0)
        os.waitpid(child, 0)
        np.testing.assert_array_equal(result, perfpy.julia(70, 50))

    def test_no_room(self, monkeypatch):
        from perfpy.executors import _shared

        monkeypatch.setattr(_shared, "_size", lambda layout: 1 << 60)
        with pytest.raises(MemoryError, match=r"bytes of shared memory are needed.*threads"):
            perfpy.julia(70, 50, executor="processes:2")
