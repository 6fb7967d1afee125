"""From the specification of an executor to the engine it stands for, made when it is first asked for."""

from __future__ import annotations

import atexit
import concurrent.futures
import dataclasses
import difflib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from perfpy import queues

from . import _dask, _ipyparallel, _local, _mpi, _queue, _ray, _worker
from ._engine import Engine, Here, Reach, SupportsSubmit, checked_address, cores, count

_COUNTED = ("threads", "processes", "dask", "ray")  # which take a number of workers
_ADDRESSED = ("dask", "ray")  # which can be elsewhere
_NAMES = (*_COUNTED, "mpi", "ipyparallel", "queue")
_KNOWN = ", ".join(
    f"{name!r}"
    for name in (
        *_NAMES,
        *(f"{name}:N" for name in _COUNTED),
        *(f"{name}://HOST:PORT" for name in _ADDRESSED),
        "ipyparallel:PROFILE",
        "queue:URL",
    )
)

_lock = threading.Lock()
_engines: dict[str, Engine] = {}
_of_parent: list[object] = []  # engines that a fork left behind: neither used nor collected


def engine(spec: str | SupportsSubmit | Engine) -> Engine:
    """Return what an ``executor=`` argument other than None stands for."""
    if isinstance(spec, str):
        return _own(_canonical(spec))
    if isinstance(spec, Engine):
        return spec
    if isinstance(spec, type) or not callable(getattr(spec, "submit", None)):
        raise TypeError(
            f"executor must be None, one of {_KNOWN}, or an object with a submit method, "
            f"not {type(spec).__name__}: {spec!r}"
        )
    workers = getattr(spec, "_max_workers", None)
    number = workers if isinstance(workers, int) and workers > 0 else cores()
    if _shares_memory(spec):
        return Engine(spec, number, Reach.MEMORY)
    return Engine(spec, number, Reach.NOTHING, longest=0.25, shortest=0.05)


@contextmanager
def fresh(spec: str) -> Iterator[Engine]:
    """Make an engine that no other call uses, and end it with the block."""
    canonical = _canonical(spec)
    made = dataclasses.replace(_made(canonical), spec=canonical)
    try:
        yield made
    finally:
        if made.stop is not None:
            made.stop()
        else:
            made.executor.shutdown()  # type: ignore[attr-defined]  # a pool of threads


def renew(broken: Engine) -> Engine | None:
    """Return a fresh engine in place of a broken one of perfpy's own, or None if there is no use in that."""
    if broken.spec is None:
        return None
    if broken.check is not None:
        try:
            broken.check()
        except concurrent.futures.BrokenExecutor:
            pass
        else:
            return None  # it is at work, and has retried as often as it does
    discard(broken)
    return _own(broken.spec)


def discard(engine: Engine) -> None:
    """Forget an engine of perfpy's own, and stop what it runs at once where it can be stopped."""
    if engine.spec is None:
        return
    with _lock:
        found = _engines.get(engine.spec)
        if found is not None and found.executor is engine.executor:
            del _engines[engine.spec]
    if engine.stop is not None:
        engine.stop()


def _canonical(spec: str) -> str:
    """Return a specification with what it leaves out."""
    name, colon, argument = spec.partition(":")
    if name not in _NAMES:
        near = difflib.get_close_matches(name, _NAMES, n=1)
        hint = f"; did you mean {near[0] + colon + argument!r}?" if near else ""
        raise ValueError(
            f"unknown executor {spec!r}: expected None, one of {_KNOWN}, "
            f"or an object with a submit method{hint}"
        )
    try:
        if name in _ADDRESSED and argument.startswith("//"):
            return f"{name}:{checked_address(name, argument)}"
        if name == "ray" and not colon:
            return "ray"  # the workers of this machine, or those that the program is connected to
        if name == "mpi":
            if colon:
                raise ValueError("mpiexec decides how many workers there are")
            return "mpi"
        if name == "ipyparallel":
            if colon and not argument:
                raise ValueError("the name of a profile is missing")
            return f"ipyparallel:{argument or 'default'}"
        if name == "queue":
            if colon and not argument:
                raise ValueError("the URL of a queue is missing")
            return f"queue:{queues.canonical(argument or None)}"
        return f"{name}:{count(argument) if colon else cores()}"
    except ValueError as error:
        raise ValueError(f"executor {spec!r}: {error}") from None


def _own(spec: str) -> Engine:
    """Return perfpy's own engine; inside one of its workers, an executor that runs pieces at once."""
    if _worker.is_worker():
        # All workers of a pool could end up waiting for pieces that no worker is left to run.
        return Engine(Here(), 1, Reach.MEMORY)
    with _lock:
        found = _engines.get(spec)
        if found is None:
            found = _engines[spec] = dataclasses.replace(_made(spec), spec=spec)
        elif found.counted is not None:
            found = _engines[spec] = dataclasses.replace(found, workers=found.counted() or found.workers)
        return found


def _made(spec: str) -> Engine:
    name, _, argument = spec.partition(":")
    if name == "mpi":
        return _mpi.pool()
    if name == "ipyparallel":
        return _ipyparallel.connected(argument)
    if name == "queue":
        return _queue.connected(argument)
    if name == "threads":
        return _local.threads(int(argument))
    if name == "processes":
        return _local.processes(int(argument), forked=bool(_of_parent))
    if name == "ray":
        return _ray.connected(argument) if argument.startswith("//") else _ray.here(int(argument or 0))
    if argument.startswith("//"):
        return _dask.connected(argument)
    return _dask.embedded(int(argument))


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
    _of_parent.extend(_engines.values() or [None])
    _engines.clear()
    _worker.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
# Pools have ended by then. They call back when they are collected: later, when the interpreter takes modules
# apart in some order, what that needs may be gone, and tracebacks would be printed.
atexit.register(_engines.clear)
