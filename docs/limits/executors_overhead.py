"""What a piece that does nothing costs: through an engine's own executor, perfpy's for it, and `run`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

import engines

from perfpy import executors

ROUNDS = 9
CALLS = {"an executor that calls at once": 5000, "processes:2": 400, "mpi": 400}
CALLS_OF_OTHERS = 60
#: The piece: a function that all workers have, whatever they know of this program.
nothing = abs


class AtOnce:
    """An executor that makes a call in `submit`."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Make a call and return its future."""
        future: Future[Any] = Future()
        future.set_result(fn(*args))
        return future


class RaysOwn:
    """Tasks of Ray, with the futures that it has for them."""

    def __init__(self) -> None:
        import ray

        self._nothing = ray.remote(lambda piece: nothing(piece))

    def submit(self, _: object, piece: int) -> Any:
        """Make a task of the piece."""
        return self._nothing.remote(piece).future()


def bare(engine: str, executor: Any) -> Any:
    """Return what the engine itself has for an executor."""
    if engine == "dask:2":
        return executor._client.get_executor()
    if engine == "ipyparallel":
        return executor._client.executor()
    if engine == "mpi":
        return executor._workers
    return RaysOwn() if engine == "ray:2" else executor


def window(executor: Any, calls: int, width: int) -> None:
    """Keep as many calls under way as `run` does."""
    finished: SimpleQueue[Any] = SimpleQueue()
    for piece in range(calls):
        if piece >= width:
            finished.get().result()
        executor.submit(nothing, piece).add_done_callback(finished.put)
    for _ in range(min(calls, width)):
        finished.get().result()


def one(engine: str) -> None:
    """Print the microseconds of a piece."""
    where = executors.engine(engine if engine in engines.here() else AtOnce())
    own = bare(engine, where.executor)
    calls = CALLS.get(engine, CALLS_OF_OTHERS)

    def run() -> None:
        executors.run(where, nothing, (), range(calls), lambda *_: None)

    ways = (
        lambda: window(own, calls, where.window),
        lambda: window(where.executor, calls, where.window),
        run,
    )
    seconds: list[list[float]] = [[] for _ in ways]
    for number in range(ROUNDS + 1):
        for way, times in zip(ways, seconds, strict=True):
            started = time.perf_counter()
            way()
            if number:  # the first starts what the engine starts late
                times.append((time.perf_counter() - started) / calls)
    print(json.dumps([1e6 * statistics.median(times) for times in seconds]))


def main() -> None:
    """Print the table."""
    cells = []
    for engine in ("an executor that calls at once", *engines.here()):
        micros = engines.ask(__file__, engine)
        added = f"{micros[2] - micros[0]:+.1f}" if micros[0] < 1000 else f"{micros[2] / micros[0] - 1:+.0%}"
        cells.append([engine, *(f"{each:,.1f}" if each < 1000 else f"{each:,.0f}" for each in micros), added])
    header = ["engine, two workers", "its own executor, us", "perfpy's, us", "by run, us", "run adds"]
    print(json.dumps({"header": header, "cells": cells}))


if __name__ == "__main__":
    one(sys.argv[1]) if sys.argv[1:] else main()
