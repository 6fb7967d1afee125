"""Workers that die and Ctrl-C while a field diffuses on an executor, each in an interpreter of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from perfpy import _build

pytestmark = pytest.mark.skipif(
    _build.SANITIZE not in ("", "none"), reason="processes that start slowly, and no code of ours in C"
)

KERNELS = """
import os, pathlib, time
import perfpy
from perfpy.techniques.diffusion._numpy import diffuse as right

MARK = pathlib.Path(__file__).with_name("mark")

def killed_once(problem, out):
    right(problem, out)
    if problem.steps > 1:  # somewhere on the way
        try:
            MARK.touch(exist_ok=False)
        except FileExistsError:
            return
        out[: len(out) // 2] = -1.0
        os.kill(os.getpid(), 9)

def killed(problem, out):
    os.kill(os.getpid(), 9)

def slow(problem, out):
    os.write(1, b"running\\n")
    time.sleep(0.1 if os.environ.get("IN_MEMORY") else 600)
"""

SCRIPT = """
import sys, time
import numpy as np
import perfpy
import kernels

for name in ("killed_once", "killed", "slow"):
    perfpy.register_backend("diffuse", name, getattr(kernels, name))
field = np.random.default_rng(0).random((300, 40))

def main():
{body}

if __name__ == "__main__":
    main()
"""


def start(folder: Path, body: str, **environment: str) -> subprocess.Popen[str]:
    (folder / "kernels.py").write_text(KERNELS)
    script = folder / "script.py"
    script.write_text(SCRIPT.format(body=textwrap.indent(textwrap.dedent(body), "    ")))
    return subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def test_a_killed_worker_costs_one_retry(tmp_path: Path) -> None:
    script = start(
        tmp_path,
        """
        expected = perfpy.diffuse(field, 50, backend="numpy")
        got = perfpy.diffuse(field, 50, backend="killed_once", executor="processes:2")
        assert kernels.MARK.exists()
        assert (got == expected).all()
        """,
    )
    _, errors = script.communicate(timeout=60)
    assert script.returncode == 0, errors


@pytest.mark.alone
def test_workers_that_die_again_are_an_error(tmp_path: Path) -> None:
    script = start(
        tmp_path,
        """
        from concurrent.futures import BrokenExecutor
        before = set(kernels.pathlib.Path("/dev/shm").glob("psm_*"))
        try:
            perfpy.diffuse(field, 50, backend="killed", executor="processes:2")
        except BrokenExecutor as error:
            print(error)
        assert set(kernels.pathlib.Path("/dev/shm").glob("psm_*")) <= before
        """,
    )
    output, errors = script.communicate(timeout=60)
    assert script.returncode == 0, errors
    assert "worker processes died twice while computing rows" in output


@pytest.mark.alone
@pytest.mark.parametrize("executor", ["threads:2", "processes:2"])
@pytest.mark.parametrize("kernel", ["slow", "numba", "c"])
def test_interrupt(tmp_path: Path, executor: str, kernel: str) -> None:
    script = start(
        tmp_path,
        f"""
        try:
            if {kernel!r} != "slow":
                perfpy.diffuse(field, 3, backend={kernel!r}, executor={executor!r})
                print("running", flush=True)
            perfpy.diffuse(field, 10**9, backend={kernel!r}, executor={executor!r})
        except perfpy.BackendUnavailable:
            print("missing", flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            assert np.isfinite(perfpy.diffuse(field, 3, backend="numpy", executor={executor!r})).all()
        """,
        **({"IN_MEMORY": "1"} if executor == "threads:2" else {}),
    )
    assert script.stdout is not None
    try:
        while (line := script.stdout.readline()) != "running\n":
            if line == "missing\n":
                pytest.skip("not installed")
            assert script.poll() is None
        time.sleep(0.3)
        sent = time.monotonic()
        script.send_signal(signal.SIGINT)
        while script.stdout.readline() not in ("interrupted\n", ""):
            pass
        assert time.monotonic() - sent < 1.0
        _, errors = script.communicate(timeout=20)
        assert script.returncode == 0, errors
        assert errors == ""
    finally:
        script.kill()
        script.communicate()
