"""From the specification of an executor to the pool it stands for."""

from __future__ import annotations

import concurrent.futures
import contextlib
import difflib
import enum
import importlib.util
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from . import _worker


@runtime_checkable
class SupportsSubmit(Protocol):
    """An executor as PEP 3148 defines it, as far as perfpy uses it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Schedule a call and return its future."""


#: What an ``executor=`` argument can be; see `resolve`.
ExecutorLike: TypeAlias = str | SupportsSubmit | None


class Reach(enum.Enum):
    """What the workers of an executor share with the caller."""

    MEMORY = "memory"  # the caller's arrays
    HOST = "host"  # blocks of shared memory
    NOTHING = "nothing"  # only what is sent


@dataclass(frozen=True, slots=True)
class Engine:
    """An executor and what has to be known to use it well.

    Attributes
    ----------
    executor : executor
        Runs the pieces.
    workers : int
        How many pieces it runs at a time.
    reach : Reach
        How arrays get to its workers.
    longest : float
        Seconds that a piece should last at most: long enough to hide what sending it costs, short enough that
        the work ends evenly and stops soon when it is interrupted.
    shortest : float
        Seconds that a piece should last at least: several times what sending it costs.
    spec : tuple, optional
        The specification of a pool of perfpy's own, by which it can be replaced when it breaks.
    """

    executor: SupportsSubmit
    workers: int
    reach: Reach
    longest: float = 0.05
    shortest: float = 0.0
    spec: tuple[str, int] | None = None

    @property
    def window(self) -> int:
        """How many pieces are handed out at a time: one running and one waiting for each worker."""
        return 2 * self.workers


def engine(spec: str | SupportsSubmit) -> Engine:
    """Return what an ``executor=`` argument other than None stands for."""
    if isinstance(spec, str):
        return _own(*_parse(spec))
    if isinstance(spec, type) or not callable(getattr(spec, "submit", None)):
        raise TypeError(
            f"executor must be None, one of {_KNOWN}, or an object with a submit method, "
            f"not {type(spec).__name__}: {spec!r}"
        )
    workers = getattr(spec, "_max_workers", None)
    count = workers if isinstance(workers, int) and workers > 0 else cores()
    if _shares_memory(spec):
        return Engine(spec, count, Reach.MEMORY)
    return Engine(spec, count, Reach.NOTHING, longest=0.25, shortest=0.05)


def renew(broken: Engine) -> Engine | None:
    """Return a fresh pool in place of a broken one of perfpy's own, or None for any other executor."""
    if broken.spec is None:
        return None
    with _lock:
        if _pools.get(broken.spec) is broken:
            del _pools[broken.spec]
    return _own(*broken.spec)


def discard(engine: Engine) -> None:
    """Stop a pool of worker processes of perfpy's own at once, whatever its workers are doing."""
    if engine.spec is None or engine.reach is not Reach.HOST:
        return
    with _lock:
        if _pools.get(engine.spec) is engine:
            del _pools[engine.spec]
    # Neither loky nor the standard library before 3.14 has a way to stop workers that does not wait for them.
    executor: Any = engine.executor
    processes = list((getattr(executor, "_processes", None) or {}).values())
    for process in processes:
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
    executor.shutdown(wait=False)
    for process in processes:
        process.join(1.0)


def cores() -> int:
    """Return the number of cores that this process may use."""
    count = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is not None:
        return count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_NAMES = ("threads", "processes")
_KNOWN = ", ".join(f"{name!r}" for name in (*_NAMES, *(f"{name}:N" for name in _NAMES)))

_lock = threading.Lock()
_pools: dict[tuple[str, int], Engine] = {}
_of_parent: list[object] = []  # pools that a fork left behind: neither used nor collected


def _parse(spec: str) -> tuple[str, int]:
    name, colon, number = spec.partition(":")
    if name not in _NAMES:
        near = difflib.get_close_matches(name, _NAMES, n=1)
        hint = f"; did you mean {near[0] + colon + number!r}?" if near else ""
        raise ValueError(
            f"unknown executor {spec!r}: expected None, one of {_KNOWN}, "
            f"or an object with a submit method{hint}"
        )
    if not colon:
        return name, cores()
    if not (number.isascii() and number.isdecimal() and int(number) > 0):
        raise ValueError(
            f"executor {spec!r}: the number of workers must be a positive integer, not {number!r}"
        )
    return name, int(number)


def _own(name: str, workers: int) -> Engine:
    """Return perfpy's own pool; inside one of its workers, an executor that runs pieces at once."""
    if _worker.is_worker():
        # All workers of a pool could end up waiting for pieces that no worker is left to run.
        return Engine(_Here(), 1, Reach.MEMORY)
    with _lock:
        found = _pools.get((name, workers))
        if found is None:
            found = _pools[name, workers] = _CREATE[name](workers)
        return found


def _threads(workers: int) -> Engine:
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(workers, thread_name_prefix="perfpy", initializer=_worker.start_thread)
    _start_workers(pool, [threading.Barrier(workers).wait] * workers)
    return Engine(pool, workers, Reach.MEMORY, shortest=0.0001, spec=("threads", workers))


def _processes(workers: int) -> Engine:
    pool: Any
    if importlib.util.find_spec("loky") is not None:
        from loky.process_executor import ProcessPoolExecutor as LokyExecutor

        pool = LokyExecutor(workers, timeout=600, initializer=_worker.start_process, initargs=(os.getpid(),))
    else:
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        # A forked child would ask after its parent's fork server, which it cannot wait for.
        forks = "forkserver" in multiprocessing.get_all_start_methods() and not _of_parent
        context = multiprocessing.get_context("forkserver" if forks else "spawn")
        pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_worker.start_process, initargs=(None,)
        )
    _start_workers(pool, [os.getpid] * workers)
    return Engine(pool, workers, Reach.HOST, shortest=0.003, spec=("processes", workers))


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


_CREATE = {"threads": _threads, "processes": _processes}


class _Here:
    """An executor whose calls are done when `submit` returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _shares_memory(executor: object) -> bool:
    """Tell whether an executor's workers are threads of this interpreter."""
    # Each thread of Python 3.14's pool of interpreters has an interpreter of its own.
    interpreters = getattr(concurrent.futures, "InterpreterPoolExecutor", ())
    threads = concurrent.futures.ThreadPoolExecutor
    return isinstance(executor, threads) and not isinstance(executor, interpreters)


def _forget() -> None:
    """Make a forked child start anew: threads and processes did not come along."""
    global _lock
    _lock = threading.Lock()
    _of_parent.extend(_pools.values() or [None])
    _pools.clear()
    _worker.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
