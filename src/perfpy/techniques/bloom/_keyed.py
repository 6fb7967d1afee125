"""Filters whose keys are made by a function."""

from __future__ import annotations

from typing import Any

from perfpy import _sketch

from ._filter import BloomFilter


class Keyed(_sketch.Keyed, BloomFilter):
    """Makes the key of a single item first; that of many is BloomFilter's own affair."""

    def remove(self, key: Any, /) -> None:
        """Take away the key of an item that was added; only of a counting filter."""
        super().remove(self._key(key))  # type: ignore[safe-super]  # of the class that this is mixed into

    def __contains__(self, key: Any, /) -> bool:
        return super().__contains__(self._key(key))  # type: ignore[safe-super]
