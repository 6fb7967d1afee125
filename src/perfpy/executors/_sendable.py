"""What may be sent through a queue: functions and types that their modules have declared, nothing else.

Whoever can write to a queue could otherwise have anything done by its workers. A worker looks up what it is
asked for among what it has declared itself; it imports nothing because a message says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from perfpy.queues import Kind, Vocabulary, encode
from perfpy.queues._wire import address

Function = TypeVar("Function", bound=Callable[..., Any])
Type = TypeVar("Type", bound=type)


class Piece(NamedTuple):
    """A function that computes a piece.

    Attributes
    ----------
    function : callable
        What is called.
    kernel : int or None
        Which of its arguments is the address of a kernel, which has to be that of a registered backend.
    trial : bool
        Whether it is there to try a worker, perhaps to death.
    """

    function: Callable[..., Any]
    kernel: int | None
    trial: bool


_pieces: dict[str, Piece] = {}
_kinds: dict[str, Kind] = {}
_names: set[str] = set()
_bases: list[type] = []


def sendable(function: Function, *, kernel: int | None = None, trial: bool = False) -> Function:
    """Declare a function that may be called through a queue; see `Piece`."""
    _pieces[address(function)] = Piece(function, kernel, trial)
    return function


def sendable_record(record: Type, *types: type | tuple[type, ...]) -> Type:
    """Declare a named tuple that may be sent, and the types of its fields, which are checked."""

    def made(values: Any) -> Any:
        right = isinstance(values, tuple) and len(values) == len(types)
        if not right or not all(map(isinstance, values, types)):
            raise ValueError(f"a {record.__name__} has other fields")
        return record(*values)

    return sendable_type(record, tuple, made)


def sendable_type(kind: Type, pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> Type:
    """Declare a type whose values, and those of types that inherit from it, may be sent; see `Kind`."""
    _kinds[address(kind)] = Kind(pack, unpack)
    return kind


def sendable_name(function: Function) -> Function:
    """Declare a function that may be an argument."""
    _names.add(address(function))
    return function


def sendable_subclasses(base: type) -> None:
    """Declare that the types which inherit from one may be arguments."""
    _bases.append(base)


def _speaks(value: Any) -> bool:
    if isinstance(value, type):
        return issubclass(value, tuple(_bases))
    return address(value) in _names


def _find(name: str) -> Any:
    module, _, attribute = name.partition(":")
    found = getattr(sys.modules.get(module), attribute, None) if module.startswith("perfpy.") else None
    if not callable(found) or address(found) != name or not _speaks(found):
        raise ValueError(f"{name!r:.100} is nothing that may be spoken of")
    return found


VOCABULARY = Vocabulary(_kinds, _speaks, _find)


def packed_piece(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Return a call as bytes, or raise a TypeError that says why it cannot be sent."""
    name = address(function)
    if name not in _pieces:
        raise TypeError(
            f"{name} cannot be sent through a queue, whose workers run nothing but perfpy's own functions; "
            "use another executor for functions of your own"
        )
    return encode({"piece": name, "args": args, "kwargs": kwargs}, VOCABULARY)


def found_piece(name: Any) -> Piece:
    """Return what a message calls by its name, or refuse."""
    piece = _pieces.get(name) if isinstance(name, str) else None
    if piece is None:
        raise PermissionError(f"{name!r:.100} is no function that this worker runs")
    return piece
