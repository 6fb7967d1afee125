"""The C extension: batches of keys are hashed, and their counters prefetched where they are far."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy._ext.cardinality import _count_min
from perfpy._ext.cardinality._count_min import ISA as ISA
from perfpy._sketch import Key

from ._count_min import CountMin, Spec


class CCountMin(_count_min.CountMin, CountMin):
    """A sketch whose counters are raised in C."""

    backend = "c"

    def __new__(cls, spec: Spec, memory: NDArray[np.uint64], key: Key | None = None) -> CCountMin:
        """Bind the memory; a sketch with a key function has a class of its own."""
        kind = KeyedCCountMin if key is not None else CCountMin
        made = super().__new__(kind, memory, spec.width, spec.depth, spec.conservative, spec.seed)
        assert isinstance(made, CCountMin)
        return made


class KeyedCCountMin(CCountMin):
    """A sketch in C whose keys are made by a function."""

    _key: Key

    def add(self, key: Any, count: int = 1, /) -> None:
        """Count the key of an item, once or some times."""
        super().add(self._key(key), count)

    def count(self, key: Any, /) -> int:
        """Return how often the key of an item was added."""
        return super().count(self._key(key))
