"""Jobs as who asks for them sees them."""

from __future__ import annotations

import concurrent.futures
import inspect
import time
import uuid
import warnings
from collections.abc import Iterable
from os import PathLike
from typing import Any, TypeAlias

from perfpy import techniques
from perfpy.executors._queue import PREFIX as PIECE
from perfpy.queues import Entry, Queue, State, canonical, open_queue, unpack_error

from ._call import Call, packed_call, unpacked_result

QueueLike: TypeAlias = "str | PathLike[str] | None"

_PATIENCE = 3.0  # seconds without a worker after which who waits is told so
_LONGEST_LABEL = 120

_queues: dict[str, Queue] = {}


class Job:
    """A call that is in a queue, or was; made by `submit` and `get`.

    Attributes
    ----------
    id : str
        What `get` finds it by.
    queue : str
        The URL of the queue.

    Examples
    --------
    >>> import tempfile
    >>> import perfpy
    >>> folder = tempfile.TemporaryDirectory()
    >>> job = perfpy.jobs.submit("count_primes", 10**6, queue=f"{folder.name}/jobs.sqlite")
    >>> job.status()
    <State.WAITING: 'waiting'>
    >>> job.cancel()
    True
    >>> folder.cleanup()
    """

    def __init__(self, id: str, queue: QueueLike = None) -> None:  # noqa: A002  # the attribute's name
        self.id = id
        self._url = canonical(queue)
        self._queue = _queue(self._url)
        self.queue = self._queue.url

    def __repr__(self) -> str:
        return f"<Job {self.id} in {self.queue}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and (self.id, self._url) == (other.id, other._url)

    def __hash__(self) -> int:
        return hash((self.id, self._url))

    def status(self) -> State:
        """Return what has become of it: ``"waiting"``, ``"running"``, ``"done"`` and so on."""
        return self._queue.states([self.id])[self.id]

    def entry(self) -> Entry:
        """Return what the queue knows about it: state, label, times, worker, error."""
        return self._queue.entry(self.id)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the result and return it; it stays in the queue.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Raises
        ------
        TimeoutError
            If it is not there in time.
        Exception
            What the call raised, with the worker's traceback; a `RuntimeError` if the job was given up.
        concurrent.futures.CancelledError
            If it was cancelled.
        LookupError
            If the queue knows no such job.

        Warns
        -----
        RuntimeWarning
            If it waits, and there is nobody who works for the queue.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if not self._queue.wait([self.id], _PATIENCE if timeout is None else min(timeout, _PATIENCE)):
            if timeout is None or timeout >= _PATIENCE:
                self._warn_if_alone()
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._queue.wait([self.id], left):
                raise TimeoutError(f"job {self.id} is {self.status()} after {timeout:g} s")
        state, data = self._queue.outcome(self.id)
        if state is State.DONE:
            return unpacked_result(data)
        if state in (State.FAILED, State.DEAD):
            raise unpack_error(data)
        if state is State.CANCELLED:
            raise concurrent.futures.CancelledError(f"job {self.id} was cancelled")
        raise LookupError(f"there is no job {self.id} in {self.queue}")

    def cancel(self) -> bool:
        """Cancel it, also if it is running, where its worker can be told; return whether it is cancelled."""
        return self._queue.cancel(self.id, running=True)

    def retry(self) -> bool:
        """Put it back if it failed, was given up or cancelled; return whether it was put back."""
        return self._queue.retry(self.id)

    def forget(self) -> None:
        """Remove it and its result from the queue."""
        self._queue.forget(self.id)

    def _warn_if_alone(self) -> None:
        if not self._queue.workers():
            warnings.warn(
                f"nobody works for the queue {self.queue}; start a worker with: "
                f"perfpy worker --queue {self.queue}",
                RuntimeWarning,
                stacklevel=3,
            )


