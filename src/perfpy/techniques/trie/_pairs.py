"""Keys and values that need not fit in memory: records of both, sorted in files.

A record is a key, when the pair came, and the value. A NUL in a key becomes ``00 FF`` and its end ``00 00``,
so that records are in the order of their keys, and of pairs with one key the last comes last.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._order import decoded, encoded
from ._sources import checked
from ._values import plain_value

if TYPE_CHECKING:
    from typing_extensions import Buffer

_END = b"\0\0"
_NUMBER = 8  # bytes that say when a pair came
_DICT_SLOT = 110  # bytes of a dict that a pair takes, at most
_BATCH = 1 << 12  # pairs at a time, of which the size is known afterwards
_BLOCK = 1 << 14  # records at a time


class Pairs:
    """Pairs of distinct keys and their values, in order; may be gone through several times."""

    def __init__(self, offsets: Buffer, content: Buffer, *, text: bool) -> None:
        self._offsets: NDArray[np.uint64] = np.frombuffer(memoryview(offsets), np.uint64)
        self._content = memoryview(content)
        self._text = text

    def keys(self) -> Iterator[Any]:
        """Yield the keys."""
        for record, end in self._last_records():
            yield decoded(record[:end].replace(b"\0\xff", b"\0"), text=self._text)

    def values(self) -> Iterator[Any]:
        """Yield the values."""
        for record, end in self._last_records():
            yield _value(record[end + len(_END) + _NUMBER :])

    def _last_records(self) -> Iterator[tuple[bytes, int]]:
        """Yield the last record of each key, and where in it the key ends."""
        before: tuple[bytes, int] | None = None
        for record in self._records():
            end = record.index(_END)
            if before and (end != before[1] or not record.startswith(before[0][:end])):
                yield before
            before = record, end
        if before:
            yield before

    def _records(self) -> Iterator[bytes]:
        for start in range(0, len(self._offsets) - 1, _BLOCK):
            places = self._offsets[start : start + _BLOCK + 1].tolist()
            for begin, end in pairwise(places):
                yield bytes(self._content[begin:end])


def sorted_pairs(pairs: Iterable[tuple[Any, Any]], limit: int) -> dict[Any, Any] | Pairs:
    """Return pairs as a dict, if that takes few bytes, else sorted in files; the last of a key counts."""
    known: dict[Any, Any] = {}
    source = iter(pairs)
    taken = 0.0
    while batch := list(islice(source, _BATCH)):
        before = len(known)
        known.update(batch)
        size = sum(map(sys.getsizeof, chain.from_iterable(batch))) + _DICT_SLOT * len(batch)
        taken += size * ((len(known) - before) / len(batch))  # the others have replaced what was there
        if taken > limit:
            kind = checked(batch[0][0], None)
            return _in_files(chain(_taken_out(known), source), kind, limit)
    return known


def _taken_out(known: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    while known:
        yield known.popitem()


def _in_files(pairs: Iterable[tuple[Any, Any]], kind: type[str] | type[bytes], limit: int) -> Pairs:
    from ._c import sorted_run

    offsets, content = sorted_run(_records(pairs, kind), limit)
    return Pairs(offsets, content, text=kind is str)


def _records(pairs: Iterable[tuple[Any, Any]], kind: type[str] | type[bytes]) -> Iterator[bytes]:
    for number, (key, value) in enumerate(pairs):
        checked(key, kind)
        head = encoded(key).replace(b"\0", b"\0\xff")
        yield b"".join((head, _END, number.to_bytes(_NUMBER, "big"), _bytes(plain_value(value))))


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return b"b" + value
    if isinstance(value, int):
        return b"i" + value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"f" + struct.pack("<d", value)


def _value(data: bytes) -> Any:
    kind = data[:1]
    if kind == b"b":
        return data[1:]
    if kind == b"i":
        return int.from_bytes(data[1:], "little", signed=True)
    return struct.unpack_from("<d", data, 1)[0]
