"""Runs one request in a fresh process, and survives whatever the process does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .exchange import Exchange, Reply, Request

_LOOK_EVERY = 0.05  # seconds between two looks at the process


def run_fresh(request: Request, exchange: Exchange, *, on_stage: Callable[[str], object]) -> Reply:
    """Run a request and return its reply; a crash and a hang are replies too.

    Parameters
    ----------
    request : Request
        What to run, and for how long at most.
    exchange : Exchange
        Where request and reply lie.
    on_stage : callable
        Called with what the process is doing whenever that changes.
    """
    exchange.ask(request)
    with exchange.output.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "perfpy.lab.worker", exchange.directory, exchange.reference],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            start_new_session=True,  # a group of its own, to be killed with whatever it starts
        )
    try:
        status = _wait(process, request.timeout, exchange, on_stage)
    finally:
        _kill_group(process)
    reply = exchange.reply()
    if status is None:
        where = exchange.stage()
        return Reply(problem="timeout", detail=f"no answer within {request.timeout:g} s ({where})")
    if reply is None or status != 0:
        return Reply(problem="crashed", detail=f"{_death(status)} ({exchange.stage()})")
    return reply


def _wait(
    process: subprocess.Popen[bytes], timeout: float, exchange: Exchange, on_stage: Callable[[str], object]
) -> int | None:
    """Return the exit status, or None if the time is up."""
    deadline, last = time.monotonic() + timeout, ""
    while time.monotonic() < deadline:
        try:
            return process.wait(_LOOK_EVERY)
        except subprocess.TimeoutExpired:
            stage = exchange.stage()
            if stage != last:
                on_stage(stage)
                last = stage
    return None


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started; nothing outlives a comparison."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _death(status: int) -> str:
    if status < 0:
        try:
            return f"killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"killed by signal {-status}"
    return f"ended with exit status {status} and no answer"