def submit(
    technique: str,
    /,
    *args: Any,
    queue: QueueLike = None,
    retries: int = 2,
    time_limit: float = 3600.0,
    **kwargs: Any,
) -> Job:
    """Put a call of a technique into a queue and return at once.

    Parameters
    ----------
    technique : str
        The name of its public function, as ``"count_primes"``.
    *args, **kwargs
        Its arguments: numbers, strings, lists, arrays and the like, no functions. ``executor=`` is for calls
        that are divided; a job is done by one process.
    queue : str or path, optional
        A file of this machine, as ``"sqlite:jobs.sqlite"``, or a server, as ``"redis://localhost:6379/0"`` or
        ``"amqp://localhost"``. Left out, what the environment variable ``PERFPY_QUEUE`` says, else a file of
        the user's own.
    retries : int, default: 2
        How often it is given to another worker when one died of it or took too long. An error is a result,
        and is not tried again.
    time_limit : float, default: 3600
        Seconds after which a worker that has it is taken to hang.

    Returns
    -------
    Job
        With its id, by which `get` finds it in another process.

    Raises
    ------
    ValueError
        If there is no such technique or queue, or a number is out of range.
    TypeError
        If the technique does not take such arguments, or they cannot be sent.
    ConnectionError
        If the queue cannot be reached.

    Notes
    -----
    A job is done at least once: twice where a worker was thought to be dead and was not. The first result
    counts.

    Examples
    --------
    >>> import tempfile
    >>> import perfpy
    >>> folder = tempfile.TemporaryDirectory()
    >>> queue = f"{folder.name}/jobs.sqlite"
    >>> job = perfpy.jobs.submit("count_primes", 10**6, 2 * 10**6, queue=queue)
    >>> perfpy.jobs.get(job.id, queue=queue).entry().label
    'count_primes(1000000, 2000000)'
    >>> folder.cleanup()
    """
    function = getattr(techniques.folder(technique), technique)
    inspect.signature(function).bind(*args, **kwargs)
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise ValueError(f"retries must be an int of 0 or more, not {retries!r}")
    if not 0 < time_limit < float("inf"):
        raise ValueError(f"time_limit must be a positive number of seconds, not {time_limit!r}")
    call = packed_call(Call(technique, args, kwargs))
    job = Job(uuid.uuid4().hex, queue)
    job._queue.put(
        job.id,
        call,
        label=_label(technique, args, kwargs),
        deliveries=retries + 1,
        time_limit=float(time_limit),
    )
    return job


def get(id: str, *, queue: QueueLike = None) -> Job:  # noqa: A002  # what everybody calls it
    """Return a job by its id, or by as much of the beginning of it as no other job has.

    Parameters
    ----------
    id : str
        The id.
    queue : str or path, optional
        As for `submit`.

    Raises
    ------
    LookupError
        If the queue knows no such job, or several.

    Examples
    --------
    >>> import tempfile
    >>> import perfpy
    >>> folder = tempfile.TemporaryDirectory()
    >>> queue = f"{folder.name}/jobs.sqlite"
    >>> job = perfpy.jobs.submit("nth_prime", 1000, queue=queue)
    >>> perfpy.jobs.get(job.id[:20], queue=queue) == job
    True
    >>> folder.cleanup()
    """
    job = Job(id, queue)
    if job.entry().state is not State.UNKNOWN:
        return job
    found = [entry.id for entry in job._queue.listing() if id and entry.id.startswith(id)]
    if len(found) != 1:
        raise LookupError(f"there {'are several jobs' if found else 'is no job'} {id} in {job.queue}")
    return Job(found[0], queue)


def listing(
    *, queue: QueueLike = None, states: Iterable[State | str] | None = None, limit: int = 1000
) -> list[Entry]:
    """Describe the jobs in a queue, the newest first.

    Parameters
    ----------
    queue : str or path, optional
        As for `submit`.
    states : iterable of State or str, optional
        Only those in one of these states.
    limit : int, default: 1000
        How many at most.

    Returns
    -------
    list of Entry
        What the queue knows about each.

    Examples
    --------
    >>> import tempfile
    >>> import perfpy
    >>> folder = tempfile.TemporaryDirectory()
    >>> queue = f"{folder.name}/jobs.sqlite"
    >>> for n in (10, 100):
    ...     _ = perfpy.jobs.submit("nth_prime", n, queue=queue)
    >>> [entry.label for entry in perfpy.jobs.listing(queue=queue)]
    ['nth_prime(100)', 'nth_prime(10)']
    >>> folder.cleanup()
    """
    wanted = None if states is None else [State(state) for state in states]
    entries = _queue(canonical(queue)).listing(wanted, limit=limit)
    return [entry for entry in entries if not entry.id.startswith(PIECE)]


def dead(*, queue: QueueLike = None) -> list[Entry]:
    """Describe the jobs that were given up: every worker that had one died of it or took too long.

    Examples
    --------
    >>> import tempfile
    >>> import perfpy
    >>> folder = tempfile.TemporaryDirectory()
    >>> perfpy.jobs.dead(queue=f"{folder.name}/jobs.sqlite")
    []
    >>> folder.cleanup()
    """
    return listing(queue=queue, states=[State.DEAD])


def _queue(url: str) -> Queue:
    """Return the queue of a URL, the same one each time, which keeps its connection."""
    if url not in _queues:
        _queues[url] = open_queue(url)
    return _queues[url]


def _label(technique: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    words = [f"{value!r:.40}" for value in args] + [f"{name}={value!r:.40}" for name, value in kwargs.items()]
    label = " ".join(f"{technique}({', '.join(words)})".split())
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 3]}..."
