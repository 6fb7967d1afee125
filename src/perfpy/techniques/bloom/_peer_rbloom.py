"""The package rbloom, in Rust: a classic filter of the fewest bits, on the hashes that sets have."""

from __future__ import annotations

from typing import Any

from rbloom import Bloom

from ._peers import PeerBloomFilter


class RbloomFilter(PeerBloomFilter):
    """A filter of rbloom."""

    backend = "rbloom"

    @staticmethod
    def _make(capacity: int, error_rate: float) -> Any:
        return Bloom(capacity, error_rate)

    @property
    def layout(self) -> str:
        """``"classic"``."""
        return "classic"

    @property
    def bits(self) -> int:
        """Number of bits."""
        return int(self._filter.size_in_bits)

    def approximate_count(self) -> float:
        """Estimate from the bits how many different keys were added."""
        return float(self._filter.approx_items)

    def __bool__(self) -> bool:
        return self.approximate_count() > 0
