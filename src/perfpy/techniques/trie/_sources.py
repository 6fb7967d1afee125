"""Keys as callers have them, brought to iterables of str or bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TypeAlias

import numpy as np

from perfpy.hashing import plain

_BLOCK = 1 << 14  # elements of an array at a time

#: A list or tuple, or an iterator.
Source: TypeAlias = list[Any] | tuple[Any, ...] | Iterator[Any]


def source(keys: Any) -> Source:
    """Return an iterable of keys as a list, a tuple or an iterator; arrays and columns block by block."""
    found = plain(keys)
    if isinstance(found, np.ndarray):
        return _array_blocks(found)
    return found if isinstance(found, (list, tuple)) else iter(found)


def _array_blocks(array: np.ndarray[Any, Any]) -> Iterator[Any]:
    for start in range(0, len(array), _BLOCK):
        yield from array[start : start + _BLOCK].tolist()


def listed(keys: Any) -> list[Any] | tuple[Any, ...]:
    """Return keys whose number is to be known."""
    found = source(keys)
    return found if isinstance(found, (list, tuple)) else list(found)


def pairs(keys: Any) -> tuple[Source, bool]:
    """Return keys, or the pairs that a mapping has or that are given; and whether it is these."""
    if isinstance(keys, Mapping):
        return iter(keys.items()), True
    found = source(keys)
    if isinstance(found, Iterator):
        first = list(_first(found))
        found = chain(first, found)
    else:
        first = list(found[:1])
    if first and isinstance(first[0], tuple):
        return _paired(found), True
    return found, False


def _first(keys: Iterator[Any]) -> Iterator[Any]:
    for key in keys:
        yield key
        return


def _paired(found: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for pair in found:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"keys must all be pairs of key and value, as the first one is, not {pair!r}")
        yield pair


def checked(key: Any, kind: type[str] | type[bytes] | None) -> type[str] | type[bytes]:
    """Return which of str and bytes a key is, `kind` if that is known already; complain about others."""
    if isinstance(key, str) and kind is not bytes:
        return str
    if isinstance(key, bytes) and kind is not str:
        return bytes
    raise TypeError(complaint(key))


def complaint(key: Any) -> str:
    """Say what is wrong with a key."""
    return f"keys must be all str or all bytes, not {type(key).__name__}: {key!r:.60}"


def distinct(keys: Iterable[Any]) -> tuple[list[Any], type[str] | type[bytes]]:
    """Return the keys in order, each once, as exact str or bytes; and which of the two they are."""
    kind: type[str] | type[bytes] | None = None
    found = set()
    for key in keys:
        kind = checked(key, kind)
        found.add(key)
    kind = kind or str
    return sorted(map(kind, found) if any(type(key) is not kind for key in found) else found), kind
