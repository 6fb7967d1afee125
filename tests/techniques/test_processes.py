"""What needs a process of its own: signals, the interpreter lock and the choice of an instruction set."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import perfpy
from perfpy import _build, techniques

HERE = Path(__file__).parent
#: Share of its speed that a thread keeps beside one without the lock; beside one that holds it, less is left.
ENOUGH = 0.45
SLOW = 4 if _build.SANITIZE not in ("", "none") else 1

PRELUDE = f"""
import hashlib, os, sys, threading, time
sys.path.insert(0, {str(HERE)!r})
from cases import CASES
import perfpy
case = CASES[sys.argv[1]]
backend = sys.argv[2]
"""

INTERRUPTED = """
case.call(backend)
print("ready", flush=True)
try:
    case.function(**case.huge, backend=backend)
except KeyboardInterrupt:
    print("stopped", flush=True)
case.call(backend)
print("alive", flush=True)
"""

SHARING = """
def progress(seconds):
    ticks, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        ticks += 1
    return ticks / seconds

case.call(backend)
sys.setswitchinterval(1e-4)  # a thread that waits for the lock gets it soon, but keeps it no longer than this
alone = progress(0.3)
threading.Thread(target=lambda: case.function(**case.huge, backend=backend), daemon=True).start()
time.sleep(0.2)
print(progress(0.5) / alone, flush=True)
os._exit(0)
"""

# Slices of 5 ms that hold the lock: what the test of it must find out.
HOLDING = """
import ctypes
usleep = ctypes.PyDLL(None).usleep
def hold(*arguments):
    while lengthy:
        usleep(5000)
lengthy = False
perfpy.register_backend(sys.argv[1], "holder", hold)
case.call("holder")
lengthy = True
backend = "holder"
""" + SHARING.replace("case.call(backend)", "")

ANSWER = """
try:
    result = case.function(**case.workload(), backend=backend)
except ValueError as error:
    print("ValueError", error)
else:
    rows = {row.name: row for row in perfpy.backends(sys.argv[1])}
    print(rows[backend].isa, hashlib.sha256(result.tobytes()).hexdigest())
"""


def start(program: str, technique: str, backend: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + program, technique, backend],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def output(process: subprocess.Popen[str]) -> str:
    """Return what the process prints; its errors are the test's."""
    try:
        out, err = process.communicate(timeout=60 * SLOW)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return out


def traits(technique: str, backend: str) -> perfpy._dispatch.Traits:
    return next(row for row in perfpy.backends(technique) if row.name == backend).traits


def test_control_c_stops_a_long_call(technique: str, backend: str) -> None:
    if not traits(technique, backend).interruptible:
        pytest.skip("declared not to be interruptible")
    process = start(INTERRUPTED, technique, backend)
    watchdog = threading.Timer(10 * SLOW, process.kill)  # a call that does not stop must not stop the tests
    watchdog.start()
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        assert process.poll() is None
        sent = time.perf_counter()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopped\n"
        assert time.perf_counter() - sent < 0.5 * SLOW
        assert process.stdout.readline() == "alive\n"
        assert process.wait(10 * SLOW) == 0
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def test_the_interpreter_lock_is_released(technique: str, backend: str) -> None:
    if not traits(technique, backend).releases_gil:
        pytest.skip("declared not to release it")
    shares: list[float] = []
    while len(shares) < 6 and max(shares, default=0) < ENOUGH:  # a busy machine may take a processor away
        shares.append(float(output(start(SHARING, technique, backend))))
    assert max(shares) >= ENOUGH, f"another thread worked at {max(shares):.0%} of its speed"


@pytest.mark.parametrize("technique", techniques.names())
def test_a_held_interpreter_lock_would_be_found_out(technique: str) -> None:
    shares = [float(output(start(HOLDING, technique, "holder"))) for _ in range(3)]
    assert min(shares) < ENOUGH


def test_every_instruction_set_gives_the_same(technique: str, backend: str) -> None:
    if not next(row for row in perfpy.backends(technique) if row.name == backend).isa:
        pytest.skip("the tool chooses the instructions itself")
    reference = output(start(ANSWER, technique, "python")).split()[-1]
    chosen = []
    for isa in _build.ISAS:
        words = output(start(ANSWER, technique, backend, PERFPY_ISA=isa)).split()
        if words[0] == "ValueError":
            assert "cannot run on this machine" in " ".join(words)
        else:
            assert words == [isa, reference]
            chosen.append(isa)
    assert "baseline" in chosen


@pytest.mark.parametrize("wrong", ["sse9", "AVX2", "avx2 "])
def test_a_wrong_instruction_set_is_an_error(technique: str, backend: str, wrong: str) -> None:
    if not next(row for row in perfpy.backends(technique) if row.name == backend).isa:
        pytest.skip("the tool chooses the instructions itself")
    text = output(start(ANSWER, technique, backend, PERFPY_ISA=wrong))
    assert text.startswith(f"ValueError PERFPY_ISA='{wrong}' is not the name of an instruction set")
    assert "baseline" in text
