"""The loops over words compiled by Cython, once per instruction set like the C kernel."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perfpy._ext.bloom._c import ISA as ISA
from perfpy._sketch import Key

from ._filter import BloomFilter, Spec
from ._keyed import Keyed
from ._sizing import LAYOUT_NUMBERS

if TYPE_CHECKING:
    from perfpy._ext.bloom._cython import Filter
else:
    Filter = import_module("perfpy._ext.bloom._cython" + ("" if ISA == "baseline" else f"_{ISA}")).Filter


class CythonBloomFilter(Filter, BloomFilter):
    """A Bloom filter whose bits are set and tested in Cython."""

    __slots__ = ("__weakref__", "_key", "_memory", "_spec")
    backend = "cython"

    def __new__(cls, spec: Spec, memory: NDArray[np.uint64], key: Key | None = None) -> CythonBloomFilter:
        """Bind the memory; a filter with a key function has a class of its own."""
        kind = KeyedCythonBloomFilter if key is not None else CythonBloomFilter
        layout, size, probes = spec.geometry
        made = super().__new__(kind, memory, LAYOUT_NUMBERS[layout], size, probes, spec.seed)
        assert isinstance(made, CythonBloomFilter)
        return made


class KeyedCythonBloomFilter(Keyed, CythonBloomFilter):
    """A Bloom filter in Cython whose keys are made by a function."""
