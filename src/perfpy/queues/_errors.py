"""Errors as bytes: the type if it is Python's or perfpy's, its arguments, the text of its traceback."""

from __future__ import annotations

import builtins
import sys
import traceback
from contextlib import suppress
from typing import Any

from ._wire import decode, encode

_OURS = "perfpy"
_LONGEST = 100_000  # characters of a traceback


class RemoteTraceback(Exception):
    """Where an error was raised in another process, as the text of its traceback."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def pack_error(error: BaseException, *, text: str | None = None) -> bytes:
    """Return an error as bytes; `text` is its traceback where it has none of its own."""
    if text is None:
        text = "".join(traceback.format_exception(error))
    kind = type(error)
    head = {"module": kind.__module__, "name": kind.__qualname__, "traceback": text[-_LONGEST:]}
    summary = "".join(traceback.format_exception_only(error)).strip()
    try:
        return encode({**head, "args": error.args, "summary": summary})
    except (TypeError, ValueError):  # what it was raised with cannot be sent
        return encode({**head, "args": (str(error),), "summary": summary})


def unpack_error(data: bytes) -> BaseException:
    """Return the error again, with the remote traceback as its cause.

    An error of a type that is neither Python's nor perfpy's is a `RuntimeError` that says what it was. Bytes
    that are no error are a `ValueError`.
    """
    said = decode(data)
    if not isinstance(said, dict) or not all(
        isinstance(said.get(key), str) for key in ("module", "name", "traceback", "summary")
    ):
        raise ValueError("these bytes are no error that perfpy packed")
    error = _made(_type(said["module"], said["name"]), said.get("args"), said["summary"])
    error.__cause__ = RemoteTraceback(said["traceback"])
    return error


def summary(data: bytes) -> str:
    """Return an error in one line."""
    said = decode(data)
    text = said.get("summary") if isinstance(said, dict) else None
    return str(text or "").splitlines()[0] if text else ""


def _type(module: str, name: str) -> type[Exception] | None:
    """Return a type of error by its name, if it is Python's or perfpy's; nothing is imported."""
    found: Any = None
    if module == "builtins":
        found = getattr(builtins, name, None)
    elif module.partition(".")[0] == _OURS:
        found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _made(kind: type[Exception] | None, args: Any, said: str) -> Exception:
    if kind is not None and isinstance(args, tuple):
        with suppress(Exception):  # its constructor may want something else
            return kind(*args)
    return RuntimeError(said)
