"""What a task costs in a queue in a file: huey by itself, and perfpy, which knows who has it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from perfpy import executors
from perfpy.executors._sendable import packed_piece
from perfpy.executors._trials import _nothing
from perfpy.lab import units
from perfpy.queues import open_queue

TASKS, ROUNDS, SINGLE = 500, 3, 40
PAUSE = 0.01  # seconds between two looks at a result

#: huey's own consumer, with a process that looks for tasks as often as perfpy's.
HUEY = """
import sys
from huey import SqliteHuey

queue = SqliteHuey("rate", filename=sys.argv[1])


@queue.task(name="echo")
def echo(value):
    return value


def work():
    queue.create_consumer(workers=1, worker_type="process", initial_delay=0.002, max_delay=0.1).run()
"""

#: Puts tasks into a queue and fetches their results; does so with this many, and returns nothing.
Batch = Callable[[int], None]


@contextmanager
def bare(folder: Path) -> Iterator[Batch]:
    """Run huey."""
    (folder / "tasks.py").write_text(HUEY)
    sys.path.insert(0, str(folder))
    sys.argv[1:] = [str(folder / "huey.sqlite")]
    import tasks

    program = f"import sys; sys.path.insert(0, {str(folder)!r}); import tasks; tasks.work()"
    worker = subprocess.Popen([sys.executable, "-c", program, sys.argv[1]], stderr=subprocess.DEVNULL)

    def batch(count: int) -> None:
        results = [tasks.echo(number + 1) for number in range(count)]
        for result in results:
            result.get(blocking=True, timeout=60, backoff=1, max_delay=PAUSE)

    try:
        yield batch
    finally:
        worker.terminate()
        worker.wait()


@contextmanager
def ours(folder: Path) -> Iterator[Batch]:
    """Run perfpy, with a piece that does nothing."""
    queue = open_queue(folder / "perfpy.sqlite")
    command = [sys.executable, "-m", "perfpy", "worker", "-n", "1", "-q", str(folder / "perfpy.sqlite")]
    worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def batch(count: int) -> None:
        ids = [uuid.uuid4().hex for _ in range(count)]
        for task_id in ids:
            queue.put(task_id, packed_piece(_nothing, (1,), {}))
        for task_id in ids:
            while not queue.states([task_id])[task_id].final:
                time.sleep(PAUSE)
            queue.outcome(task_id)
            queue.forget(task_id)

    try:
        yield batch
    finally:
        worker.terminate()
        worker.wait()
        queue.close()


def run_pieces(path: Path) -> float:
    """Time pieces that do nothing."""
    engine = executors.engine(f"queue:{path}")
    started = time.perf_counter()
    executors.run(engine, _nothing, (), range(TASKS), _nothing)
    return time.perf_counter() - started


def seconds(batch: Batch, count: int) -> float:
    """Time a batch."""
    started = time.perf_counter()
    batch(count)
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name, bare(Path(name)) as theirs, ours(Path(name)) as own:
        for batch in (theirs, own):
            batch(20)
        pairs = [(seconds(theirs, TASKS), seconds(own, TASKS)) for _ in range(ROUNDS)]
        pieces = min(run_pieces(Path(name) / "perfpy.sqlite") for _ in range(ROUNDS)) / TASKS
        lone = [(seconds(theirs, 1), seconds(own, 1)) for _ in range(SINGLE)]
    rates = [TASKS / min(times) for times in zip(*pairs, strict=True)]
    singles = [median(times) for times in zip(*lone, strict=True)]
    cells = [
        [f"{TASKS} tasks, per second", *(f"{rate:,.0f}" for rate in rates), f"{rates[1] / rates[0]:.2f}"],
        ["one task, there and back", *map(units.time, singles), f"{singles[0] / singles[1]:.2f}"],
    ]
    cells.append([f'one of {TASKS} pieces, by executor="queue"', "-", units.time(pieces), "-"])
    print(json.dumps({"header": ["", "huey", "perfpy", "huey = 1"], "cells": cells}))


if __name__ == "__main__":
    main()
