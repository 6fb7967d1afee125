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
SLOW = 10 if _build.SANITIZE not in ("", "none") else 1

PRELUDE = f"""
import hashlib, os, sys, threading, time
sys.path.insert(0, {str(HERE)!r})
from cases import CASES
import numpy as np
import perfpy
case = CASES[sys.argv[1]]
backend = sys.argv[2]
"""

INTERRUPTED = """
case.call(backend)
try:
    print("ready", flush=True)
    case.function(**case.huge, backend=backend)
except KeyboardInterrupt:
    print("stopped", flush=True)
case.call(backend)
print("alive", flush=True)
"""

#: Ticks during a call: hundreds and more where the lock is released, a few where only what reads the
#: arguments or imports does that.
RELEASED = 100

# With this switch interval no thread has to give the lock away: others run only while it is released.
COUNTING = """
def count():
    global ticks
    while True:
        ticks += 1
        time.sleep(0)

case.call(backend)
sys.setswitchinterval(1e6)
ticks = 0
threading.Thread(target=count, daemon=True).start()
arguments = {**case.huge, **case.lengthy, **case.longer.get(backend, {})}
before = ticks
case.function(**arguments, backend=backend)
print(ticks - before, flush=True)
os._exit(0)
"""

# What the test must find out.
HOLDING = (
    """
def hold(*arguments):
    end = time.perf_counter() + 0.3
    while time.perf_counter() < end:
        pass
    return case.held
perfpy.register_backend(sys.argv[1], backend, hold)
"""
    + COUNTING
)

ANSWER = """
try:
    result = case.function(**case.workload(), backend=backend)
except ValueError as error:
    print("ValueError", error)
else:
    rows = {row.name: row for row in perfpy.backends(sys.argv[1])}
    print(rows[backend].isa, hashlib.sha256(case.content(result)).hexdigest())
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


def seconds_to_stop(technique: str, backend: str) -> float:
    """Interrupt a call of many minutes and return how long it went on; the process has to survive it."""
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
        elapsed = time.perf_counter() - sent
        assert process.stdout.readline() == "alive\n"
        assert process.wait(10 * SLOW) == 0
        return elapsed
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


@pytest.mark.alone
def test_control_c_stops_a_long_call(technique: str, backend: str) -> None:
    if not traits(technique, backend).interruptible:
        pytest.skip("declared not to be interruptible")
    elapsed = seconds_to_stop(technique, backend)
    if elapsed >= 0.2 * SLOW:  # once more: a busy machine may have been elsewhere
        elapsed = seconds_to_stop(technique, backend)
    assert elapsed < 0.2 * SLOW


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="there is no lock")
class TestInterpreterLock:
    """Another thread counts while a call of some tenths of a second runs."""

    def test_is_released(self, technique: str, backend: str) -> None:
        if not traits(technique, backend).releases_gil:
            pytest.skip("declared not to release it")
        assert int(output(start(COUNTING, technique, backend))) >= RELEASED

    @pytest.mark.parametrize("technique", techniques.names())
    def test_a_backend_that_holds_it_is_found_out(self, technique: str) -> None:
        assert int(output(start(HOLDING, technique, "holder"))) < RELEASED


def test_every_instruction_set_gives_the_same(technique: str, backend: str) -> None:
    if not next(row for row in perfpy.backends(technique) if row.name == backend).isa:
        pytest.skip("the tool chooses the instructions itself")
    processes = {isa: start(ANSWER, technique, backend, PERFPY_ISA=isa) for isa in _build.ISAS}
    reference = output(start(ANSWER, technique, "python")).split()[-1]
    chosen = []
    for isa, process in processes.items():
        words = output(process).split()
        if words[0] == "ValueError":
            assert "cannot run on this machine" in " ".join(words)
        else:
            assert words == [isa, reference]
            chosen.append(isa)
    assert "baseline" in chosen


def test_a_wrong_instruction_set_is_an_error(technique: str, backend: str) -> None:
    if not next(row for row in perfpy.backends(technique) if row.name == backend).isa:
        pytest.skip("the tool chooses the instructions itself")
    processes = {wrong: start(ANSWER, technique, backend, PERFPY_ISA=wrong) for wrong in ("sse9", "avx2 ")}
    for wrong, process in processes.items():
        text = output(process)
        assert text.startswith(f"ValueError PERFPY_ISA='{wrong}' is not the name of an instruction set")
        assert "baseline" in text
