"""Julia backends that misbehave, each in its own way; fresh processes import them by name."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from perfpy.techniques.julia._python import julia as right

MIB = 2**20


def correct(x, y, c, max_iterations, out):
    right(x, y, c, max_iterations, out)


def segfault(x, y, c, max_iterations, out):
    ctypes.string_at(0)


def leave(x, y, c, max_iterations, out):
    sys.exit(3)


def hang(x, y, c, max_iterations, out):
    time.sleep(1000)


def raises(x, y, c, max_iterations, out):
    raise RuntimeError("<b>no</b> luck | at *all*")


def wrong(x, y, c, max_iterations, out):
    right(x, y, c, max_iterations, out)
    out[3, 4] += 7


_calls = 0


def wrong_later(x, y, c, max_iterations, out):
    global _calls
    _calls += 1
    right(x, y, c, max_iterations, out)
    out[0, 0] += _calls > 2


def mutates(x, y, c, max_iterations, out):
    right(x, y, c, max_iterations, out)
    x[0] += 1


def chatty(x, y, c, max_iterations, out):
    print('{"problem": "raised"}', flush=True)
    os.write(1, b"\x00\xff not JSON, not even text\n")
    right(x, y, c, max_iterations, out)


def large(x, y, c, max_iterations, out):
    scratch = np.ones(64 * MIB, np.uint8)
    right(x, y, c, max_iterations, out)
    del scratch


def slow_first(x, y, c, max_iterations, out):
    if not hasattr(slow_first, "warm"):
        time.sleep(0.3)
        slow_first.warm = True
    right(x, y, c, max_iterations, out)


def slow(x, y, c, max_iterations, out):
    time.sleep(1.2)
    right(x, y, c, max_iterations, out)


def children(x, y, c, max_iterations, out):
    """Start a process, as an executor would, leave its number, and never come back."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    Path(os.environ["FAKE_CHILD"]).write_text(str(child.pid))
    time.sleep(1000)


not_importable = {"lambda": lambda x, y, c, max_iterations, out: right(x, y, c, max_iterations, out)}
