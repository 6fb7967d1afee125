"""Filters whose keys are made by a function."""

from __future__ import annotations

from typing import Any

from ._filter import BloomFilter, Key


class Keyed(BloomFilter):
    """Makes the key of a single item first; that of many is BloomFilter's own affair."""

    _key: Key

    def add(self, key: Any, /) -> None:
        """Add the key of an item."""
        super().add(self._key(key))  # type: ignore[safe-super]  # of the class that this is mixed into

    def remove(self, key: Any, /) -> None:
        """Take away the key of an item that was added; only of a counting filter."""
        super().remove(self._key(key))  # type: ignore[safe-super]

    def __contains__(self, key: Any, /) -> bool:
        return super().__contains__(self._key(key))  # type: ignore[safe-super]
