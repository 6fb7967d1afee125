"""What workers do in the tests: a task is the name of a function and its arguments, in words."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def run(payload: bytes) -> bytes:
    name, _, argument = payload.partition(b" ")
    return _FUNCTIONS[name](argument)


def sleep(argument: bytes) -> bytes:
    time.sleep(float(argument))
    return b"slept"


def fail(argument: bytes) -> bytes:
    raise KeyError(argument.decode(), 3)


def die(_: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b"alive"


def die_once(argument: bytes) -> bytes:
    try:
        Path(argument.decode()).touch(exist_ok=False)
    except FileExistsError:
        return b"the second time"
    return die(b"")


def append(argument: bytes) -> bytes:
    path, _, word = argument.decode().rpartition(" ")
    with Path(path).open("a") as file:
        file.write(f"{word}\n")
    return b""


def who(_: bytes) -> bytes:
    return str(os.getpid()).encode()


_FUNCTIONS = {
    b"echo": bytes,
    b"sleep": sleep,
    b"fail": fail,
    b"die": die,
    b"die_once": die_once,
    b"append": append,
    b"who": who,
}


def main(url: str, concurrency: str) -> None:
    from perfpy.queues import open_queue

    sys.modules["queue_tasks"] = sys.modules[__name__]
    run.__module__ = "queue_tasks"
    open_queue(url).work(run, concurrency=int(concurrency), ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
