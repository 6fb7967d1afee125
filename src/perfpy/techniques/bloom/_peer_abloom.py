"""The package abloom, in C: blocks of a line of the cache, eight probes, hashes that differ by process."""

from __future__ import annotations

from typing import Any

import abloom

from ._peers import PeerBloomFilter


class AbloomFilter(PeerBloomFilter):
    """A filter of abloom."""

    backend = "abloom"
    intersects = False

    @staticmethod
    def _make(capacity: int, error_rate: float) -> Any:
        return abloom.BloomFilter(capacity, error_rate)

    @property
    def layout(self) -> str:
        """``"blocked"``."""
        return "blocked"

    @property
    def bits(self) -> int:
        """Number of bits."""
        return int(self._filter.bit_count)

    @property
    def probes(self) -> int:
        """How many bits belong to a key."""
        return int(self._filter.k)

    def __bool__(self) -> bool:
        return bool(self._filter)
