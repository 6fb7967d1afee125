"""A process of a worker: takes tasks from a queue in a file and does them, one after the other."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from ._queue import attempt
from ._sqlite_storage import Storage

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1  # seconds between two looks into an empty queue


def main(url: str, run: str, initializer: str, owner: str, pipe: str) -> None:
    """Do tasks until told to stop; how the supervisor starts a process."""
    for number in (signal.SIGINT, signal.SIGTERM):  # which reach all processes of a group; one acts on them
        signal.signal(number, signal.SIG_IGN)
    os.set_inheritable(int(pipe), False)
    path = Path(url.removeprefix("sqlite:"))
    stop = threading.Event()
    threading.Thread(target=_listen, args=(int(pipe), stop, path, owner), daemon=True).start()
    if initializer:
        _found(initializer)()
    try:
        _work(Storage(path, create=False), _found(run), owner, stop)
    except ConnectionError as error:  # which the supervisor meets as well
        sys.exit(str(error))


def _work(storage: Storage, run: Any, owner: str, stop: threading.Event) -> None:
    worker = f"{socket.gethostname()}:{os.getpid()}"
    pause = _FIRST_PAUSE
    while not stop.is_set():
        taken = storage.take(owner, worker)
        if taken is None:
            stop.wait(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.3)
        while taken is not None:
            outcome = attempt(run, taken.payload)
            taken = storage.finish(taken.task_id, outcome, owner, worker, more=not stop.is_set())
            pause = _FIRST_PAUSE


def _listen(pipe: int, stop: threading.Event, path: Path, owner: str) -> None:
    """Wait for the supervisor to say that it is time to stop, or to be gone."""
    if os.read(pipe, 1):
        stop.set()
    while os.read(pipe, 1):
        pass
    try:
        Storage(path, create=False).release(owner, "its worker died")
    finally:
        os._exit(1)


def _found(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)
