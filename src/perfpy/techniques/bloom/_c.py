"""The C extension: batches of keys are hashed, prefetched and set; single keys need no frame of Python."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perfpy._ext.bloom import _c
from perfpy._ext.bloom._c import ISA as ISA
from perfpy._sketch import Key

from ._filter import BloomFilter, Spec
from ._keyed import Keyed
from ._sizing import LAYOUT_NUMBERS


class CBloomFilter(_c.Filter, BloomFilter):
    """A Bloom filter whose bits are set and tested in C."""

    __slots__ = ("__weakref__", "_key", "_memory", "_spec")
    backend = "c"

    def __new__(cls, spec: Spec, memory: NDArray[np.uint64], key: Key | None = None) -> CBloomFilter:
        """Bind the memory; a filter with a key function has a class of its own."""
        kind = KeyedCBloomFilter if key is not None else CBloomFilter
        layout, size, probes = spec.geometry
        made = super().__new__(kind, memory, LAYOUT_NUMBERS[layout], size, probes, spec.seed)
        assert isinstance(made, CBloomFilter)
        return made


class KeyedCBloomFilter(Keyed, CBloomFilter):
    """A Bloom filter in C whose keys are made by a function."""
