"""The package pybloom-live, in Python: a classic filter in slices, one for each probe.

It hashes what `str` makes of a key, so that 1 and "1" are the same to it, and takes no more keys than its
capacity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pybloom_live

from ._peers import PeerBloomFilter, as_objects


class PybloomFilter(PeerBloomFilter):
    """A filter of pybloom-live."""

    backend = "pybloom-live"

    @staticmethod
    def _make(capacity: int, error_rate: float) -> Any:
        return pybloom_live.BloomFilter(capacity, error_rate)

    def _update(self, keys: Iterable[Any], /) -> None:
        for key in as_objects(keys):
            self._filter.add(key)

    @property
    def layout(self) -> str:
        """``"classic"``."""
        return "classic"

    @property
    def bits(self) -> int:
        """Number of bits."""
        return int(self._filter.num_bits)

    @property
    def probes(self) -> int:
        """How many bits belong to a key."""
        return int(self._filter.num_slices)

    def _same(self, filter_: Any) -> bool:
        return bool(self._filter.bitarray == filter_.bitarray)

    def __bool__(self) -> bool:
        return bool(self._filter.bitarray.any())
