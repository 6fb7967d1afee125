"""What the workers of perfpy's own pools do when they start."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

_here = threading.local()
_in_worker_process = False


def is_worker() -> bool:
    """Tell whether this thread is a worker of one of perfpy's own pools."""
    return _in_worker_process or getattr(_here, "worker", False)


def start_thread() -> None:
    """Initialise a worker thread."""
    _here.worker = True


def start_process(parent: int | None) -> None:
    """Initialise a worker process.

    `parent` is the process that made the pool, or None where a fork server stands between.

    Ctrl-C in a terminal reaches every process of the foreground job. It is the parent that acts on it.
    """
    global _in_worker_process
    _in_worker_process = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One worker per core is enough: the tools inside a worker start no threads of their own.
    for variable in ("NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    threading.Thread(target=_end_with_parent, args=(parent,), name="perfpy-parent-watch", daemon=True).start()


def _end_with_parent(parent: int | None) -> None:
    """End this worker when the process that made the pool is gone, however it went."""
    process = multiprocessing.parent_process()
    if parent is None and process is not None:
        process.join()
    else:
        while os.getppid() == parent:
            time.sleep(0.5)
    os._exit(1)


def forget() -> None:
    """Make a forked child of a worker thread's process an ordinary process."""
    _here.__dict__.clear()
