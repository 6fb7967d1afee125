"""Queues of tasks that outlive the process that asked for them.

This room knows no technique. A task is bytes; what a worker does with them is a function that `Queue.work` is
given, and what comes of it is bytes again, kept until somebody forgets it.
"""

from __future__ import annotations

from ._errors import RemoteTraceback, pack_error, unpack_error
from ._open import DEFAULT_VARIABLE, canonical, default_url, open_queue
from ._queue import Entry, Outcome, Queue, State, attempt
from ._wire import Kind, Vocabulary, decode, encode

__all__ = [
    "DEFAULT_VARIABLE",
    "Entry",
    "Kind",
    "Outcome",
    "Queue",
    "RemoteTraceback",
    "State",
    "Vocabulary",
    "attempt",
    "canonical",
    "decode",
    "default_url",
    "encode",
    "open_queue",
    "pack_error",
    "unpack_error",
]
