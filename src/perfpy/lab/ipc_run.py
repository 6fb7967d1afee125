"""`perfpy.lab.ipc`: what it costs to share and to send between processes, on this machine."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .ipc_report import IpcReport, IpcRow
from .machine import machine
from .run import Progress
from .timing import summarise

if TYPE_CHECKING:
    from .ipc_shared import Shared
    from .ipc_ways import Way
    from .ipc_worker import Pair

_ROUND = 0.02  # seconds of a round, unless a single operation takes longer
_MOST_GROWTH = 10


def ipc(
    *,
    rounds: int = 7,
    array_bytes: int = 2**27,
    redis: str | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> IpcReport:
    """Measure what it costs to share and to send between processes, and count the updates that get lost.

    Two processes are started. They look at a flag and add to a counter, alone and both at once, in shared
    memory, in a mapped file, in values of multiprocessing with and without a lock, in a Manager and on a
    Redis server; they send each other numbers through a pipe, queues and lists of Redis; and one hands the
    other an array.

    Parameters
    ----------
    rounds : int, default: 7
        How many times each is measured, for some 20 milliseconds.
    array_bytes : int, default: 2**27
        Size of the array. There are up to four copies of it at a time.
    redis : str, optional
        URL of a Redis server, as ``"redis://localhost:6379"``. If left out, and the programs are there, a
        server is started on a port of the loopback interface, and ended again.
    progress : callable, optional
        Called with a `Progress` before each measurement.

    Returns
    -------
    IpcReport
        A row for each operation and means; ``print`` shows them as tables.

    Raises
    ------
    ValueError
        If a number is out of range.
    TypeError
        If a number is not an integer.
    RuntimeError
        If processes cannot be started, as where the main script lacks its ``if __name__ == "__main__":``.

    See Also
    --------
    perfpy.techniques.primes.early_exit.sweep : What such a flag costs in a search.

    Notes
    -----
    The times are those of loops in Python, with what the loop itself takes: the rows named "nothing shared"
    say how much that is. Where two processes take part, it is the time from the first start to the last end.

    Examples
    --------
    >>> import perfpy
    >>> report = perfpy.lab.ipc(rounds=1, array_bytes=2**20)
    >>> report["read", "shared_memory"].nanoseconds < report["read", "Manager.Value"].nanoseconds
    True
    >>> report["contend", "Value, its lock held"].lost
    0.0
    """
    if _whole("rounds", rounds) < 1:
        raise ValueError(f"rounds must be at least 1, not {rounds}")
    if not 8 <= _whole("array_bytes", array_bytes) <= 2**40:
        raise ValueError(f"array_bytes must be from 8 to 2**40, not {array_bytes}")
    started, clock = datetime.now().astimezone().isoformat(timespec="seconds"), time.perf_counter()
    header = machine()
    rows = _Session(rounds, array_bytes, redis, progress or (lambda _: None)).rows()
    return IpcReport(rows, header, started, round(time.perf_counter() - clock, 3))


class _Session:
    """The measurements of one call."""

    def __init__(
        self, rounds: int, array_bytes: int, redis: str | None, progress: Callable[[Progress], object]
    ) -> None:
        self._rounds = rounds
        self._array_bytes = array_bytes
        self._redis = redis
        self._progress = progress

    def rows(self) -> tuple[IpcRow, ...]:
        """Measure everything."""
        # Here, because a program that only compares backends needs nothing of multiprocessing.
        from .ipc_ways import WAYS
        from .ipc_worker import LoopError

        rows: list[IpcRow] = []
        while len(rows) < len(WAYS):
            with ExitStack() as stack:
                shared, pair = self._start(stack)
                for way in WAYS[len(rows) :]:
                    self._progress(Progress("ipc", way.means, way.operation, len(rows), len(WAYS)))
                    try:
                        rows.append(self._row(shared, pair, way))
                    except Exception as error:  # of a loop, or of a manager or server that is lost
                        said = str(error) if isinstance(error, LoopError) else repr(error)
                        rows.append(IpcRow(way.operation, way.means, detail=said))
                        break  # nobody knows what the processes left half done: start anew
        return tuple(rows)

    def _start(self, stack: ExitStack) -> tuple[Shared, Pair]:
        from .ipc_shared import shared
        from .ipc_worker import LoopError, Pair

        try:
            everything = stack.enter_context(shared(self._array_bytes, self._redis))
            return everything, stack.enter_context(Pair(everything))
        except (EOFError, LoopError) as error:
            raise RuntimeError(
                "processes could not be started: out of memory, or the main script lacks its "
                "`if __name__ == '__main__':` guard; the reason is on stderr or in the system's log"
            ) from error

    def _row(self, shared: Shared, pair: Pair, way: Way) -> IpcRow:
        if way.needs in shared.absent:
            return IpcRow(way.operation, way.means, detail=shared.absent[way.needs])
        count = _calibrated(pair, way)
        seconds, counted = [], 0
        for _ in range(self._rounds):
            counter: Any = getattr(shared, way.counter) if way.counter else None
            if counter is not None:
                counter.value = 0
            seconds.append(pair.run(way, count) / (count * way.each))
            if counter is not None:
                counted += counter.value
        return IpcRow(
            way.operation,
            way.means,
            timing=summarise(seconds),
            count=count * way.each,
            payload=self._array_bytes // 8 * 8 if way.large else 0,
            made=self._rounds * count * way.each if way.counter else 0,
            counted=counted,
        )


def _calibrated(pair: Pair, way: Way) -> int:
    """Run a way until it is warm; return how often to do it in a round."""
    count, seconds = 1, pair.run(way, 1)
    while seconds < _ROUND / 2 and not way.large:
        count *= int(min(_MOST_GROWTH, max(2, _ROUND / seconds)))
        seconds = pair.run(way, count)
    return count


def _whole(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}: {value!r:.60}") from None
