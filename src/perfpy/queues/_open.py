"""From a URL to the queue that it names."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._queue import Queue

#: The variable of the environment that names the queue where a call does not.
DEFAULT_VARIABLE = "PERFPY_QUEUE"

#: Scheme of a URL to ``"module:function"``, which makes a queue of the URL.
_SCHEMES = {
    "sqlite": "perfpy.queues._sqlite:open_sqlite",
    "redis": "perfpy.queues._celery:open_celery",
    "rediss": "perfpy.queues._celery:open_celery",
    "amqp": "perfpy.queues._celery:open_celery",
    "amqps": "perfpy.queues._celery:open_celery",
}
_EXPECTED = "expected sqlite:PATH, a path, redis://HOST:PORT/DATABASE or amqp://USER:PASSWORD@HOST:PORT/"


def open_queue(url: str | os.PathLike[str] | None = None) -> Queue:
    """Return the queue that a URL names; None stands for `default_url`.

    Nothing is connected to: that is done when the queue is first used, or by `Queue.check`.
    """
    full = canonical(url)
    module, _, attribute = _SCHEMES[full.partition(":")[0]].partition(":")
    make: Callable[[str], Queue] = getattr(importlib.import_module(module), attribute)
    return make(full)


def canonical(url: str | os.PathLike[str] | None) -> str:
    """Return a URL in the one form that stands for its queue, or complain."""
    if url is None:
        url = default_url()
    if isinstance(url, os.PathLike):
        url = f"sqlite:{os.fspath(url)}"
    if not isinstance(url, str):
        raise TypeError(f"queue must be a URL, a path or None, not {type(url).__name__}: {url!r}")
    scheme, colon, rest = url.partition(":")
    if not colon or "/" in scheme:  # a path, which on this system has no drive
        scheme, rest = "sqlite", url
    if scheme not in _SCHEMES:
        shown = f"{scheme}://..." if "@" in rest else url  # what is before it may hold a password
        raise ValueError(f"unknown queue {shown!r}: {_EXPECTED}")
    if scheme != "sqlite":
        return url
    path = rest.removeprefix("//")
    if not path:
        raise ValueError(f"queue {url!r} has no path: {_EXPECTED}")
    return f"sqlite:{Path(path).expanduser().absolute()}"


def default_url() -> str:
    """Return what the environment says, else a file of this user's own."""
    return os.environ.get(DEFAULT_VARIABLE) or f"sqlite:{_state_folder() / 'perfpy' / 'jobs.sqlite'}"


def _state_folder() -> Path:
    """Return where programs of this user keep what is to last."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
