"""Loops on a flag that is looked at and on a counter that is added to.

A loop takes what is shared and a count.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from perfpy.executors import call_with_arrays

from .ipc_shared import Shared

BATCH = 1000


def read_attribute(_shared: Shared, count: int) -> None:
    """Share nothing: what the loop itself takes."""
    flag = SimpleNamespace(value=0)
    for _ in range(count):
        _ = flag.value


def read_value(name: str, shared: Shared, count: int) -> None:
    """Read the value of one of what is shared."""
    flag = getattr(shared, name)
    for _ in range(count):
        _ = flag.value


def read_dict(shared: Shared, count: int) -> None:
    """Read an item of a dict that a Manager keeps."""
    flags = shared.proxies
    for _ in range(count):
        _ = flags["flag"]


def read_memory(shared: Shared, count: int) -> None:
    """Read a byte of shared memory."""
    call_with_arrays(shared.flags, _read_array, count)


def _read_array(flags: Any, count: int) -> None:
    with memoryview(flags) as memory:
        _read_bytes(memory, count)


def read_file(shared: Shared, count: int) -> None:
    """Read a byte of a file that is mapped into memory."""
    with Path(shared.file).open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        _read_bytes(memory, count)


def _read_bytes(memory: memoryview | mmap.mmap, count: int) -> None:
    for _ in range(count):
        _ = memory[0]


def add_attribute(_shared: Shared, count: int) -> None:
    """Share nothing: what the loop itself takes."""
    counter = SimpleNamespace(value=0)
    for _ in range(count):
        counter.value += 1


def add_value(name: str, shared: Shared, count: int) -> None:
    """Read the value, add one, write the value; a lock of its own is taken for each of the two."""
    counter = getattr(shared, name)
    for _ in range(count):
        counter.value += 1


def add_locked(shared: Shared, count: int) -> None:
    """Hold the lock of the value from the reading to the writing."""
    counter = shared.value
    lock = counter.get_lock()
    for _ in range(count):
        with lock:
            counter.value += 1


def add_batches(shared: Shared, count: int) -> None:
    """Count a batch in a local variable, and add it to the value while holding the lock."""
    counter = shared.value
    lock = counter.get_lock()
    for _ in range(count):
        mine = 0
        for _ in range(BATCH):
            mine += 1
        with lock:
            counter.value += mine


def add_proxy(shared: Shared, count: int) -> None:
    """Hold a lock of a Manager from the reading to the writing of its value."""
    counter, lock = shared.proxy, shared.proxy_lock
    for _ in range(count):
        with lock:
            counter.value += 1


def add_store(shared: Shared, count: int) -> None:
    """Let a Redis server add."""
    store = shared.store
    assert store is not None
    for _ in range(count):
        store.add(1)
