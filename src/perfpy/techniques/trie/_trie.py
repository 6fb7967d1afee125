"""What all tries can do, whichever backend keeps the keys.

A backend's class says where a key is among the sorted keys, and which key is there. Everything else is made
of that here: ranges, prefixes, neighbours, searches, the operations of a set.
"""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ._order import common, successor
from ._ranges import KeyRange, RankRange
from ._saving import Saved
from ._search import levenshtein, walk, wildcards
from ._sources import listed


class Stats(NamedTuple):
    """What a trie takes.

    Attributes
    ----------
    keys : int
        How many keys there are.
    nbytes : int
        Bytes that they take.
    bytes_per_key : float
        The same for one of them.
    layout : str
        How they are kept.
    backend : str
        What keeps them.
    """

    keys: int
    nbytes: int
    bytes_per_key: float
    layout: str
    backend: str


class Trie(Saved, Set[Any]):
    """An ordered set of strings, or of bytes, that cannot be changed and takes little memory.

    Made by `perfpy.trie` and `perfpy.load_trie`. A `collections.abc.Set`: ``in``, ``len``, ``==``, ``<=``,
    ``&`` and the like, and it has a hash. It is sorted by code points (bytes by their values), and every key
    has a rank, its place in that order: ``trie[rank]`` is the key, ``trie.rank(key)`` the rank. Any number of
    threads may read one at once.
    """

    kind: ClassVar[str] = "trie"
    backend: ClassVar[str]
    spills: ClassVar[bool] = False  # what exceeds a limit of memory into files
    _hash_value: int | None = None

    @abstractmethod
    def __contains__(self, key: object, /) -> bool:
        """Tell whether it is one of the keys; what is neither str nor bytes is none."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def _find(self, key: Any, /) -> int:
        """Return the rank of a key, or -1."""

    @abstractmethod
    def _lower(self, key: Any, /) -> int:
        """Return how many keys are below this one."""

    @abstractmethod
    def _key(self, rank: int, /) -> Any:
        """Return the key of a rank that there is."""

    @abstractmethod
    def _iterate(self, start: int, stop: int, /) -> Iterator[Any]:
        """Return an iterator over the keys of these ranks."""

    @property
    @abstractmethod
    def key_type(self) -> type[str] | type[bytes]:
        """``str`` or ``bytes``: what the keys are."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes that the keys take in memory, or in a mapped file."""

    @property
    def layout(self) -> str:
        """How the keys are kept: ``"compact"``, ``"fast"``, or ``"sorted"`` where they are only sorted."""
        return "sorted"

    def _ranks_of(self, keys: Sequence[Any], ranks: NDArray[np.int64], /) -> None:
        """Find the rank of each key, or -1."""
        for place, key in enumerate(keys):
            ranks[place] = self._find(key)

    def _prefixes_of(self, text: Any, /) -> list[Any]:
        """Return all keys that a text begins with, shortest first."""
        found = []
        while (key := self.floor(text)) is not None:
            # What is between a key that the text begins with and the text itself begins with that key, too.
            if text.startswith(key):
                found.append(key)
                if not key:
                    break
                text = key[:-1]
            else:
                text = text[: common(key, text, len(text) - 1)]  # shorter even if the order is damaged
        return found[::-1]

    def __iter__(self) -> Iterator[Any]:
        return self._iterate(0, len(self))

    def __reversed__(self) -> Iterator[Any]:
        return reversed(RankRange(self, range(len(self))))

    def __getitem__(self, index: Any, /) -> Any:
        """Return the key of a rank, or those of a slice of ranks as a sequence."""
        if isinstance(index, slice):
            return self._slice(index)
        rank = operator.index(index)
        if rank < 0:
            rank += len(self)
        if not 0 <= rank < len(self):
            raise IndexError(f"rank {index} is out of range for a trie of {len(self)} keys")
        return self._key(rank)

    def _slice(self, ranks: slice) -> KeyRange:
        return RankRange(self, range(len(self))[ranks])

    def rank(self, key: Any, /) -> int:
        """Return how many keys are below this key, which must be one; a `KeyError` if it is not."""
        rank = self._find(self._checked(key, "key"))
        if rank < 0:
            raise KeyError(key)
        return rank

    def contains(self, keys: Iterable[Any]) -> NDArray[np.bool_]:
        """Look up many keys: a list or other iterable, or an array or column of strings.

        Returns
        -------
        bool array
            Whether each is one of the keys of the trie.
        """
        return self.ranks(keys) >= 0

    def ranks(self, keys: Iterable[Any]) -> NDArray[np.int64]:
        """Find many keys: a list or other iterable, or an array or column of strings.

        Returns
        -------
        int64 array
            The rank of each, and -1 where it is not one of the keys of the trie.
        """
        wanted = listed(keys)
        ranks = np.empty(len(wanted), np.int64)
        self._ranks_of(wanted, ranks)
        return ranks

    def keys(self, prefix: Any = None) -> KeyRange:
        """Return the keys that begin with `prefix`, in order; all keys without one."""
        return RankRange(self, self._span(prefix))

    def count(self, prefix: Any = None) -> int:
        """Return how many keys begin with `prefix`."""
        return len(self._span(prefix))

    def _span(self, prefix: Any) -> range:
        """Return the ranks of the keys that begin with `prefix`."""
        if prefix is None:
            return range(len(self))
        after = successor(self._checked(prefix, "prefix"))
        return range(self._lower(prefix), len(self) if after is None else self._lower(after))

    def range(self, low: Any = None, high: Any = None) -> KeyRange:
        """Return the keys from `low` on and below `high`, in order; either may be left out."""
        start = 0 if low is None else self._lower(self._checked(low, "low"))
        stop = len(self) if high is None else self._lower(self._checked(high, "high"))
        return RankRange(self, range(start, max(start, stop)))

    def floor(self, key: Any, /) -> Any:
        """Return the largest key that is not above `key`; None if there is none."""
        rank = self._lower(self._checked(key, "key"))
        if rank < len(self) and self._key(rank) == key:
            return key
        return self._key(rank - 1) if rank else None

    def ceiling(self, key: Any, /) -> Any:
        """Return the smallest key that is not below `key`; None if there is none."""
        rank = self._lower(self._checked(key, "key"))
        return self._key(rank) if rank < len(self) else None

    def prefixes(self, text: Any, /) -> list[Any]:
        """Return all keys that `text` begins with, shortest first."""
        return self._prefixes_of(self._checked(text, "text"))

    def longest_prefix(self, text: Any, /) -> Any:
        """Return the longest key that `text` begins with; None if there is none."""
        found = self.prefixes(text)
        return found[-1] if found else None

    def within(self, text: Any, distance: int = 1) -> Iterator[Any]:
        """Yield the keys that few edits make of `text`, in order.

        Parameters
        ----------
        text : str or bytes
            What is looked for.
        distance : int, default: 1
            The most characters (or bytes) that are inserted, deleted or replaced by another.
        """
        self._checked(text, "text")
        if isinstance(distance, bool) or not hasattr(distance, "__index__"):
            raise TypeError(f"distance must be an int, not {type(distance).__name__}: {distance!r}")
        most = operator.index(distance)
        if most < 0:
            raise ValueError(f"distance must be at least 0, not {most}")
        return walk(self, levenshtein(text, most), range(len(self)))

    def match(self, pattern: Any) -> Iterator[Any]:
        """Yield the keys that a pattern matches as a whole, in order.

        Parameters
        ----------
        pattern : str or bytes
            ``?`` is any one character, ``*`` any number of any, ``[abc]`` or ``[a-c]`` one of these,
            ``[!abc]`` any one but these, as in `fnmatch`; ``[*]`` is an asterisk.
        """
        head, machine = wildcards(self._checked(pattern, "pattern"))
        return walk(self, machine, self._span(head))

    def stats(self) -> Stats:
        """Say how many keys there are, and what they take."""
        count = len(self)
        return Stats(count, self.nbytes, self.nbytes / count if count else 0.0, self.layout, self.backend)

    def _checked(self, key: Any, name: str) -> Any:
        """Return a key of the right type, or complain."""
        if not isinstance(key, self.key_type):
            wanted = self.key_type.__name__
            raise TypeError(f"{name} must be {wanted}, as the keys are, not {type(key).__name__}: {key!r}")
        return key

    def _from_iterable(self, keys: Iterable[Any]) -> Trie:  # type: ignore[override]  # of this layout
        made: Trie = self._technique()[self.backend](keys, self.layout, None)
        return made

    def __eq__(self, other: object) -> bool:
        """Tell whether two sets have the same keys, whatever they are made of."""
        if isinstance(other, Trie):
            return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))
        return super().__eq__(other)

    def __hash__(self) -> int:
        """Return what the hash of a frozenset of the keys is; the first time this takes a pass over them."""
        if self._hash_value is None:
            self._hash_value = self._hash()
        return self._hash_value

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {len(self):,} {self.key_type.__name__} keys: layout {self.layout}, "
            f"{self.nbytes:,} bytes, backend {self.backend}>"
        )
