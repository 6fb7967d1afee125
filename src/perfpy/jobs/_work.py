"""Doing jobs."""

from __future__ import annotations

from collections.abc import Callable

from perfpy.executors._engine import cores
from perfpy.executors._worker import start_quietly
from perfpy.queues import open_queue

from ._call import run
from ._job import QueueLike


def work(
    *, queue: QueueLike = None, concurrency: int | None = None, ready: Callable[[], None] | None = None
) -> None:
    """Work for a queue until SIGTERM or Ctrl-C; ``perfpy worker`` is this.

    The first signal lets the jobs under way be finished; at the second they are given back.

    Parameters
    ----------
    queue : str or path, optional
        As for `submit`.
    concurrency : int, optional
        How many jobs are done at a time, each in a process of its own; one for each core if left out. The
        libraries in a process are held to one thread each.
    ready : callable, optional
        Called when the work begins.

    Raises
    ------
    ConnectionError
        If the queue cannot be reached.
    ValueError
        If it is no queue, or a number is not positive; or this is not the main thread.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.jobs.work(queue="jobs.sqlite", concurrency=2)  # doctest: +SKIP
    """
    opened = open_queue(queue)
    opened.check()
    number = cores() if concurrency is None else concurrency
    try:
        opened.work(run, concurrency=number, initializer=start_quietly, ready=ready)
    finally:
        opened.close()
