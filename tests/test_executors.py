"""Executors: what ``executor=`` may be, and that the result never depends on it."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import perfpy
from perfpy import executors
from perfpy.executors import Sizes
from perfpy.techniques.julia import JULIA

AVAILABLE = [row.name for row in perfpy.backends("julia") if row.available]
# Rows in several pieces, an odd number of both, no symmetry.
X = np.linspace(-1.7, 1.6, 131)
Y = np.linspace(1.5, -1.4, 157)


class Foreign:
    """The least that PEP 3148 asks of an executor, running nothing at the same time."""

    def __init__(self) -> None:
        self.submitted = 0

    def __repr__(self) -> str:
        return "foreign"

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        self.submitted += 1
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def register() -> Iterator[Callable[[str, Any], None]]:
    """Register backends for the length of a test."""
    before = dict(JULIA.table)
    yield lambda name, target: perfpy.register_backend("julia", name, target)
    JULIA.table.clear()
    JULIA.table.update(before)
    JULIA.clear()


# What executor= may be


@pytest.mark.parametrize("spec", ["threads", "processes", "threads:1", "threads:3", "processes:2"])
def test_strings_stand_for_pools_that_are_reused(spec: str) -> None:
    executor = executors.resolve(spec)
    assert executor is executors.resolve(spec)
    assert executor.submit(pow, 2, 10).result() == 1024


def test_number_of_workers() -> None:
    assert executors.engine("threads:3").workers == 3
    assert executors.engine("threads").workers == len(os.sched_getaffinity(0))


def test_none_and_executors_stand_for_themselves() -> None:
    foreign = Foreign()
    assert executors.resolve(None) is None
    assert executors.resolve(foreign) is foreign


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("thread", "did you mean 'threads'"),
        ("process:2", "did you mean 'processes:2'"),
        ("fast", r"expected None, one of 'threads', 'processes', 'threads:N', 'processes:N'"),
        ("", "unknown executor ''"),
        ("threads:", "must be a positive integer, not ''"),
        ("threads:0", "must be a positive integer, not '0'"),
        ("threads:-1", "must be a positive integer"),
        ("processes:two", "must be a positive integer, not 'two'"),
        ("threads:²", "must be a positive integer"),
    ],
)
def test_bad_strings(spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        executors.resolve(spec)
    with pytest.raises(ValueError, match=message):
        perfpy.julia([], [], executor=spec)


@pytest.mark.parametrize("spec", [4, True, object(), Foreign, b"threads"])
def test_bad_objects(spec: Any) -> None:
    with pytest.raises(TypeError, match=r"executor must be None, one of 'threads'.*not"):
        executors.resolve(spec)


def test_importing_perfpy_starts_nothing() -> None:
    loaded = run_script(
        """
        import sys, perfpy
        perfpy.julia(5, 5)
        print("multiprocessing" in sys.modules, "concurrent.futures" in sys.modules)
        """
    )
    assert loaded.stdout.split() == ["False", "False"]


# The result does not depend on it


@pytest.mark.parametrize("backend", AVAILABLE)
@pytest.mark.parametrize("executor", ["threads:1", "threads:3", "processes:2", Foreign()], ids=str)
def test_same_result_on_every_executor(backend: str, executor: Any) -> None:
    expected = perfpy.julia(X, Y, max_iterations=70)
    np.testing.assert_array_equal(
        perfpy.julia(X, Y, max_iterations=70, backend=backend, executor=executor), expected
    )


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
@pytest.mark.parametrize("shape", [(1, 200), (200, 1), (1, 1), (0, 5), (5, 0), (0, 0), (2, 33), (97, 64)])
def test_shapes(executor: Any, shape: tuple[int, int]) -> None:
    x, y = np.linspace(-1, 1.2, shape[1]), np.linspace(-1, 1.1, shape[0])
    counts = perfpy.julia(x, y, executor=executor)
    assert counts.shape == shape
    np.testing.assert_array_equal(counts, perfpy.julia(x, y, backend="numpy"))


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (64, 65), (65, 65), (1, 7), (7, 1)])
@pytest.mark.parametrize("max_iterations", [100, 10**9])
def test_symmetric_grids(executor: Any, shape: tuple[int, int], max_iterations: int) -> None:
    y, x = ((np.arange(n) - (n - 1) / 2) * 0.02 for n in shape)
    assert (x == -x[::-1]).all()
    c = 1 + 0.3j  # nothing stays bounded
    counts = perfpy.julia(x, y, c=c, max_iterations=max_iterations, executor=executor)
    np.testing.assert_array_equal(counts, perfpy.julia(x, y, c=c, max_iterations=max_iterations))


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
@pytest.mark.parametrize("backend", AVAILABLE)
def test_rows_are_divided_where_one_is_long_work(backend: str, executor: Any) -> None:
    x, y = X[:40], Y[:3]
    expected = perfpy.julia(x, y, c=1, max_iterations=2**31 - 1)
    counts = perfpy.julia(x, y, c=1, max_iterations=2**31 - 1, backend=backend, executor=executor)
    np.testing.assert_array_equal(counts, expected)


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
def test_non_finite_coordinates(executor: Any) -> None:
    x = np.array([np.nan, -np.inf, -2.0, 0.0, 2.0, np.inf, np.nan])
    np.testing.assert_array_equal(perfpy.julia(x, x, executor=executor), perfpy.julia(x, x))


@pytest.mark.parametrize("executor", ["threads:2", "processes:2", Foreign()], ids=str)
def test_result_goes_into_out(executor: Any) -> None:
    expected = perfpy.julia(X, Y)
    whole = np.full((Y.size + 2, X.size + 2), -1, np.int32)
    out = whole[1:-1, 1:-1]
    assert perfpy.julia(X, Y, executor=executor, out=out) is out
    np.testing.assert_array_equal(out, expected)
    assert (whole[0] == -1).all()
    assert (whole[:, -1] == -1).all()


def test_foreign_pools() -> None:
    expected = perfpy.julia(X, Y)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        np.testing.assert_array_equal(perfpy.julia(X, Y, executor=threads), expected)


def test_calls_from_several_threads_share_a_pool() -> None:
    expected = perfpy.julia(X, Y)
    results: list[Any] = [None] * 6

    def call(index: int) -> None:
        results[index] = perfpy.julia(X, Y, executor="threads:2")

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(results))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("spec", ["threads:1", "processes:1"])
def test_nested_use_does_not_wait_for_itself(spec: str) -> None:
    executor = executors.resolve(spec)
    inner = executor.submit(perfpy.julia, X, Y, executor=spec)
    np.testing.assert_array_equal(inner.result(timeout=60), perfpy.julia(X, Y))


# Pieces


def test_pieces_are_drawn_when_there_is_room() -> None:
    pool = executors.engine("threads:2")
    drawn = 0
    combined = 0
    most = 0

    def pieces() -> Iterator[int]:
        nonlocal drawn, most
        for index in range(500):
            drawn += 1
            most = max(most, drawn - combined)
            yield index

    results = {}

    def combine(piece: int, result: int) -> None:
        nonlocal combined
        combined += 1
        results[piece] = result

    executors.run(pool, lambda piece, factor: piece * factor, (3,), pieces(), combine)
    assert results == {index: 3 * index for index in range(500)}
    assert most <= pool.window


def test_sizes_cover_the_whole_once() -> None:
    rng = np.random.default_rng(0)
    for total in (0, 1, 31, 32, 33, 1000, 12345):
        sizes = Sizes(total, workers=3, most=200, longest=0.05, grain=32)
        seen = []
        for piece in sizes:
            assert 1 <= len(piece) <= 200
            seen.extend(piece)
            sizes.measured(piece, float(rng.exponential()) * 10 ** float(rng.uniform(-6, 0)))
        assert seen == list(range(total))


def test_sizes_follow_measured_work() -> None:
    sizes = Sizes(10**6, workers=2, most=10**6, longest=0.05)
    piece = next(sizes)
    for _ in range(20):
        sizes.measured(piece, len(piece) * 1e-3)
        piece = next(sizes)
    assert 0.02 <= len(piece) * 1e-3 <= 0.05
    for _ in range(20):
        sizes.measured(piece, len(piece) * 1e-5)
        piece = next(sizes)
    assert 0.02 <= len(piece) * 1e-5 <= 0.05


def test_last_pieces_are_small() -> None:
    sizes = Sizes(1000, workers=2, most=1000, longest=10.0, grain=32)
    lengths = []
    for piece in sizes:
        lengths.append(len(piece))
        sizes.measured(piece, len(piece) * 1e-5)
    assert lengths[-2] == 32
    assert max(lengths) <= 1000 // 6
    assert len(lengths) < 30


# Errors


def fail_in_kernel(x: Any, y: Any, c: complex, max_iterations: int, out: Any) -> None:
    raise ZeroDivisionError("in a piece")


@pytest.mark.parametrize("executor", ["threads:2", Foreign()], ids=str)
def test_an_error_is_raised_as_it_was_with_its_traceback(
    register: Callable[[str, Any], None], executor: Any
) -> None:
    register("failing", fail_in_kernel)
    with pytest.raises(ZeroDivisionError, match="in a piece") as info:
        perfpy.julia(X, Y, backend="failing", executor=executor)
    assert "fail_in_kernel" in [frame.name for frame in traceback.extract_tb(info.tb)]


def test_an_error_cancels_what_has_not_started(register: Callable[[str, Any], None]) -> None:
    calls = []

    def fail_slowly(x: Any, y: Any, c: complex, max_iterations: int, out: Any) -> None:
        calls.append(y.size)
        time.sleep(0.05)
        raise ZeroDivisionError

    register("failing", fail_slowly)
    with pytest.raises(ZeroDivisionError):
        perfpy.julia(X, Y, backend="failing", executor="threads:1")
    time.sleep(0.15)
    assert len(calls) <= 2  # the one that failed, and one that had started before that was known


def test_nothing_writes_into_out_after_an_error(register: Callable[[str, Any], None]) -> None:
    out = np.zeros((Y.size, X.size), np.int32)
    first = threading.Event()

    def fail_first(x: Any, y: Any, c: complex, max_iterations: int, out: Any) -> None:
        if not first.is_set():
            first.set()
            raise ZeroDivisionError
        time.sleep(0.2)
        out[:] = 1

    register("failing", fail_first)
    with pytest.raises(ZeroDivisionError):
        perfpy.julia(X, Y, backend="failing", executor="threads:2", out=out)
    left = out.copy()
    time.sleep(0.4)
    np.testing.assert_array_equal(out, left)


def test_functions_of_this_process_run_on_threads_only(register: Callable[[str, Any], None]) -> None:
    def fill(x: Any, y: Any, c: complex, max_iterations: int, out: Any) -> None:
        out[:] = 7

    register("local", fill)
    assert (perfpy.julia(X, Y, backend="local", executor="threads:2") == 7).all()
    with pytest.raises(TypeError, match=r"'local' of 'julia' cannot be sent to worker processes.*threads"):
        perfpy.julia(X, Y, backend="local", executor="processes:2")


# Worker processes: each test in an interpreter of its own, which loky or the standard library serves

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


def start_script(folder: Path, body: str, *, hide_loky: bool, **environment: str) -> subprocess.Popen[str]:
    (folder / "kernels.py").write_text(KERNELS)
    script = folder / "script.py"
    body = textwrap.indent(textwrap.dedent(body), "    ")
    script.write_text(PREPARE.format(hide_loky=hide_loky, body=body))
    return subprocess.Popen(
        [sys.executable, str(script)],
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
