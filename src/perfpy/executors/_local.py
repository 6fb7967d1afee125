"""Pools of this machine: threads and processes."""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib.util
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from . import _worker
from ._engine import Engine, Reach, SupportsSubmit


def threads(workers: int) -> Engine:
    """Make a pool of threads."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(workers, thread_name_prefix="perfpy", initializer=_worker.start_thread)
    _start_workers(pool, [threading.Barrier(workers).wait] * workers)
    return Engine(pool, workers, Reach.MEMORY, shortest=0.0001)


def processes(workers: int, *, forked: bool) -> Engine:
    """Make a pool of processes; `forked` tells whether this process is the child of one that made pools."""
    pool: Any
    if importlib.util.find_spec("loky") is not None:
        from loky.process_executor import ProcessPoolExecutor as LokyExecutor

        pool = LokyExecutor(
            workers,
            timeout=600,
            initializer=_worker.start_process,
            initargs=(os.getpid(),),
            env=_worker.threads_unset(),
        )
    else:
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        # A forked child would ask after its parent's fork server, which it cannot wait for.
        forks = "forkserver" in multiprocessing.get_all_start_methods() and not forked
        context = multiprocessing.get_context("forkserver" if forks else "spawn")
        pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_worker.start_process, initargs=(None,)
        )
    _start_workers(pool, [os.getpid] * workers)
    return Engine(pool, workers, Reach.HOST, shortest=0.003, stop=partial(_kill, pool))


def _kill(pool: Any) -> None:
    """End worker processes at once."""
    # Neither loky nor the standard library before 3.14 has a way to stop workers that does not wait for them.
    processes = list((getattr(pool, "_processes", None) or {}).values())
    for process in processes:
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
    pool.shutdown(wait=False)
    for process in processes:
        process.join(1.0)


def _start_workers(pool: SupportsSubmit, calls: list[Callable[[], object]]) -> None:
    """Make a new pool start all its workers, by calls that keep them busy until the last one is there.

    Pools start workers when work is submitted. Ctrl-C in the middle of that leaves a worker that the pool
    does not know, for which the interpreter waits at its end; but signals only interrupt the main thread.
    """

    def submit_all() -> None:
        with contextlib.suppress(concurrent.futures.BrokenExecutor):  # the first piece will meet it, too
            for future in [pool.submit(call) for call in calls]:
                future.result()

    starter = threading.Thread(target=submit_all, name="perfpy-start")
    starter.start()
    starter.join()
