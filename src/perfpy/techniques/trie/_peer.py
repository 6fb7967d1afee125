"""What the adapters of other packages have in common: they find keys, and their order is made up for here.

A package is asked for what it can do: whether a key is there, which keys a text begins with. The first
question about order or rank makes a sorted list of all keys, which stays; packages without an order of their
own have no better way.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ._saving import pack_sorted, unpack_sorted
from ._sources import distinct
from ._trie import Trie

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PeerTrie(Trie):
    """Keys in the structure of another package; the empty key, which some cannot hold, apart."""

    #: The longest key that the package holds.
    longest: ClassVar[int] = 2**31
    _kind: type[str] | type[bytes]
    _count: int
    _has_empty: bool
    _peer: Any

    def __init__(self, keys: Iterable[Any], layout: str, memory_limit: int | None) -> None:  # noqa: ARG002
        self._bind(*distinct(keys))

    def _bind(self, keys: list[Any], kind: type[str] | type[bytes]) -> None:
        self._kind = kind
        self._count = len(keys)
        self._has_empty = bool(keys) and not keys[0]
        real = keys[1:] if self._has_empty else keys
        reason = self._refusal(real)
        if reason:
            raise ValueError(f"backend {self.backend!r} of 'trie' cannot take {reason}; other backends can")
        self._peer = self._made(real)

    def _refusal(self, keys: list[Any]) -> str:
        """Say what the package would fail on or crash of; empty if nothing."""
        if any(len(key) > self.longest for key in keys):
            return f"keys of more than {self.longest:,} characters"
        try:
            "".join(keys if self._kind is str else ()).encode()
        except UnicodeEncodeError:
            return "halves of surrogate pairs"
        return ""

    @abstractmethod
    def _made(self, keys: list[Any]) -> Any:
        """Make the structure of the package of sorted keys, none of which is empty."""

    @abstractmethod
    def _listed(self) -> list[Any]:
        """Return all keys of the package in any order."""

    def _holds(self, key: Any) -> bool:
        """Tell whether the package has a key."""
        return key in self._peer

    def __contains__(self, key: object, /) -> bool:
        if not isinstance(key, self._kind):
            return False
        if not key or len(key) > self.longest:
            return self._has_empty and not key
        try:
            return self._holds(key)
        except UnicodeEncodeError:
            return False

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _sorted(self) -> list[Any]:
        empty = [self._kind()] if self._has_empty else []
        return empty + sorted(self._listed())

    def _find(self, key: Any, /) -> int:
        return bisect_left(self._sorted, key) if key in self else -1

    def _lower(self, key: Any, /) -> int:
        return bisect_left(self._sorted, key)

    def _key(self, rank: int, /) -> Any:
        return self._sorted[rank]

    def _iterate(self, start: int, stop: int, /) -> Iterator[Any]:
        return map(self._sorted.__getitem__, range(start, stop))

    @property
    def key_type(self) -> type[str] | type[bytes]:
        """``str`` or ``bytes``: what the keys are."""
        return self._kind

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        return pack_sorted(self._sorted, text=self._kind is str)

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        keys, text = unpack_sorted(meta, data)
        made = cls.__new__(cls)
        made._bind(keys, str if text else bytes)
        return made
