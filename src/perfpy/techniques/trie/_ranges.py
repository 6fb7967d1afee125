"""Part of the keys of a trie, as a sequence that takes no memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from ._trie import Trie

_BLOCK = 256  # keys at a time, where they are needed backwards


class KeyRange(Sequence[Any]):
    """Keys of a trie whose ranks are a range: made when they are asked for.

    What slices, `Trie.keys` and `Trie.range` return. ``list(...)`` makes a list of it.
    """

    __slots__ = ()  # so that a class of C may be another base

    @property
    @abstractmethod
    def _trie(self) -> Trie:
        """Whose keys these are."""

    @property
    @abstractmethod
    def _ranks(self) -> range:
        """Which of them."""

    @property
    def ranks(self) -> range:
        """Ranks of the keys."""
        return self._ranks

    def __len__(self) -> int:
        return len(self._ranks)

    def __bool__(self) -> bool:
        return bool(self._ranks)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> KeyRange: ...
    def __getitem__(self, index: Any) -> Any:
        ranks = self._ranks[index]
        return RankRange(self._trie, ranks) if isinstance(ranks, range) else self._trie._key(ranks)

    def __iter__(self) -> Iterator[Any]:
        ranks = self._ranks
        if ranks.step == 1:
            return self._trie._iterate(ranks.start, max(ranks.start, ranks.stop))
        if ranks.step == -1 and ranks:
            return _backwards(self._trie, ranks[-1], ranks.start + 1)
        return map(self._trie._key, ranks)

    def __reversed__(self) -> Iterator[Any]:
        return iter(RankRange(self._trie, self._ranks[::-1]))

    def __contains__(self, key: object) -> bool:
        return key in self._trie and self._trie._find(key) in self._ranks

    def index(self, key: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the place of a key in the sequence; a `ValueError` if it is not there."""
        places = range(len(self))[start:stop]
        if key in self:
            place = self._ranks.index(self._trie._find(key))
            if place in places:
                return place
        raise ValueError(f"{key!r} is not among the keys")

    def count(self, key: Any) -> int:
        """Return how often a key is there: once or never."""
        return int(key in self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeyRange):
            return NotImplemented
        same = self._trie is other._trie and self._ranks == other._ranks
        return same or (len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True)))

    __hash__ = None  # type: ignore[assignment]  # it would take a pass over the keys

    def __reduce__(self) -> tuple[Any, ...]:
        return RankRange, (self._trie, self._ranks)

    def __repr__(self) -> str:
        if not self:
            return "<no keys>"
        return f"<{len(self):,} keys from {self[0]!r} to {self[-1]!r}>"


class RankRange(KeyRange):
    """Keys of any range of ranks, of any trie.

    Parameters
    ----------
    trie : Trie
        Whose keys these are.
    ranks : range
        Which of them.
    """

    __slots__ = ("_ranks", "_trie")
    _trie: Trie
    _ranks: range

    def __init__(self, trie: Trie, ranks: range) -> None:
        self._trie = trie
        self._ranks = ranks


def _backwards(trie: Trie, start: int, stop: int) -> Iterator[Any]:
    while stop > start:
        begin = max(start, stop - _BLOCK)
        yield from reversed(list(trie._iterate(begin, stop)))
        stop = begin
