"""Calls of techniques as bytes, and what a worker does with the bytes that it is given."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, NamedTuple

from perfpy import techniques
from perfpy.executors._sendable import VOCABULARY, Piece, found_piece
from perfpy.queues import decode, encode

from . import _types  # noqa: F401  # declares what may be sent

#: Set where a worker also runs functions that are there to try it, and may kill it.
TRIALS = "PERFPY_WORKER_TRIALS"


class Call(NamedTuple):
    """A call of a technique's public function."""

    technique: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def packed_call(call: Call) -> bytes:
    """Return a call as bytes, or raise a TypeError that says what of it cannot be sent."""
    return encode(call._asdict(), VOCABULARY)


def unpacked_result(data: bytes) -> Any:
    """Return what a call returned."""
    return decode(data, VOCABULARY)


def run(payload: bytes) -> bytes:
    """Do what a message asks for, if it is a technique or a piece of one; the workers' function."""
    said = decode(payload, VOCABULARY)
    if not isinstance(said, dict):
        raise ValueError("this message is no call")
    args, kwargs = said.get("args"), said.get("kwargs")
    if not isinstance(args, tuple) or not isinstance(kwargs, dict):
        raise ValueError("this message is no call: it has no arguments")
    if "piece" in said:
        result = _checked(found_piece(said["piece"]), args)(*args, **kwargs)
    else:
        result = _technique(said.get("technique"))(*args, **kwargs)
    return encode(result, VOCABULARY)


def _technique(name: Any) -> Any:
    if name not in techniques.names():
        raise PermissionError(f"{name!r:.100} is no technique; a worker runs nothing else")
    return getattr(techniques.folder(name), name)


def _checked(piece: Piece, args: tuple[Any, ...]) -> Any:
    """Return a piece's function, if this worker runs it with such arguments."""
    name = f"{piece.function.__module__}:{piece.function.__qualname__}"
    if piece.trial and not os.environ.get(TRIALS):
        raise PermissionError(f"{name} may kill a worker; this one was not started with --trials")
    if piece.kernel is not None and (len(args) <= piece.kernel or args[piece.kernel] not in _kernels()):
        raise PermissionError(f"{name} is run with the kernels of registered backends only")
    return piece.function


@cache
def _kernels() -> frozenset[object]:
    """Return the addresses of the kernels of all techniques' backends."""
    return frozenset(
        backend.target
        for name in techniques.names()
        for backend in techniques.find(name).backends()
        if isinstance(backend.target, str)
    )
