"""The table of what `perfpy.lab.ipc` times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from . import ipc_counters as counters
from . import ipc_messages as messages
from .ipc_shared import Shared

Loop: TypeAlias = Callable[[Shared, int], None]


@dataclass(frozen=True, slots=True)
class Way:
    """Something that is done with a means of sharing.

    Attributes
    ----------
    operation, means : str
        As in `IpcRow`.
    loops : tuple of callable
        One for each process that takes part; they run at the same time.
    each : int
        Operations per count, those of all processes together.
    counter : str
        Name in `Shared` of what is counted with.
    needs : str
        Name in `Shared` of what may be absent.
    apart : bool
        Whether the processes are kept on different cores.
    """

    operation: str
    means: str
    loops: tuple[Loop, ...]
    each: int = 1
    counter: str = ""
    needs: str = ""
    apart: bool = False

    @property
    def large(self) -> bool:
        """Whether an operation hands over an array."""
        return self.operation == "array"


def _reads() -> list[Way]:
    loops: dict[str, Loop] = {
        "nothing shared": counters.read_attribute,
        "shared_memory": counters.read_memory,
        "mmap": counters.read_file,
        "RawValue": partial(counters.read_value, "raw"),
        "Value": partial(counters.read_value, "value"),
        "Manager.Value": partial(counters.read_value, "proxy"),
        "Manager.dict": counters.read_dict,
        "Redis": partial(counters.read_value, "store"),
    }
    return [Way("read", means, (loop,), needs=_needs(means)) for means, loop in loops.items()]


def _adds() -> list[Way]:
    ways = [Way("add", "nothing shared", (counters.add_attribute,))]
    table: dict[str, tuple[str, Loop]] = {
        "RawValue": ("raw", partial(counters.add_value, "raw")),
        "Value, its lock not held": ("value", partial(counters.add_value, "value")),
        "Value, its lock held": ("value", counters.add_locked),
        f"Value, its lock held, {counters.BATCH:,} at a time": ("value", counters.add_batches),
        "Manager.Value, Manager.Lock": ("proxy", counters.add_proxy),
        "Redis": ("store", counters.add_store),
    }
    for operation, processes in (("add", 1), ("contend", 2)):
        for means, (counter, loop) in table.items():
            each = processes * (counters.BATCH if loop is counters.add_batches else 1)
            ways.append(
                Way(operation, means, (loop,) * processes, each, counter, _needs(means), processes > 1)
            )
    return ways


def _messages() -> list[Way]:
    channels = {
        "Pipe": messages.pipe,
        "SimpleQueue": messages.simple_queue,
        "Queue": messages.queue,
        "Redis": messages.store,
    }
    flags = messages.ask_by_flag, messages.answer_by_flag
    sends, asks = [], [Way("ask", "shared_memory", flags, apart=True)]
    for means, channel in channels.items():
        one_way = partial(messages.send, channel), partial(messages.receive, channel)
        both_ways = partial(messages.ask, channel), partial(messages.answer, channel)
        sends.append(Way("send", means, one_way, needs=_needs(means)))
        asks.append(Way("ask", means, both_ways, needs=_needs(means)))
    return [*sends, *asks]


def _arrays() -> list[Way]:
    return [
        Way("array", "Pipe, pickled", (messages.pickle_array, messages.unpickle_array)),
        Way("array", "Pipe, its bytes", (messages.send_bytes, messages.receive_bytes)),
        Way("array", "shared_memory, copied into it", (messages.copy_array, messages.open_block)),
        Way("array", "shared_memory, made in it", (messages.send_block, messages.open_block), needs="block"),
    ]


def _needs(means: str) -> str:
    return "store" if means == "Redis" else ""


WAYS = (*_reads(), *_adds(), *_messages(), *_arrays())
