"""A queue of tasks as an executor: pieces are done by whoever works for the queue, and redone if one dies."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from typing import Any

from perfpy.queues import Queue, State, decode, open_queue, unpack_error

from ._engine import Engine, Reach
from ._sendable import VOCABULARY, packed_piece

#: What the ids of pieces begin with.
PREFIX = "piece-"
_TO_ANSWER = 3.0  # seconds that a queue has to have a worker
_LONGEST = 600.0  # seconds after which a piece is given to another worker; pieces are made to last a second
_ORPHANED = 3600.0  # seconds after which nobody fetches the result of a piece any more
_WAIT = 0.1  # seconds for which results are waited for before what else has been submitted is looked for


def connected(url: str) -> Engine:
    """Return the workers of a queue, of which there must be one."""
    queue = open_queue(url)
    queue.check()
    _clean(queue)
    executor = QueueExecutor(queue)
    workers = executor.workers(_TO_ANSWER)
    if not workers:
        queue.close()
        raise ConnectionError(executor.no_worker())
    atexit.register(executor.stop)
    return Engine(
        executor,
        workers,
        Reach.NOTHING,
        longest=2.0,
        shortest=0.5,
        stop=executor.stop,
        check=executor.check,
        counted=executor.workers,
        interrupt=executor.interrupt,
        keeps=False,  # a piece has to be complete: who takes it out of the queue cannot ask for more
    )


def _clean(queue: Queue) -> None:
    """Remove what was left behind by programs that were killed while they waited for it."""
    for entry in queue.listing([State.DONE, State.FAILED, State.DEAD]):
        if entry.id.startswith(PREFIX) and entry.finished and entry.finished < time.time() - _ORPHANED:
            queue.forget(entry.id)


class QueueExecutor:
    """Calls on the workers of a queue, of functions that were declared sendable.

    Parameters
    ----------
    queue : Queue
        What takes the calls to the workers.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._pending: dict[str, Future[Any]] = {}
        self._watching = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Put a call into the queue and return its future."""
        call = packed_piece(fn, args, kwargs)
        task_id = PREFIX + uuid.uuid4().hex
        future: Future[Any] = Future()
        future.add_done_callback(partial(self._forget_cancelled, task_id))
        try:
            self._queue.put(task_id, call, label=fn.__qualname__, time_limit=_LONGEST)
        except ConnectionError as error:
            raise BrokenExecutor(f"the queue {self._queue.url} cannot be used any more: {error}") from error
        with self._lock:
            self._pending[task_id] = future
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="perfpy-queue", daemon=True).start()
        return future

    def workers(self, patience: float = 0.0) -> int:
        """Return how many pieces run at a time, if need be when somebody has come to work."""
        number, asking = self._queue.workers(), threading.Event()
        waited = 0.0
        while not number and waited < patience:
            asking.wait(0.1)
            waited += 0.1
            number = self._queue.workers()
        return number

    def no_worker(self) -> str:
        """Say that there is nobody to do the work, and the remedy."""
        url = self._queue.url
        return f"nobody works for the queue {url}; start a worker with: perfpy worker --queue {url}"

    def check(self) -> None:
        """Raise BrokenExecutor when nobody is left to do the work."""
        try:
            workers = self.workers(_TO_ANSWER)
        except ConnectionError as error:
            raise BrokenExecutor(f"the queue {self._queue.url} cannot be used any more: {error}") from error
        if not workers:
            raise BrokenExecutor(self.no_worker())

    def interrupt(self, futures: Iterable[Future[Any]]) -> None:
        """Take the calls of some futures out of the queue; what runs ends by itself and leaves nothing."""
        for future in list(futures):
            future.cancel()

    def stop(self) -> None:
        """Take all that was submitted out of the queue; in the process that submitted it."""
        if os.getpid() != self._process:
            return
        with self._lock:
            pending, self._pending = self._pending, {}
        with contextlib.suppress(ConnectionError):
            for task_id, future in pending.items():
                self._queue.forget(task_id)
                future.cancel()
        with contextlib.suppress(OSError):
            self._queue.close()  # it is opened again where somebody goes on after all

    def _watch(self) -> None:
        """Settle futures as their tasks end; while there are any."""
        while True:
            with self._lock:
                waiting = list(self._pending)
                self._watching = bool(waiting)
            if not waiting:
                return
            try:
                for task_id in self._queue.wait(waiting, _WAIT):
                    self._settle(task_id)
            except Exception as error:
                self._give_up(error)

    def _settle(self, task_id: str) -> None:
        state, data = self._queue.outcome(task_id)
        with self._lock:
            future = self._pending.pop(task_id, None)
        if future is None:
            return
        try:
            if state is State.DONE:
                result, error = decode(data, VOCABULARY), None
            else:
                result, error = None, _failure(state, data)
        except ValueError as damaged:
            result, error = None, damaged
        self._queue.forget(task_id)  # before anybody is told, who might end the program
        if future.set_running_or_notify_cancel():
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def _give_up(self, error: Exception) -> None:
        """Say to all who wait that the queue is no more."""
        with self._lock:
            pending, self._pending = self._pending, {}
        for future in pending.values():
            broken = BrokenExecutor(f"the queue {self._queue.url} cannot be used any more: {error}")
            broken.__cause__ = error
            if future.set_running_or_notify_cancel():
                future.set_exception(broken)

    def _forget_cancelled(self, task_id: str, future: Future[Any]) -> None:
        if not future.cancelled():
            return
        with self._lock:
            self._pending.pop(task_id, None)
        with contextlib.suppress(ConnectionError):
            self._queue.forget(task_id)


def _failure(state: State, data: bytes) -> BaseException:
    """Return the error that a task without a result stands for."""
    if state is State.FAILED:
        return unpack_error(data)
    if state is State.DEAD:
        return BrokenExecutor(str(unpack_error(data)))
    return BrokenExecutor(f"a piece was taken out of the queue by somebody else: it is {state}")
