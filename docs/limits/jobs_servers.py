"""Jobs on Redis and RabbitMQ beside Celery alone: their rate, and how soon a killed worker's begin again.

Celery alone is set up as by perfpy where that can be: late acknowledgement, one message at a time, JSON. It
has its own pool of processes, and Redis keeps its results. Run it with ``python jobs_servers.py``; it starts
the servers itself.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from celery import Celery

from perfpy.queues import Queue, open_queue

SERVERS = Path(__file__).parents[2] / "tests" / "queues" / "servers.py"
TASKS, SINGLE = 500, 50
PATIENCE = 7.0  # seconds to wait for a task that may not be delivered again for an hour

Start = Callable[[], "subprocess.Popen[str]"]
Do = Callable[[list[str]], None]


def run(payload: bytes) -> bytes:
    return act(payload.decode()).encode()


def act(text: str) -> str:
    """Return a text; where it is a path, note there when and by whom it was begun, and first take a while."""
    if text.startswith("/"):
        path = Path(text)
        again = path.exists()
        with path.open("a") as file:
            file.write(f"{time.time()} {os.getpid()} {os.getppid()}\n")
        time.sleep(0 if again else 2 * PATIENCE)
    return text


def bare(broker: str, results: str) -> Celery:
    app = Celery("bare", broker=broker, backend=results, set_as_current=False)
    app.conf.update(
        task_default_queue=f"bare-{Path(broker).name or 'amqp'}",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_redirect_stdouts=False,
    )
    app.task(act, name="act")
    return app


def do_bare(app: Celery, texts: list[str]) -> None:
    for result in [app.send_task("act", (text,)) for text in texts]:
        result.get()


def do_ours(queue: Queue, texts: list[str]) -> None:
    ids = [uuid.uuid4().hex for _ in texts]
    for task_id, text in zip(ids, texts, strict=True):
        queue.put(task_id, text.encode())
    for task_id in ids:
        queue.wait([task_id])
        queue.outcome(task_id)


def started(*arguments: str) -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert worker.stdout is not None
    while worker.stdout.readline() != "ready\n":
        pass
    return worker


def measured(start: Start, do: Do, put: Callable[[str], object], folder: Path) -> list[str]:
    worker = start()
    do(["first"])
    before = time.perf_counter()
    do(["word"] * TASKS)
    rate = TASKS / (time.perf_counter() - before)
    single = []
    for _ in range(SINGLE):
        before = time.perf_counter()
        do(["word"])
        single.append(time.perf_counter() - before)
    process = killed(put, folder, lambda pid, _: os.kill(pid, signal.SIGKILL))
    os.killpg(worker.pid, signal.SIGKILL)
    worker.communicate()
    workers = [start(), start()]
    whole = killed(put, folder, lambda _, parent: os.killpg(parent, signal.SIGKILL))
    for worker in workers:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
        worker.communicate()
    return [f"{rate:,.0f}", f"{statistics.median(single) * 1000:.1f} ms", process, whole]


def killed(put: Callable[[str], object], folder: Path, kill: Callable[[int, int], None]) -> str:
    """Say after what time a task is begun again."""
    file = folder / uuid.uuid4().hex
    put(str(file))
    (first,) = begun(file, 1)
    kill(int(first[1]), int(first[2]))
    at = time.time()
    times = begun(file, 2)
    return f"{float(times[1][0]) - at:.1f} s" if len(times) == 2 else f"not within {PATIENCE:g} s"


def begun(file: Path, number: int) -> list[list[str]]:
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) == number or time.monotonic() > deadline:
            return [line.split() for line in lines]
        time.sleep(0.005)


def served(kind: str, folder: Path) -> str:
    place = folder / kind
    place.mkdir()
    subprocess.run([sys.executable, SERVERS, kind, place, str(os.getpid())], check=True)
    return (place / "url").read_text()


def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        redis, rabbitmq = served("redis", folder), served("rabbitmq", folder)
        columns = []
        for broker, url in ((redis, redis), (rabbitmq, f"{rabbitmq}?results={quote(redis, safe='')}")):
            app: Any = bare(broker, redis)
            columns.append(
                measured(
                    lambda: started("bare", broker, redis),  # noqa: B023  # called in this round
                    lambda texts: do_bare(app, texts),  # noqa: B023
                    lambda text: app.send_task("act", (text,)),  # noqa: B023
                    folder,
                )
            )
            queue = open_queue(url)
            columns.append(
                measured(
                    lambda: started("ours", url),  # noqa: B023
                    lambda texts: do_ours(queue, texts),  # noqa: B023
                    lambda text: queue.put(uuid.uuid4().hex, text.encode()),  # noqa: B023
                    folder,
                )
            )
    rows = [
        f"{TASKS} tasks, per second",
        "one task, there and back",
        "a process of a worker is killed: begun again after",
        "a whole worker is killed: begun again after",
    ]
    header = ["", "Celery on Redis", "perfpy on Redis", "Celery on RabbitMQ", "perfpy on RabbitMQ"]
    print(json.dumps({"header": header, "cells": [list(row) for row in zip(rows, *columns, strict=True)]}))


def work_bare(broker: str, results: str) -> None:
    from celery import signals

    signals.worker_ready.connect(lambda **_: print("ready", flush=True), weak=False)
    options = ["worker", "-c", "1", "-l", "ERROR", "--without-gossip", "--without-mingle", "-n"]
    bare(broker, results).worker_main([*options, f"{uuid.uuid4().hex}@bare"])


def work_ours(url: str) -> None:
    open_queue(url).work(run, ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        work_bare(*sys.argv[2:])
    elif sys.argv[1:2] == ["ours"]:
        work_ours(*sys.argv[2:])
    else:
        main()
