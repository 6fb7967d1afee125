"""A trie whose keys have values."""

from __future__ import annotations

import sys
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ._pairs import sorted_pairs
from ._ranges import KeyRange
from ._saving import Saved
from ._trie import Stats, Trie
from ._values import Values, packed, restored

if TYPE_CHECKING:
    from typing_extensions import Buffer


class _Items(ItemsView[Any, Any]):
    """Keys and values, which are found by rank: nothing is looked up, and a damaged key is still one."""

    _mapping: TrieMap

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self._mapping._items(self._mapping.trie.keys())


class _Values(ValuesView[Any]):
    """Values by rank."""

    _mapping: TrieMap

    def __iter__(self) -> Iterator[Any]:
        return map(self._mapping.value_at, range(len(self._mapping)))


class TrieMap(Saved, Mapping[Any, Any]):
    """An ordered mapping of strings, or of bytes, to values of one type, that cannot be changed.

    Made by `perfpy.trie` of a mapping or of pairs. A `collections.abc.Mapping`, in the order of its keys,
    which are a `Trie`: `trie` finds keys by prefix, by order, by pattern. Values are ints, floats or bytes,
    packed one after the other.

    Parameters
    ----------
    trie : Trie
        The keys.
    values : Values
        Their values, by rank.
    """

    kind: ClassVar[str] = "trie"

    def __init__(self, trie: Trie, values: Values) -> None:
        self._trie = trie
        self._values = values

    @classmethod
    def of(cls, pairs: Iterable[tuple[Any, Any]], kernel: Any, layout: str, limit: int) -> Self:
        """Make one of pairs, of which the last with a key counts; the class `kernel` keeps the keys."""
        found = sorted_pairs(pairs, limit if kernel.spills else sys.maxsize)
        if isinstance(found, dict):
            trie: Trie = kernel(list(found), layout, limit)
            values = [found[key] for key in trie]
            return cls(trie, packed(values.__iter__))
        return cls(kernel(found.keys(), layout, limit), packed(found.values))

    @property
    def trie(self) -> Trie:
        """The keys, as a set."""
        return self._trie

    @property
    def backend(self) -> str:  # type: ignore[override]  # that of the keys
        """What keeps the keys."""
        return self._trie.backend

    def __getitem__(self, key: Any, /) -> Any:
        rank = self._trie._find(key)
        if rank < 0:
            raise KeyError(key)
        return self._values[rank]

    def __contains__(self, key: object, /) -> bool:
        return key in self._trie

    def __iter__(self) -> Iterator[Any]:
        return iter(self._trie)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._trie)

    def __len__(self) -> int:
        return len(self._trie)

    def items(self) -> ItemsView[Any, Any]:
        """Return a view of the keys and their values, in order."""
        return _Items(self)

    def values(self) -> ValuesView[Any]:
        """Return a view of the values, in the order of the keys."""
        return _Values(self)

    def value_at(self, rank: int) -> Any:
        """Return the value of the key of a rank."""
        return self._values[range(len(self))[rank]]

    def prefixed(self, prefix: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the keys that begin with `prefix` and their values, in order."""
        return self._items(self._trie.keys(prefix))

    def prefixes(self, text: Any) -> list[tuple[Any, Any]]:
        """Return all keys that `text` begins with and their values, shortest first."""
        keys = self._trie.prefixes(text)
        ranks = map(self._trie._find, keys)
        return [(key, self._values[rank]) for key, rank in zip(keys, ranks, strict=True) if rank >= 0]

    def get_many(self, keys: Iterable[Any], default: Any = None) -> list[Any]:
        """Return the values of many keys, and `default` for those that are not there."""
        return [default if rank < 0 else self._values[rank] for rank in self._trie.ranks(keys).tolist()]

    def _items(self, keys: KeyRange) -> Iterator[tuple[Any, Any]]:
        return zip(keys, map(self._values.__getitem__, keys.ranks), strict=True)

    @property
    def nbytes(self) -> int:
        """Bytes that keys and values take in memory, or in a mapped file."""
        return self._trie.nbytes + len(self._values.data)

    def stats(self) -> Stats:
        """Say how many keys there are, and what they and their values take."""
        keys, _, _, layout, backend = self._trie.stats()
        return Stats(keys, self.nbytes, self.nbytes / keys if keys else 0.0, layout, backend)

    def __eq__(self, other: object) -> bool:
        """Tell whether two mappings have the same keys and values, whatever they are made of."""
        if not isinstance(other, TrieMap):
            return super().__eq__(other)
        same = (self._values[rank] == other._values[rank] for rank in range(len(self)))
        return self._trie == other._trie and all(same)

    def __hash__(self) -> int:
        """Return a hash of keys and values, which takes a pass over them."""
        return hash((self._trie, tuple(map(self._values.__getitem__, range(len(self))))))

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {len(self):,} {self._trie.key_type.__name__} keys, "
            f"values {self._values.kind}: "
            f"layout {self._trie.layout}, {self.nbytes:,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        meta, data = self._trie._content()
        keys = memoryview(data).cast("B")
        gap = b"\0" * (-len(keys) % 8)
        described = {**self._values.meta(), "at": len(keys)}
        return {**meta, "values": described}, b"".join((keys, gap, self._values.data))

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        meta = dict(meta)
        if "values" not in meta:
            raise ValueError("this is a trie without values; use perfpy.load_trie()")
        described = meta.pop("values")
        at = described.get("at") if isinstance(described, dict) else None
        if type(at) is not int or not 0 <= at <= len(data):
            raise ValueError(f"this trie is damaged: it says of its values {described}")
        trie = Trie._class_for(meta)._restore(meta, data[:at])
        assert isinstance(trie, Trie)
        return cls(trie, restored(described, len(trie), data[at + -at % 8 :]))

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (self._trie, self._values.meta(), bytes(self._values.data))


def rebuilt(trie: Trie, meta: dict[str, Any], data: bytes) -> TrieMap:
    """Unpickle one."""
    return TrieMap(trie, restored(meta, len(trie), memoryview(data)))
