"""Dask: a cluster of this machine, made when it is first asked for, or one that runs somewhere."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import logging
import os
import signal
import tempfile
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future
from functools import partial
from typing import Any

from . import _bridge, _worker
from ._engine import Engine, Reach
from ._once import Once

_TO_ANSWER = 5.0  # seconds that a scheduler has to answer, and a cluster to have a worker
_TO_RESTART = 20.0  # seconds that a worker which died has to come back
_LARGE = 1 << 23  # bytes of a call beyond which Dask wants it sent apart from the graph
#: What a worker logs before it is told to be silent: when it is ended while it starts, a traceback.
_QUIET = "distributed.nanny.pre-spawn-environ.DASK_DISTRIBUTED__LOGGING__DISTRIBUTED"
_REMEDY = 'executor "dask" needs the package \'distributed\'; install it with: pip install "perfpy[dask]"'


def embedded(workers: int) -> Engine:
    """Start a cluster of worker processes on this machine, which ends with this process."""
    distributed = _imported()
    import dask

    folder = tempfile.TemporaryDirectory(prefix="perfpy-dask-", ignore_cleanup_errors=True)
    try:
        with dask.config.set({_QUIET: "critical"}):
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # its server is there in any case; without a dashboard
                scheduler_kwargs={"dashboard": False, "allowed_failures": 1},
                silence_logs=logging.CRITICAL,
                local_directory=folder.name,
                preload=[_worker.__name__],
            )
    except RuntimeError as error:
        raise RuntimeError(
            "the Dask cluster of this machine did not start: its workers import the main script, which may "
            "lack its `if __name__ == '__main__':` guard; the reason is on stderr"
        ) from error
    client = distributed.Client(cluster, set_as_default=False)
    stop = Once(partial(_end, client, cluster, folder))
    atexit.register(_at_exit, stop)
    return _engine(distributed, client, workers, "the Dask cluster of this machine", stop)


def connected(address: str) -> Engine:
    """Connect to the scheduler of a running cluster."""
    distributed = _imported()
    where = f"the Dask scheduler at {address.removeprefix('//')}"
    try:
        client = distributed.Client(f"tcp:{address}", timeout=_TO_ANSWER, set_as_default=False, name="perfpy")
    except (OSError, TimeoutError) as error:
        raise ConnectionError(
            f"{where} does not answer within {_TO_ANSWER:.0f} s; start one with: dask scheduler, "
            f"and workers with: dask worker tcp:{address}"
        ) from error
    try:
        client.wait_for_workers(1, timeout=_TO_ANSWER)
    except TimeoutError as error:
        client.close()
        raise ConnectionError(f"{where} has no workers; start one with: dask worker tcp:{address}") from error
    workers = sum(client.nthreads().values())
    stop = Once(client.close)
    atexit.register(_at_exit, stop)
    made = _engine(distributed, client, workers, where, stop)
    return dataclasses.replace(made, counted=partial(_threads, client))


def _threads(client: Any) -> int:
    """Return how many calls a cluster makes at a time now; 0 where that cannot be known."""
    if client.status == "running":
        with contextlib.suppress(OSError):
            return int(sum(client.nthreads().values()))
    return 0


def _imported() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ImportError(_REMEDY) from error
    return distributed


def _engine(distributed: Any, client: Any, workers: int, where: str, stop: Callable[[], None]) -> Engine:
    executor = DaskExecutor(client, where, (CancelledError, distributed.scheduler.KilledWorker))
    return Engine(
        executor,
        workers,
        Reach.NOTHING,
        longest=1.0,
        shortest=0.1,
        stop=stop,
        check=executor.check,
    )


class DaskExecutor:
    """Calls on a cluster, with futures as PEP 3148 has them.

    Dask's own executor looks into the arguments of a call for futures and for names of tasks, and does not
    say what became of a call whose scheduler is gone.
    """

    def __init__(self, client: Any, where: str, broken: tuple[type[BaseException], ...]) -> None:
        self._client = client
        self._where = where
        self._broken = broken
        self._running: set[Any] = set()  # Dask gives up what nobody refers to

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Schedule a call and return its future."""
        self._connected()
        call: Any = _bridge.packed(fn, args, kwargs)
        if len(call) > _LARGE:
            call = self._client.scatter(call, hash=False)
        remote = self._client.submit(_worker.call, call, pure=False)
        self._running.add(remote)
        future: Future[Any] = Future()
        future.add_done_callback(partial(self._cancel, remote))
        remote.add_done_callback(partial(self._settle, future))
        return future

    def check(self) -> None:
        """Raise BrokenExecutor when nobody is left to do the work."""
        self._connected()
        try:
            self._client.wait_for_workers(1, timeout=_TO_RESTART)
        except TimeoutError as error:
            raise BrokenExecutor(f"{self._where} has no workers left") from error

    def _connected(self) -> None:
        if self._client.status != "running":
            raise BrokenExecutor(f"the connection to {self._where} is lost")

    def _settle(self, future: Future[Any], remote: Any) -> None:
        _bridge.settle(future, partial(self._result, remote), self._broken, self._where)
        self._running.discard(remote)

    def _result(self, remote: Any) -> Any:
        """Fetch a result, but not from a client that is being closed: that would never return.

        Dask makes this call in its one thread for callbacks, which all clients share.
        """
        patience = _TO_ANSWER
        while remote.status in ("finished", "error") and self._client.status == "running":
            try:
                return remote.result(timeout=patience)
            except TimeoutError:
                if remote.status == "error":
                    raise  # by the call itself
                patience *= 2
        raise CancelledError

    def _cancel(self, remote: Any, future: Future[Any]) -> None:
        if future.cancelled() and self._client.status == "running":
            remote.cancel()


def _at_exit(stop: Callable[[], None]) -> None:
    """End quietly: the threads that would report what is cancelled now have ended before."""
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    stop()


def _end(client: Any, cluster: Any, folder: tempfile.TemporaryDirectory[str]) -> None:
    """End a cluster at once: closed in good order, it waits for what its workers are doing."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
    for nanny in cluster.workers.values():
        with contextlib.suppress(ProcessLookupError, TypeError):  # it has none while it starts one
            os.kill(nanny.pid, signal.SIGKILL)
    # While it starts a worker, a nanny has no process to wait for, which multiprocessing asserts; what is
    # left of it ends with this process.
    with contextlib.suppress(OSError, RuntimeError, AssertionError):
        client.close(timeout=2)
    with contextlib.suppress(OSError, RuntimeError, AssertionError):
        cluster.close(timeout=5)
    folder.cleanup()
