"""Ray: workers of this machine, started when they are first asked for, or a cluster that runs somewhere."""

from __future__ import annotations

import atexit
import contextlib
import logging
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from typing import Any

from . import _bridge, _worker
from ._engine import Engine, Reach, cores
from ._once import Once

_TO_ANSWER = 5.0  # seconds that a cluster has to answer
_REMEDY = 'executor "ray" needs the package \'ray\'; install it with: pip install "perfpy[ray]"'
_STORE = 1 << 30  # bytes of shared memory for results on their way; beyond, Ray writes them to files
#: The longest path of a folder in which there is room for the names of Ray's sockets.
_LONGEST_PATH = 40


def here(workers: int) -> Engine:
    """Start as many workers on this machine, which end with this process.

    With 0, use what this program is connected to; if that is nothing, start a worker per core.
    """
    ray = _imported()
    if ray.is_initialized():
        if workers:
            raise RuntimeError(
                f"executor 'ray:{workers}': this program is connected to Ray already, and can be so once; "
                "'ray' runs on the workers that it has"
            )
        return _engine(ray, "Ray", stop=None)
    folder = _folder()
    with _silence():
        ray.init(
            address="local",
            num_cpus=workers or cores(),
            object_store_memory=_STORE,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            runtime_env={"env_vars": _worker.threads_unset()},
            _temp_dir=folder.name,
        )

    def end() -> None:
        with _silence():
            ray.shutdown()
        folder.cleanup()

    return _engine(ray, "the Ray of this machine", stop=end)


def connected(address: str) -> Engine:
    """Connect to a cluster that runs, through the port for its clients."""
    ray = _imported()
    where = f"the Ray cluster at {address.removeprefix('//')}"
    if ray.is_initialized():
        raise RuntimeError(
            f"executor 'ray:{address}': this program is connected to Ray already, and can be so once; "
            "'ray' runs on the workers that it has"
        )
    host, _, port = address.removeprefix("//").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_TO_ANSWER).close()
    except OSError as error:
        raise ConnectionError(
            f"{where} does not answer within {_TO_ANSWER:.0f} s; start one with: "
            f"ray start --head --ray-client-server-port={port}"
        ) from error
    try:
        with _silence():
            ray.init(f"ray:{address}")
    except ConnectionError as error:
        raise ConnectionError(
            f"{where} does not accept this program ({_first_line(error)}); if it asks for a token, as it "
            "does by default, set RAY_AUTH_MODE=token and have the head's ~/.ray/auth_token here"
        ) from error
    return _engine(ray, where, stop=ray.shutdown)


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ImportError(_REMEDY) from error
    return ray


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder for the files of a Ray of our own."""
    short = len(tempfile.gettempdir()) <= _LONGEST_PATH
    where = None if short else "/tmp"
    return tempfile.TemporaryDirectory(prefix="perfpy-ray-", dir=where, ignore_cleanup_errors=True)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep Ray from telling how it is set up."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _engine(ray: Any, where: str, stop: Callable[[], None] | None) -> Engine:
    once = None
    if stop is not None:
        once = Once(stop)
        atexit.register(once)
    executor = RayExecutor(ray, where)
    return Engine(
        executor,
        executor.workers() or 1,
        Reach.NOTHING,
        longest=1.0,
        shortest=0.05,
        stop=once,
        check=executor.check,
        interrupt=executor.interrupt,
        counted=executor.workers,
    )


class _Call(Future[Any]):
    """The future of a call, and what Ray knows it by."""

    def __init__(self, remote: Any) -> None:
        super().__init__()
        self.remote = remote


class RayExecutor:
    """Calls as tasks of Ray, with futures as PEP 3148 has them.

    Ray gives a future for a task's result, but to cancel it does not cancel the task.
    """

    def __init__(self, ray: Any, where: str) -> None:
        self._ray = ray
        self._where = where
        # What a call raises is a result like others; it is called again where its worker died.
        self._remote = ray.remote(num_cpus=1, max_retries=1)(_worker.outcome)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Schedule a call and return its future."""
        call = _bridge.packed(fn, args, kwargs)
        if not self._ray.is_initialized():
            raise BrokenExecutor(f"{self._where} has been shut down")
        future = _Call(self._remote.remote(call))
        future.add_done_callback(self._cancel)
        future.remote.future().add_done_callback(partial(self._settle, future))
        return future

    def workers(self) -> int:
        """Return how many calls are made at a time now; 0 where that cannot be known."""
        with contextlib.suppress(Exception):  # of one that has gone
            return int(self._ray.cluster_resources().get("CPU", 0))
        return 0

    def interrupt(self, futures: Iterable[Any]) -> None:
        """End calls at once, with the processes that are making them; Ray starts others."""
        for future in futures:
            if not future.done():
                self._ray.cancel(future.remote, force=True)

    def check(self) -> None:
        """Raise BrokenExecutor when nobody is left to do the work."""
        alive: list[bool] = []
        asking = threading.Thread(target=self._ask, args=(alive,), daemon=True)
        asking.start()
        asking.join(_TO_ANSWER)
        if not alive:
            raise BrokenExecutor(f"{self._where} does not answer any more")
        if not alive[0]:
            raise BrokenExecutor(f"{self._where} has no machines left")

    def _ask(self, alive: list[bool]) -> None:
        with contextlib.suppress(Exception):  # is an answer that does not come
            alive.append(any(node["Alive"] for node in self._ray.nodes()))

    def _settle(self, future: Future[Any], remote: Future[bytes]) -> None:
        _bridge.settle(future, partial(self._result, remote), (), self._where)

    def _result(self, remote: Future[bytes]) -> Any:
        errors = self._ray.exceptions
        try:
            outcome = remote.result()
        except (errors.RayTaskError, errors.TaskCancelledError):
            raise
        except errors.RayError as error:
            raise BrokenExecutor(f"{self._where} did not finish a piece: {_first_line(error)}") from error
        return _bridge.unpacked(outcome)

    def _cancel(self, future: Any) -> None:
        if future.cancelled() and self._ray.is_initialized():
            self._ray.cancel(future.remote)
