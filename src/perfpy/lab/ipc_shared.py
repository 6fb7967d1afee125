"""What the processes of `perfpy.lab.ipc` share: one of everything, made before they are started.

Locks, queues and values of multiprocessing reach another process only when it is started.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.managers import SyncManager
from typing import Any

import numpy as np

from perfpy.executors import SharedArrays
from perfpy.executors._worker import start_process

from .ipc_processes import context, interrupts_held
from .ipc_redis import RedisStore, Unavailable, redis_store

#: Where the two flags of the shared block are: in lines of the cache of their own.
QUESTION, ANSWER = 0, 64


@dataclass(slots=True)
class Shared:
    """One of every means.

    Attributes
    ----------
    raw, value : shared values of multiprocessing
        Without and with a lock.
    proxy, proxies, proxy_lock : of a Manager
        A value, a dict and a lock in a process of its own.
    ends : tuple of Connection
        A pipe.
    simple, queue : tuple of queues
        There and back.
    file : str
        A file whose first byte is a flag.
    flags, block : what `call_with_arrays` opens
        Two flags, and an array of `words` numbers.
    store : RedisStore, optional
        A Redis server.
    absent : dict
        Why `block` or `store` is not there.
    """

    raw: Any
    value: Any
    proxy: Any
    proxies: Any
    proxy_lock: Any
    ends: tuple[Any, Any]
    simple: tuple[Any, Any]
    queue: tuple[Any, Any]
    file: str
    flags: Any
    words: int
    block: Any = None
    store: RedisStore | None = None
    absent: dict[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Close what this process need not keep open."""
        for end in self.ends:
            end.close()
        for queue in (*self.simple, *self.queue):
            queue.close()


@contextmanager
def shared(array_bytes: int, redis: str | None) -> Iterator[Shared]:
    """Make everything that is shared, and remove it again."""
    with ExitStack() as stack:
        manager = SyncManager(ctx=context)
        with interrupts_held():
            # The process of a manager would outlive a parent that is killed.
            manager.start(start_process, (os.getpid(),))
            stack.enter_context(manager)
        file = stack.enter_context(tempfile.NamedTemporaryFile(prefix="perfpy-flag-"))
        file.write(b"\0")
        file.flush()
        flags = _block(stack, (("|u1", (ANSWER + 1,)),))
        flags[0][:] = 0
        everything = Shared(
            raw=context.RawValue("q", 0),
            value=context.Value("q", 0),
            proxy=manager.Value("q", 0),
            proxies=manager.dict(flag=0),
            proxy_lock=manager.Lock(),
            ends=context.Pipe(),
            simple=(context.SimpleQueue(), context.SimpleQueue()),
            queue=(context.Queue(), context.Queue()),
            file=file.name,
            flags=flags.handle,
            words=array_bytes // 8,
        )
        stack.callback(everything.close)
        _add_block(everything, stack)
        _add_store(everything, stack, redis)
        yield everything


def _block(stack: ExitStack, layout: tuple[tuple[str, tuple[int, ...]], ...]) -> SharedArrays:
    block = SharedArrays(layout)
    stack.callback(block.close)
    return block


def _add_block(everything: Shared, stack: ExitStack) -> None:
    try:
        block = _block(stack, (("<i8", (everything.words,)),))
    except MemoryError as error:
        everything.absent["block"] = str(error)
    else:
        block[0][:] = np.arange(everything.words)
        everything.block = block.handle


def _add_store(everything: Shared, stack: ExitStack, url: str | None) -> None:
    try:
        everything.store = stack.enter_context(redis_store(url))
    except Unavailable as error:
        everything.absent["store"] = str(error)
