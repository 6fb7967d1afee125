"""A filter that grows: layers, each larger and stricter than the one before.

P. Almeida, C. Baquero, N. Preguica, D. Hutchison, "Scalable Bloom Filters", Information Processing Letters
101, 2007. Layer i has 4**i times the capacity and 2**-(i + 1) times the error rate, so that the rates of all
layers there can ever be add up to less than the nominal one. Layers are few, as each holds three times what
all before it hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key
from perfpy.hashing import Counted, plain

from ._filter import BloomFilter

#: Makes an empty filter for a capacity and an error rate.
Maker: TypeAlias = Callable[[int, float], BloomFilter]

_GROWTH = 4
_TIGHTENING = 0.5
_BATCH = 4096


class ScalableBloomFilter:
    """A Bloom filter for any number of keys, at an error rate that holds for all of them together.

    Made by ``perfpy.bloom_filter(..., scalable=True)``. A key that is found already is not added again, so
    that only different keys make it grow.

    Parameters
    ----------
    make : callable
        Makes a layer.
    capacity : int
        Of the first layer.
    error_rate : float
        Of all layers together.
    key : callable, optional
        Makes of what is added or looked for what is hashed.
    """

    def __init__(self, make: Maker, capacity: int, error_rate: float, key: Key | None = None) -> None:
        self._make = make
        self._capacity = capacity
        self._error_rate = error_rate
        self._key = key
        self.clear()

    def clear(self) -> None:
        """Take out all keys, and shrink to one layer."""
        self._layers: list[BloomFilter] = []
        self._grow()

    def _grow(self) -> None:
        depth = len(self._layers)
        self._room = self._capacity * _GROWTH**depth
        self._layers.append(self._make(self._room, self._error_rate * _TIGHTENING ** (depth + 1)))

    def _used(self, count: int) -> None:
        self._room -= count
        if self._room <= 0:
            self._grow()

    def add(self, key: object, /) -> None:
        """Add a key."""
        if self._key is not None:
            key = self._key(key)
        if not any(key in layer for layer in reversed(self._layers)):
            self._layers[-1].add(key)
            self._used(1)

    def __contains__(self, key: object, /) -> bool:
        if self._key is not None:
            key = self._key(key)
        return any(key in layer for layer in reversed(self._layers))

    def update(self, items: Iterable[Any]) -> None:
        """Add all keys of an iterable, or of a 1-D array or column of numbers, str or bytes."""
        keys = plain(items if self._key is None else map(self._key, items))
        if not isinstance(keys, (list, tuple, np.ndarray)):
            while batch := list(islice(keys, _BATCH)):
                self._add_batch(batch)
            return
        for start in range(0, len(keys), _BATCH):
            self._add_batch(keys[start : start + _BATCH])

    def _add_batch(self, keys: Counted) -> None:
        new = np.flatnonzero(~self._find(keys))
        while new.size:
            chosen, new = new[: self._room], new[self._room :]
            part = keys[chosen] if isinstance(keys, np.ndarray) else [keys[i] for i in chosen]
            self._layers[-1].update(part)
            self._used(chosen.size)

    def contains(self, items: Iterable[Any]) -> NDArray[np.bool_]:
        """Look up all keys of an iterable, array or column; return whether each is in the filter."""
        keys = plain(items if self._key is None else map(self._key, items))
        return self._find(keys if isinstance(keys, (list, tuple, np.ndarray)) else list(keys))

    def _find(self, keys: Counted) -> NDArray[np.bool_]:
        found = np.zeros(len(keys), np.bool_)
        for layer in self._layers:
            found |= layer.contains(keys)
        return found

    @property
    def layers(self) -> tuple[BloomFilter, ...]:
        """The layers, oldest first."""
        return tuple(self._layers)

    @property
    def capacity(self) -> int:
        """For how many keys there is room before it grows next."""
        return sum(layer.capacity for layer in self._layers)

    @property
    def error_rate(self) -> float:
        """Highest rate of keys that are found though they were not added, however many were."""
        return self._error_rate

    @property
    def bits(self) -> int:
        """Number of bits of all layers."""
        return sum(layer.bits for layer in self._layers)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the bits take."""
        return sum(layer.nbytes for layer in self._layers)

    @property
    def fill_ratio(self) -> float:
        """Part of the bits that are set."""
        return sum(layer.fill_ratio * layer.bits for layer in self._layers) / self.bits

    def approximate_count(self) -> float:
        """Estimate from the bits how many different keys were added."""
        return sum(layer.approximate_count() for layer in self._layers)

    def expected_error(self) -> float:
        """Return the probability, by the bits as they are now, that a key is found which was not added."""
        return 1 - math.prod(1 - layer.expected_error() for layer in self._layers)

    def copy(self) -> ScalableBloomFilter:
        """Return a filter with the same keys that can be changed by itself."""
        return self._with([layer.copy() for layer in self._layers], self._room)

    def _with(self, layers: list[BloomFilter], room: int) -> ScalableBloomFilter:
        other = ScalableBloomFilter.__new__(ScalableBloomFilter)
        other.__dict__.update(self.__dict__, _layers=layers, _room=room)
        return other

    def __eq__(self, other: object) -> bool:
        """Tell whether two filters have equal layers."""
        return self._layers == other._layers if isinstance(other, ScalableBloomFilter) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __bool__(self) -> bool:
        """Tell whether any key was added."""
        return any(map(bool, self._layers))

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} at error rate {self.error_rate:g}: about "
            f"{round(self.approximate_count()):,} keys, {len(self._layers)} layers, {self.nbytes:,} bytes>"
        )
