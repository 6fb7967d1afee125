"""Programs that mpiexec started, their workers, and one that is killed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from perfpy import executors

needs_mpi = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None or shutil.which("mpiexec") is None,
    reason='needs MPI: apt install openmpi-bin; pip install "perfpy[mpi]"',
)
ENVIRONMENT = {  # of Open MPI, which otherwise refuses to be root or to start more processes than cores
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


def start_program(folder: Path, body: str, *, processes: int = 3) -> subprocess.Popen[str]:
    program = folder / "program.py"
    program.write_text(textwrap.dedent(body))
    return subprocess.Popen(
        ["mpiexec", "-n", str(processes), sys.executable, "-m", "mpi4py.futures", str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | ENVIRONMENT,
    )


def finish(process: subprocess.Popen[str], folder: Path) -> tuple[str, str]:
    """Wait for the end of a program; check that no process of it is left."""
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    deadline = time.monotonic() + 5
    while (left := processes_of(folder / "program.py")) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, errors
    return output, errors


def run_program(folder: Path, body: str, *, processes: int = 3) -> subprocess.CompletedProcess[str]:
    process = start_program(folder, body, processes=processes)
    output, errors = finish(process, folder)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def processes_of(program: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(program).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@needs_mpi
def test_answers(tmp_path: Path) -> None:
    done = run_program(
        tmp_path,
        """
        import os, perfpy
        from perfpy import executors
        assert perfpy.count_primes(10**10, executor="mpi") == 455_052_511
        report = executors.check("mpi")
        assert report.passed, report
        pool = executors.resolve("mpi")
        assert pool is executors.resolve("mpi")
        assert pool.submit(perfpy.count_primes, 10**10, executor="mpi").result(timeout=60) == 455_052_511
        assert pool.submit(os.getenv, "OPENBLAS_NUM_THREADS").result() == "1"
        assert pool.submit(os.getpid).result() != os.getpid()
        assert pool.submit(lambda: __name__).result() == "__main__"
        available = {row.name: row.available for row in executors.available()}
        print(available["mpi"], executors.engine("mpi").workers)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True 2\n"
    assert done.stderr == ""


@needs_mpi
def test_a_killed_worker_ends_the_program(tmp_path: Path) -> None:
    done = run_program(
        tmp_path,
        """
        import pathlib, time
        from perfpy import executors
        from perfpy.executors import _trials
        found = _trials.with_a_kill(executors.engine("mpi"), pathlib.Path(__file__).with_name("mark"))
        print("an answer:", found)
        """,
    )
    assert (tmp_path / "mark").exists()
    assert done.returncode != 0
    assert done.stdout == ""
    assert "signal 9" in done.stderr or "KILLED" in done.stderr.upper()


@needs_mpi
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_program_that_is_stopped_leaves_nothing(tmp_path: Path, sent: signal.Signals) -> None:
    process = start_program(
        tmp_path,
        """
        import pathlib, time
        from perfpy import executors

        def slow(piece, mark):
            mark.touch()
            time.sleep(600)

        mark = pathlib.Path(__file__).with_name("mark")
        executors.run(executors.engine("mpi"), slow, (mark,), range(4), print)
        """,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "mark").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(sent)
    output, _ = finish(process, tmp_path)
    assert output == ""
    assert process.returncode != 0


@needs_mpi
def test_needs_a_process_besides_its_own(tmp_path: Path) -> None:
    done = run_program(tmp_path, 'from perfpy import executors\nexecutors.resolve("mpi")', processes=1)
    assert done.returncode != 0
    assert "needs at least one process besides this" in done.stderr


def test_needs_mpiexec() -> None:
    with pytest.raises(RuntimeError, match="mpiexec -n N python -m mpi4py"):
        executors.resolve("mpi")
    with pytest.raises(ValueError, match="mpiexec decides how many workers"):
        executors.resolve("mpi:2")
