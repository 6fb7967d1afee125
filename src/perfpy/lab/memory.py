"""Peak memory of one call, over what the process held before it."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # see proc_pid_clear_refs(5)


def can_reset() -> bool:
    """Tell whether the peak of one call can be told from the peak of the process's life (Linux)."""
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def peak_of(call: Callable[[], Any]) -> tuple[int, Any]:
    """Return the bytes by which a call raised the resident memory of this process, and its result.

    Free memory is given back to the system first, so that a call which reuses it does not look free of
    charge. The system counts pages per thread in lumps: the answer is good to about 0.3 MiB. Processes that
    the call starts are not counted. Where the peak cannot be reset, the answer is by how much the call raised
    the lifetime's peak: right for the first large call of a process, a lower bound for any later one.
    """
    gc.collect()
    _give_back()
    exact = can_reset()
    before = _status("VmRSS") if exact else _lifetime_peak()
    result = call()
    after = _status("VmHWM") if exact else _lifetime_peak()
    return max(0, after - before), result


def _status(field: str) -> int:
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise OSError(f"{_STATUS} has no {field}")


def _lifetime_peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _give_back() -> None:
    """Ask the C library to return free memory to the system, where it can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
