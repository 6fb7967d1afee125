"""ipyparallel: the engines of a cluster that runs, found by the name of its profile."""

from __future__ import annotations

import atexit
import contextlib
import io
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from typing import Any

from . import _bridge, _worker
from ._engine import Engine, Reach

_TO_ANSWER = 5.0  # seconds that a controller has to answer
_START = "ipcluster start -n N"


def connected(profile: str) -> Engine:
    """Connect to the cluster of a profile."""
    try:
        import ipyparallel
    except ImportError as error:
        raise ImportError(
            "executor \"ipyparallel\" needs the package 'ipyparallel'; "
            'install it with: pip install "perfpy[ipyparallel]"'
        ) from error
    start = f"{_START} --profile={profile}"
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it tells what it waits for
            client = ipyparallel.Client(profile=profile, timeout=_TO_ANSWER)
    except (OSError, TimeoutError, ipyparallel.error.TimeoutError) as error:
        raise ConnectionError(
            f"no ipyparallel cluster of profile {profile!r} answers; start one with: {start}"
        ) from error
    atexit.register(client.close)
    try:
        client.wait_for_engines(1, timeout=_TO_ANSWER, interactive=False)
    except TimeoutError as error:
        raise ConnectionError(
            f"the ipyparallel cluster of profile {profile!r} has no engines; start some with: {start}"
        ) from error
    executor = IPyParallelExecutor(client, f"the ipyparallel cluster of profile {profile!r}")
    return Engine(
        executor,
        len(client.ids),
        Reach.NOTHING,
        longest=1.0,
        shortest=0.1,
        check=executor.check,
        counted=lambda: len(client.ids),
    )


class IPyParallelExecutor:
    """Calls on engines, with errors of the type that was raised and no memory of what is done.

    ipyparallel's own executor reports every error as one type, and keeps all results.
    """

    def __init__(self, client: Any, where: str) -> None:
        self._client = client
        self._where = where
        self._lock = threading.Lock()  # a view is not made for several threads
        self._view = client.load_balanced_view()
        self._view.retries = 1  # of calls whose engine died; what a call raises is a result like others

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Schedule a call and return its future."""
        if not self._client.ids:
            raise BrokenExecutor(f"{self._where} has no engines left")
        call = _bridge.packed(fn, args, kwargs)
        future: Future[Any] = Future()
        with self._lock:
            remote = self._view.apply_async(_worker.outcome, call)
        future.add_done_callback(partial(self._cancel, remote))
        remote.add_done_callback(partial(self._settle, future))
        return future

    def check(self) -> None:
        """Raise BrokenExecutor when nobody is left to do the work."""
        asking = threading.Thread(target=self._client.queue_status, daemon=True)
        asking.start()
        asking.join(_TO_ANSWER)
        if asking.is_alive():
            raise BrokenExecutor(f"{self._where} does not answer any more")
        if not self._client.ids:
            raise BrokenExecutor(f"{self._where} has no engines left")

    def _settle(self, future: Future[Any], remote: Any) -> None:
        _bridge.settle(future, partial(self._result, remote), (), self._where)
        with contextlib.suppress(RuntimeError, KeyError):
            self._client.purge_local_results(remote)

    def _result(self, remote: Any) -> Any:
        error = remote.exception()
        if error is None:
            return _bridge.unpacked(remote.result())
        if getattr(error, "ename", "") == "EngineError":
            raise BrokenExecutor(f"{self._where} did not finish a piece: {error.evalue}") from error
        raise error

    def _cancel(self, remote: Any, future: Future[Any]) -> None:
        if future.cancelled():
            remote.cancel()
