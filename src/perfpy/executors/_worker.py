"""What the workers of perfpy's own pools do when they start, and what those of clusters do for a call."""

from __future__ import annotations

import importlib.util
import os
import pickle
import signal
import threading
import time
import traceback
from typing import Any

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
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_quietly()
    threading.Thread(target=_end_with_parent, args=(parent,), name="perfpy-parent-watch", daemon=True).start()


def start_quietly() -> None:
    """Initialise a worker process that somebody else ends."""
    global _in_worker_process
    _in_worker_process = True
    limit_threads()


def dask_setup(_worker: object) -> None:
    """Initialise a worker process of perfpy's own Dask cluster; the name is Dask's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_quietly()


def call(packed: bytes) -> Any:
    """Make a call that `_bridge.packed` packed, as a worker."""
    fn, args, kwargs = pickle.loads(packed)
    before = is_worker()
    _here.worker = True
    try:
        return fn(*args, **kwargs)
    finally:
        _here.worker = before


def outcome(packed: bytes) -> bytes:
    """Make a call as `call` does; return what it returned, or its error and the text of the traceback."""
    try:
        return pickle.dumps((None, call(packed)), protocol=5)
    except Exception as error:
        text = "".join(traceback.format_exception(error))
        try:
            return pickle.dumps((error, text))
        except Exception:
            return pickle.dumps((RuntimeError(f"{type(error).__name__}: {error}"), text))


def limit_threads() -> None:
    """Let the tools inside a worker start no threads of their own: one worker per core is enough."""
    unset = threads_unset()
    os.environ.update(unset)
    # A library that is loaded has read the environment; numpy's is, before a worker can be initialised.
    if len(unset) == len(_VARIABLES) and importlib.util.find_spec("threadpoolctl") is not None:
        import threadpoolctl

        threadpoolctl.threadpool_limits(1)


def threads_unset() -> dict[str, str]:
    """Return the variables of the environment that limit threads and that the user has not set."""
    return {variable: "1" for variable in _VARIABLES if variable not in os.environ}


#: What says how many threads a tool starts.
_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def _end_with_parent(parent: int | None) -> None:
    """End this worker when the process that made the pool is gone, however it went."""
    from multiprocessing import parent_process  # not for who only names an executor

    process = parent_process()
    if parent is None and process is not None:
        process.join()
    else:
        while os.getppid() == parent:
            time.sleep(0.5)
    os._exit(1)


def forget() -> None:
    """Make a forked child of a worker thread's process an ordinary process."""
    _here.__dict__.clear()
