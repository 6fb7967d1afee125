"""Arrays in a block of shared memory, for worker processes of this machine."""

from __future__ import annotations

import math
import mmap
import os
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

_ALIGNMENT = 64
_HERE = Path("/dev/shm")  # where Linux shows blocks as files

Buffer: TypeAlias = memoryview | mmap.mmap
#: The dtype and shape of each array, in their order in the block.
Layout: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
#: What a worker needs to open a block: its name and what is in it.
Handle: TypeAlias = tuple[str, Layout]


class _Memory(SharedMemory):
    """A block that can be collected while a traceback still refers to an array in it."""

    def __del__(self) -> None:
        with suppress(BufferError):
            super().__del__()


class SharedArrays:
    """Arrays in one block of shared memory, which exists until `close`.

    The block is registered with the resource tracker of multiprocessing, so that it is removed even if this
    process is killed. Workers are sent `handle` and open the block with `call_with_arrays`.

    Parameters
    ----------
    layout : tuple of (dtype, shape)
        What is in the block.
    """

    def __init__(self, layout: Layout) -> None:
        size = max(1, _size(layout))
        _check_room(size)
        self._memory = _Memory(create=True, size=size)
        self._arrays = _arrays(self._memory.buf, layout)
        self.handle: Handle = (self._memory.name, layout)

    def __getitem__(self, index: int) -> np.ndarray:
        """Return an array; it must not be used after `close`."""
        return self._arrays[index]

    def keep(self, index: int) -> np.ndarray | None:
        """Return an array that stays after `close`, or None where the system cannot do that (not Linux).

        Copying a large result costs as much as computing it: most of that is the page faults of fresh memory.
        The mapping is private, so that a forked child does not write into its parent's result.
        """
        path = _HERE / self._memory.name
        if not path.exists():
            return None
        with path.open("r+b") as file:
            mapping = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE)
        return _arrays(mapping, self.handle[1])[index]

    def close(self) -> None:
        """Remove the block from the system, and from this process as soon as nothing refers to it."""
        self._memory.unlink()
        self._arrays.clear()
        with suppress(BufferError):
            self._memory.close()


def call_with_arrays(handle: Handle, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function with the arrays of a block and further arguments; it must not keep the arrays."""
    name, layout = handle
    memory = _attach(name)
    try:
        return function(*_arrays(memory.buf, layout), *arguments)
    except BaseException as error:
        # Its frames refer to the arrays, and a block cannot be closed while anything does.
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        with suppress(BufferError):
            memory.close()


def _check_room(size: int) -> None:
    """Refuse a block that does not fit: the system would kill whoever writes to its last pages."""
    if not _HERE.exists():
        return
    system = os.statvfs(_HERE)
    free = system.f_bavail * system.f_frsize
    if size > free:
        raise MemoryError(
            f"{size} bytes of shared memory are needed and {free} are free in {_HERE}; "
            "make it larger, or use executor='threads'"
        )


_attaching = threading.Lock()


def _attach(name: str) -> SharedMemory:
    """Open a block that another process created and will remove."""
    if sys.version_info >= (3, 13):
        return _Memory(name, track=False)
    # Before 3.13 whoever opens a block also registers it for removal: with a tracker of the worker's own that
    # removes it too early, or with the parent's after the parent has removed it, which it reports as a leak.
    with _attaching:
        register = resource_tracker.register
        resource_tracker.register = lambda *_: None
        try:
            return _Memory(name)
        finally:
            resource_tracker.register = register


def _size(layout: Layout) -> int:
    return sum(_padded(dtype, shape) for dtype, shape in layout)


def _padded(dtype: str, shape: tuple[int, ...]) -> int:
    size = np.dtype(dtype).itemsize * math.prod(shape)
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _arrays(buffer: Buffer | None, layout: Layout) -> list[np.ndarray]:
    assert buffer is not None  # as it is in a block that has been closed
    arrays, offset = [], 0
    for dtype, shape in layout:
        flat = np.frombuffer(buffer, dtype, math.prod(shape), offset)
        arrays.append(flat.reshape(shape))
        offset += _padded(dtype, shape)
    return arrays
