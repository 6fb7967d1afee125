"""NumPy: the bytes of all keys in one array, searched by their first eight bytes, then by bisection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ._order import decoded, encoded
from ._saving import pack_sorted, sorted_meta, sorted_sections
from ._sources import distinct
from ._trie import Trie

if TYPE_CHECKING:
    from typing_extensions import Buffer

_WORD = 8  # bytes compared at a time
_BLOCK = 4096  # keys made at a time by an iterator


class NumpyTrie(Trie):
    """Sorted keys as bytes one after the other, where they begin, and their first eight bytes as numbers."""

    backend = "numpy"
    _text: bool
    _data: memoryview  # offsets, then bytes
    _offsets: NDArray[np.uint64]
    _bytes: memoryview
    _heads: NDArray[np.uint64]

    def __init__(self, keys: Iterable[Any], layout: str, memory_limit: int | None) -> None:  # noqa: ARG002
        found, kind = distinct(keys)
        _, data = pack_sorted(found, text=kind is str)
        self._bind(sorted_meta(len(found), text=kind is str), memoryview(data))

    def _bind(self, meta: dict[str, Any], data: memoryview) -> None:
        self._offsets, self._bytes, self._text = sorted_sections(meta, data)
        self._data = data
        array = np.frombuffer(self._bytes, np.uint8)
        self._heads = _words(
            array, self._offsets[:-1].astype(np.int64), np.diff(self._offsets).astype(np.int64)
        )

    def _span_of(self, head: int) -> tuple[int, int]:
        """Return the ranks of the keys with these first eight bytes, zeros beyond their ends."""
        wanted = np.uint64(head)
        return int(self._heads.searchsorted(wanted)), int(self._heads.searchsorted(wanted, "right"))

    def _bytes_of(self, rank: int) -> bytes:
        return bytes(self._bytes[int(self._offsets[rank]) : int(self._offsets[rank + 1])])

    def __contains__(self, key: object, /) -> bool:
        return self._find(key) >= 0

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def _find(self, key: Any, /) -> int:
        if not isinstance(key, self.key_type):
            return -1
        rank = self._lower(key)
        return rank if rank < len(self) and self._bytes_of(rank) == encoded(key) else -1

    def _lower(self, key: Any, /) -> int:
        data = encoded(key)
        low, high = self._span_of(int.from_bytes(data[:_WORD].ljust(_WORD, b"\0"), "big"))
        return bisect_left(range(len(self)), data, low, high, key=self._bytes_of)

    def _key(self, rank: int, /) -> Any:
        return decoded(self._bytes_of(rank), text=self._text)

    def _iterate(self, start: int, stop: int, /) -> Iterator[Any]:
        for begin in range(start, stop, _BLOCK):
            ends = self._offsets[begin : min(stop, begin + _BLOCK) + 1].tolist()
            block = bytes(self._bytes[ends[0] : ends[-1]])
            first = ends[0]
            for a, b in pairwise(ends):
                yield decoded(block[a - first : b - first], text=self._text)

    def _ranks_of(self, keys: Sequence[Any], ranks: NDArray[np.int64], /) -> None:
        """Search for all keys at once: every step of the bisection is one for all of them."""
        kind = self.key_type
        fits = np.fromiter((isinstance(key, kind) for key in keys), np.bool_, len(keys))
        parts = [encoded(key) for key in keys if isinstance(key, kind)]
        starts, lengths, content = _concatenated(parts)
        heads = _words(content, starts, lengths)
        low = self._heads.searchsorted(heads)
        high = self._heads.searchsorted(heads, "right")
        ranks[:] = -1
        ranks[fits] = self._bisected(starts, lengths, content, low, high)

    def _bisected(
        self,
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
        content: NDArray[np.uint8],
        low: NDArray[np.int64],
        high: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        found = np.full(len(starts), -1, np.int64)
        mine = np.frombuffer(self._bytes, np.uint8)
        active = np.flatnonzero(low < high)
        while active.size:
            middle = (low[active] + high[active]) >> 1
            begin = self._offsets[middle].astype(np.int64)
            size = self._offsets[middle + 1].astype(np.int64) - begin
            order = _compare(mine, begin, size, content, starts[active], lengths[active])
            found[active[order == 0]] = middle[order == 0]
            low[active[order < 0]] = middle[order < 0] + 1
            high[active[order > 0]] = middle[order > 0]
            active = active[(order != 0) & (low[active] < high[active])]
        return found

    @property
    def key_type(self) -> type[str] | type[bytes]:
        """``str`` or ``bytes``: what the keys are."""
        return str if self._text else bytes

    @property
    def nbytes(self) -> int:
        """Bytes that the keys take in memory, or in a mapped file."""
        return len(self._data) + self._heads.nbytes

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        return sorted_meta(len(self), text=self._text), self._data

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        made = cls.__new__(cls)
        made._bind(meta, data)
        return made


def _concatenated(parts: list[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return where each part begins, how long it is, and all of them one after the other."""
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    return np.cumsum(lengths) - lengths, lengths, np.frombuffer(b"".join(parts), np.uint8)


def _words(
    content: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the first eight bytes of parts as numbers that order them; zeros stand for what a part lacks."""
    words = np.zeros(len(starts), np.uint64)
    for place in range(_WORD):
        there = lengths > place
        words[there] |= content[starts[there] + place].astype(np.uint64) << np.uint64(8 * (_WORD - 1 - place))
    return words


def _compare(
    content_a: NDArray[np.uint8],
    starts_a: NDArray[np.int64],
    lengths_a: NDArray[np.int64],
    content_b: NDArray[np.uint8],
    starts_b: NDArray[np.int64],
    lengths_b: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return for pairs of parts whether the first is less (-1), equal (0) or greater (1)."""
    order = np.zeros(len(starts_a), np.int64)
    open_ = np.arange(len(starts_a))  # pairs that are equal so far
    done = 0
    while open_.size:
        left_a, left_b = (np.maximum(lengths[open_] - done, 0) for lengths in (lengths_a, lengths_b))
        a = _words(content_a, starts_a[open_] + done, left_a)
        b = _words(content_b, starts_b[open_] + done, left_b)
        by_length = np.sign(np.minimum(left_a, _WORD) - np.minimum(left_b, _WORD))
        order[open_] = np.where(a == b, by_length, np.where(a < b, -1, 1))
        open_ = open_[(order[open_] == 0) & (left_a > _WORD) & (left_b > _WORD)]
        done += _WORD
    # Where the first so many bytes are equal, and only one goes on, it is the greater one.
    return np.where(order == 0, np.sign(lengths_a - lengths_b), order)
