"""The reference: a sorted list, searched by bisection."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from ._saving import pack_sorted, unpack_sorted
from ._sources import distinct
from ._trie import Trie

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PythonTrie(Trie):
    """Keys in a sorted list."""

    backend = "python"
    _keys: list[Any]
    _kind: type[str] | type[bytes]

    def __init__(self, keys: Iterable[Any], layout: str, memory_limit: int | None) -> None:  # noqa: ARG002
        self._keys, self._kind = distinct(keys)

    def __contains__(self, key: object, /) -> bool:
        return isinstance(key, self._kind) and self._find(key) >= 0

    def __len__(self) -> int:
        return len(self._keys)

    def _find(self, key: Any, /) -> int:
        rank = self._lower(key) if isinstance(key, self._kind) else len(self._keys)
        return rank if rank < len(self._keys) and self._keys[rank] == key else -1

    def _lower(self, key: Any, /) -> int:
        return bisect_left(self._keys, key)

    def _key(self, rank: int, /) -> Any:
        return self._keys[rank]

    def _iterate(self, start: int, stop: int, /) -> Iterator[Any]:
        return map(self._keys.__getitem__, range(start, stop))

    @property
    def key_type(self) -> type[str] | type[bytes]:
        """``str`` or ``bytes``: what the keys are."""
        return self._kind

    @property
    def nbytes(self) -> int:
        """Bytes that the keys take in memory, or in a mapped file."""
        return sys.getsizeof(self._keys) + sum(map(sys.getsizeof, self._keys))

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        return pack_sorted(self._keys, text=self._kind is str)

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        keys, text = unpack_sorted(meta, data)
        made = cls.__new__(cls)
        made._keys, made._kind = keys, str if text else bytes
        return made
