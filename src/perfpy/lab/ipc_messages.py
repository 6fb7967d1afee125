"""Loops of two processes: one sends, the other receives.

A loop takes what is shared and a count.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeAlias

import numpy as np

from perfpy.executors import SharedArrays, call_with_arrays

from .ipc_shared import ANSWER, QUESTION, Shared

#: To send there, to receive there, to send back, to receive back.
Channel: TypeAlias = tuple[
    Callable[[Any], object], Callable[[], Any], Callable[[Any], object], Callable[[], Any]
]
PAGE = 512  # of words of 8 bytes


def pipe(shared: Shared) -> Channel:
    """Send through a pipe."""
    asking, answering = shared.ends
    return asking.send, answering.recv, answering.send, asking.recv


def simple_queue(shared: Shared) -> Channel:
    """Send through queues that are pipes with locks."""
    return _queues(*shared.simple)


def queue(shared: Shared) -> Channel:
    """Send through queues that have threads to write into their pipes."""
    return _queues(*shared.queue)


def _queues(there: Any, back: Any) -> Channel:
    return there.put, there.get, back.put, back.get


def store(shared: Shared) -> Channel:
    """Send through lists of a Redis server."""
    lists = shared.store
    assert lists is not None
    return partial(lists.put, 0), partial(lists.take, 0), partial(lists.put, 1), partial(lists.take, 1)


def send(channel: Callable[[Shared], Channel], shared: Shared, count: int) -> None:
    """Send numbers."""
    put = channel(shared)[0]
    for number in range(count):
        put(number)


def receive(channel: Callable[[Shared], Channel], shared: Shared, count: int) -> None:
    """Receive numbers."""
    get = channel(shared)[1]
    for _ in range(count):
        get()


def ask(channel: Callable[[Shared], Channel], shared: Shared, count: int) -> None:
    """Send numbers, and wait for the answer to each."""
    put, _, _, get = channel(shared)
    for number in range(count):
        put(number)
        get()


def answer(channel: Callable[[Shared], Channel], shared: Shared, count: int) -> None:
    """Send back what comes."""
    _, get, put, _ = channel(shared)
    for _ in range(count):
        put(get())


def ask_by_flag(shared: Shared, count: int) -> None:
    """Turn a flag over, and look until the other process has turned over its own."""
    call_with_arrays(shared.flags, _alternate, QUESTION, ANSWER, count)


def answer_by_flag(shared: Shared, count: int) -> None:
    """Look until the flag of the other process has been turned over, and turn over the own one."""
    call_with_arrays(shared.flags, _follow, QUESTION, ANSWER, count)


def _alternate(flags: Any, mine: int, other: int, count: int) -> None:
    with memoryview(flags) as memory:
        state = memory[mine]  # equal to the other flag when nothing is under way
        for _ in range(count):
            state ^= 1
            memory[mine] = state
            while memory[other] != state:
                pass


def _follow(flags: Any, other: int, mine: int, count: int) -> None:
    with memoryview(flags) as memory:
        state = memory[mine]
        for _ in range(count):
            state ^= 1
            while memory[other] != state:
                pass
            memory[mine] = state


@cache
def _array(words: int) -> Any:
    return np.arange(words)


def pickle_array(shared: Shared, count: int) -> None:
    """Send an array as any object is sent."""
    end, array = shared.ends[0], _array(shared.words)
    for _ in range(count):
        end.send(array)
        end.recv()


def unpickle_array(shared: Shared, count: int) -> None:
    """Receive an array as any object is received."""
    end = shared.ends[1]
    for _ in range(count):
        _read_pages(end.recv(), shared.words)
        end.send(None)


def send_bytes(shared: Shared, count: int) -> None:
    """Send the bytes of an array as they are."""
    end, array = shared.ends[0], _array(shared.words)
    for _ in range(count):
        end.send_bytes(memoryview(array).cast("B"))
        end.recv()


def receive_bytes(shared: Shared, count: int) -> None:
    """Receive the bytes of an array into a new one."""
    end = shared.ends[1]
    for _ in range(count):
        array: Any = np.empty(shared.words, np.int64)
        end.recv_bytes_into(memoryview(array).cast("B"))
        _read_pages(array, shared.words)
        end.send(None)


def copy_array(shared: Shared, count: int) -> None:
    """Copy an array into a new block of shared memory, and send its name."""
    end, array = shared.ends[0], _array(shared.words)
    for _ in range(count):
        block = SharedArrays((("<i8", (shared.words,)),))
        try:
            block[0][:] = array
            end.send(block.handle)
            end.recv()
        finally:
            block.close()


def send_block(shared: Shared, count: int) -> None:
    """Send the name of a block of shared memory in which the array is already."""
    end = shared.ends[0]
    for _ in range(count):
        end.send(shared.block)
        end.recv()


def open_block(shared: Shared, count: int) -> None:
    """Open the block of shared memory whose name comes."""
    end = shared.ends[1]
    for _ in range(count):
        call_with_arrays(end.recv(), _read_pages, shared.words)
        end.send(None)


def _read_pages(array: np.ndarray, words: int) -> None:
    """Read a word of each page, and see that they are what they should be."""
    if int(array[::PAGE].sum()) != sum(range(0, words, PAGE)):
        raise RuntimeError("the array arrived with other numbers")
