"""A structure built in parts: cut the keys, let each worker fill structures of its own, and unite them.

It knows no family: one that can be united with ``|=`` to what the whole would have been can be divided.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import NoneType
from typing import Any, TypeAlias

import numpy as np

from . import _lines
from ._sketch import Sketch, restored
from .executors import (
    Engine,
    Reach,
    Sent,
    SupportsSubmit,
    engine,
    gil_enabled,
    run,
    sendable,
    sendable_name,
    sendable_record,
    sendable_subclasses,
    sendable_type,
)
from .hashing import is_iterator, plain

#: What makes an empty structure in another process: a function and its arguments.
Recipe: TypeAlias = "tuple[Callable[..., Sketch], tuple[Any, ...]]"

# Keys of a piece: enough to hide what handing it out costs, few enough that Ctrl-C is answered soon.
_LEAST, _MOST = 1 << 14, 1 << 18
# Of a piece for another process, which sends a whole structure back.
_LEAST_SENT, _MOST_SENT = 1 << 17, 1 << 22
_BYTES_PER_KEY = 16  # of that structure, at most
_PIECES_PER_WORKER = 4


def update(sketch: Sketch, items: Iterable[Any], executor: str | SupportsSubmit) -> None:
    """Add all keys, in parts."""
    where = _engine_for(sketch, executor)
    keys = plain(items) if sketch._key is None or isinstance(items, (list, tuple)) else iter(items)
    if where.reach is Reach.MEMORY and _are_objects(keys) and gil_enabled():
        sketch.update(keys)  # threads would take turns at them
    elif where.reach is Reach.MEMORY:
        _in_threads(sketch, where, _cut(keys, where.workers, _LEAST, _MOST))
    else:
        least = _least_sent(sketch, keys)
        pieces = map(_sendable, _cut(keys, where.workers, least, max(least, _MOST_SENT)))
        run(where, _built, (Sent(sketch._recipe()),), pieces, lambda _, part: _unite(sketch, part))


def update_from_lines(
    sketch: Sketch, source: _lines.Source, encoding: str | None, executor: str | SupportsSubmit
) -> None:
    """Add all lines of files, in parts."""
    where = _engine_for(sketch, executor)
    if where.reach is Reach.MEMORY:
        _in_threads(sketch, where, _lines.batches(source, encoding))
        return
    arguments = (Sent(sketch._recipe()), encoding)
    pieces = _lines.parts(source, encoding)
    run(where, _built_from_lines, arguments, pieces, lambda _, part: _unite(sketch, part))


def _engine_for(sketch: Sketch, executor: str | SupportsSubmit) -> Engine:
    obstacle = sketch._undividable()
    if obstacle:
        raise ValueError(f"executor must be None for {obstacle}")
    return engine(executor)


def _are_objects(keys: Any) -> bool:
    """Tell whether keys are objects of Python, which only who holds the interpreter's lock can look at."""
    if isinstance(keys, np.ndarray):
        return bool(keys.dtype.kind == "O")
    return is_iterator(keys) or isinstance(keys, (list, tuple))


def _cut(keys: Any, workers: int, least: int, most: int) -> Iterator[Any]:
    """Yield keys in pieces; those of an iterator as lists."""
    if is_iterator(keys):
        while piece := list(islice(keys, least)):
            yield piece
        return
    size = min(most, max(least, -(-len(keys) // (_PIECES_PER_WORKER * workers))))
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _least_sent(sketch: Sketch, keys: Any) -> int:
    """Return how many keys a piece has at least: what comes back should not be much more than they."""
    wanted = int(getattr(sketch, "nbytes", 0)) // _BYTES_PER_KEY
    return max(_LEAST_SENT, min(wanted, _MOST_SENT) if is_iterator(keys) else wanted)


def _sendable(keys: Any) -> Any:
    """Return keys as what can be pickled; a column cannot."""
    return keys if isinstance(keys, (list, tuple, np.ndarray)) else list(keys)


def _in_threads(sketch: Sketch, where: Engine, pieces: Iterator[Any]) -> None:
    """Add pieces to as many structures as there are pieces at a time, and unite these."""
    idle, others = deque([sketch]), deque[Any]()

    def add(piece: Any) -> None:
        try:
            part = idle.pop()
        except IndexError:
            part = sketch._blank()
            others.append(part)
        part.update(piece)
        idle.append(part)

    run(where, add, (), pieces, lambda _piece, _nothing: None)
    for part in others:
        _unite(sketch, part)


def _unite(sketch: Sketch, part: Any) -> None:
    united: Any = sketch
    united |= part
    if united is not sketch:
        raise TypeError(f"executor must be None for any {sketch.kind} of backend {sketch.backend!r}")


def _built(keys: Any, recipe: Recipe) -> Sketch:
    """Make the part that a piece of the keys is; in another process."""
    make, arguments = recipe
    part = make(*arguments)
    part.update(keys)
    return part


def _built_from_lines(piece: _lines.Part, recipe: Recipe, encoding: str | None) -> Sketch:
    make, arguments = recipe
    part = make(*arguments)
    for batch in _lines.batches_of_part(piece, encoding):
        part.update(batch)
    return part


sendable(_built)
sendable(_built_from_lines)
sendable_name(restored)
sendable_subclasses(Sketch)
sendable_type(Sketch, lambda part: part.__reduce__()[1], lambda values: restored(*values))
sendable_record(_lines.Part, str, int, (int, NoneType))
