"""What ``import perfpy`` costs over ``import numpy``, each in a fresh interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys

_ROUNDS = 9
_TIMED = "import time, numpy; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def milliseconds(statement):
    """Return the median time of a statement in interpreters that have imported numpy."""
    times = []
    for _ in range(_ROUNDS):
        done = subprocess.run(
            [sys.executable, "-c", _TIMED.format(statement)], capture_output=True, text=True, check=True
        )
        times.append(float(done.stdout))
    return statistics.median(times) * 1e3


class Import:
    """Milliseconds after numpy was imported."""

    unit = "ms"

    def track_import_perfpy(self):
        return milliseconds("import perfpy")

    def track_import_and_first_call(self):
        return milliseconds("import perfpy; perfpy.julia(10, 10)")
