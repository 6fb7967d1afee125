"""An executor, and what has to be known to use it well."""

from __future__ import annotations

import concurrent.futures
import enum
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable


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
    spec : str, optional
        The specification of an engine of perfpy's own, by which it can be replaced when it breaks.
    stop : callable, optional
        Ends the engine's workers at once, whatever they are doing.
    check : callable, optional
        Raises `concurrent.futures.BrokenExecutor` when no worker can be reached any more, for engines that do
        not say so through their futures.
    counted : callable, optional
        Returns how many workers there are now, where that changes: some come late, some go.
    conduct : callable, optional
        Does in its own way what `run` does, which it is called like: to watch a run, or to rehearse one.
    keeps : bool
        Whether its workers keep what they have been sent (`Sent`) from one piece to the next.
    interrupt : callable, optional
        Ends the calls of some futures at once, whatever they are doing, and leaves the engine as it is; where
        there is none, Ctrl-C calls `stop`.
    """

    executor: SupportsSubmit
    workers: int
    reach: Reach
    longest: float = 0.05
    shortest: float = 0.0
    spec: str | None = None
    stop: Callable[[], None] | None = None
    check: Callable[[], None] | None = None
    counted: Callable[[], int] | None = None
    conduct: Callable[..., None] | None = None
    keeps: bool = True
    interrupt: Callable[[Iterable[Any]], None] | None = None

    @property
    def window(self) -> int:
        """How many pieces are handed out at a time: one running and one waiting for each worker."""
        return 2 * self.workers


def cores() -> int:
    """Return the number of cores that this process may use."""
    count = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is not None:
        return count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gil_enabled() -> bool:
    """Tell whether threads take turns at running Python code."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def count(argument: str) -> int:
    """Read a number of workers."""
    if not (argument.isascii() and argument.isdecimal() and int(argument) > 0):
        raise ValueError(f"the number of workers must be a positive integer, not {argument!r}")
    return int(argument)


def checked_address(name: str, argument: str) -> str:
    """Return ``//HOST:PORT`` if it is that."""
    host, colon, port = argument.removeprefix("//").rpartition(":")
    if not (host and colon and port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise ValueError(f"expected {name}://HOST:PORT, not {name}:{argument}")
    return argument


class Here:
    """An executor whose calls are done when `submit` returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
