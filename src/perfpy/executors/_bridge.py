"""Futures as PEP 3148 has them from those of an engine, and calls as bytes, which every engine can send."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import Any

from perfpy.queues import RemoteTraceback


def packed(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Return a call as bytes, so that no engine looks into its arguments; complain here if that cannot be."""
    return dumps((fn, args, kwargs))


def dumps(value: object) -> bytes:
    """Return anything as bytes, for `pickle.loads`."""
    try:
        import cloudpickle as tool  # packs functions of the main script, too
    except ImportError:
        tool = pickle
    result: bytes = tool.dumps(value, protocol=5)
    return result


def unpacked(outcome: bytes) -> Any:
    """Return or raise what a call did that `_worker.outcome` made."""
    error, value = pickle.loads(outcome)
    if error is None:
        return value
    error.__cause__ = RemoteTraceback(value)
    raise error


def settle(
    future: Future[Any], outcome: Callable[[], Any], broken: tuple[type[BaseException], ...], where: str
) -> None:
    """Give a future what `outcome` returns or raises; errors in `broken` are the engine's fault."""
    try:
        result = outcome()
    except broken as error:
        failure: BaseException = BrokenExecutor(f"{where} did not finish a piece: {error}")
        failure.__cause__ = error
    except BaseException as error:
        failure = error
    else:
        if future.set_running_or_notify_cancel():
            future.set_result(result)
        return
    if future.set_running_or_notify_cancel():
        future.set_exception(failure)
