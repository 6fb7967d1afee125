"""A filter that grows: layers, each larger and stricter than the one before."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from perfpy._container import unpack
from perfpy._dispatch import Technique
from perfpy._sketch import Key, Sketch, available
from perfpy.hashing import Counted, counted, hash_keys, is_iterator

from ._filter import BloomFilter, Spec, empty_memory
from ._growth import Growth, content, parts_from

if TYPE_CHECKING:
    from typing_extensions import Buffer

_BATCH = 4096


class ScalableBloomFilter(Sketch):
    """A Bloom filter for any number of keys, at an error rate that holds for all of them together.

    Made by ``perfpy.bloom_filter(..., scalable=True)``. A key that is found already is not added again, so
    that only different keys make it grow. Filters that grow alike can be united with ``|``. Several threads
    may add to it at once, in turns.

    Parameters
    ----------
    kernel : type
        Class of the layers, which is that of a backend.
    growth : Growth
        What layers it has.
    key : callable, optional
        Makes of what is added or looked for what is hashed.
    """

    kind: ClassVar[str] = "scalable Bloom filter"

    def __init__(
        self,
        kernel: type[BloomFilter],
        growth: Growth,
        key: Key | None = None,
        *,
        layers: list[BloomFilter] | None = None,
        room: int = 0,
    ) -> None:
        self._kernel = kernel
        self._growth = growth
        self._key = key
        self._lock = threading.Lock()
        self._layers = layers or []
        self._room = room
        if not self._layers:
            self.clear()

    @classmethod
    def _technique(cls) -> Technique:
        from . import BLOOM_FILTER

        return BLOOM_FILTER

    @property
    def backend(self) -> str:  # type: ignore[override]  # that of the layers
        """Name of the backend."""
        return self._kernel.backend

    def clear(self) -> None:
        """Take out all keys, and shrink to one layer."""
        with self._lock:
            self._layers = []
            self._grow(self._growth.spec(0))

    def _grow(self, spec: Spec) -> None:
        self._layers.append(self._kernel(spec, empty_memory(spec.geometry)))
        self._room = spec.capacity

    def _used(self, count: int) -> None:
        self._room -= count
        if self._room <= 0:
            self._grow(self._growth.after(self._layers[-1]))

    def _undividable(self) -> str:
        return "a filter with scalable=True, which grows by the order of the keys"

    def add(self, key: object, /) -> None:
        """Add a key."""
        if self._key is not None:
            key = self._key(key)
        with self._lock:
            if not any(key in layer for layer in reversed(self._layers)):
                self._layers[-1].add(key)
                self._used(1)

    def __contains__(self, key: object, /) -> bool:
        if self._key is not None:
            key = self._key(key)
        return any(key in layer for layer in reversed(self._layers))

    def _update(self, keys: Iterable[Any], /) -> None:
        """Add keys from a source that is plain."""
        if is_iterator(keys):
            while batch := list(islice(keys, _BATCH)):
                self._add_batch(batch)
            return
        known = counted(keys)
        for start in range(0, len(known), _BATCH):
            self._add_batch(known[start : start + _BATCH])

    def _add_batch(self, keys: Counted) -> None:
        with self._lock:
            new = np.flatnonzero(~self._find(keys))
            hashes = hash_keys(_chosen(keys, new), self.seed)
            if np.unique(hashes).size < new.size:  # some are there more than once
                new = new[np.sort(np.unique(hashes, return_index=True)[1])]
            while new.size:
                now, new = new[: self._room], new[self._room :]
                self._layers[-1].update(_chosen(keys, now))
                self._used(now.size)

    def contains(self, items: Iterable[Any]) -> NDArray[np.bool_]:
        """Look up all keys of an iterable, array or column; return whether each is in the filter."""
        return self._find(counted(items if self._key is None else map(self._key, items)))

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
        """Highest rate of keys that are found though they were not added, however many were.

        That of a union may be higher than that of the filters it was made of, by the rates of those layers
        that did not fit into one.
        """
        again = (layer for before, layer in pairwise(self._layers) if before.capacity == layer.capacity)
        return self._growth.error_rate + sum(layer.error_rate for layer in again)

    @property
    def layout(self) -> str:
        """``"blocked"`` or ``"classic"``."""
        return self._growth.layout

    @property
    def seed(self) -> int:
        """Seed of the hash."""
        return self._growth.seed

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

    def copy(self) -> Self:
        """Return a filter with the same keys that can be changed by itself."""
        other = type(self)(self._kernel, self._growth, self._key)
        with self._lock:
            other._layers = [layer.copy() for layer in self._layers]
            other._room = self._room
        return other

    def __or__(self, other: object) -> Self:
        return self.copy().__ior__(other)

    def __ior__(self, other: object) -> Self:
        if not isinstance(other, ScalableBloomFilter):
            return NotImplemented
        if self._growth != other._growth:
            raise ValueError(
                f"filters must have the same capacity, error rate, layout and seed: {tuple(self._growth)} is "
                f"not {tuple(other._growth)}"
            )
        theirs = other.copy()._layers
        with self._lock:
            for layer in theirs:
                self._take_in(layer)
            self._layers.sort(key=lambda layer: (layer.capacity, -layer.approximate_count()))
            last = self._layers[-1]
            self._room = last.capacity
            self._used(math.ceil(last.approximate_count()))
        return self

    def _take_in(self, layer: BloomFilter) -> None:
        """Unite a layer with one that has room for its keys, or keep it beside the others."""
        for i, mine in enumerate(self._layers):
            if mine.capacity == layer.capacity:
                both = mine | layer
                if both.expected_error() <= max(
                    mine.error_rate, mine.expected_error(), layer.expected_error()
                ):
                    self._layers[i] = both
                    return
        self._layers.append(layer)

    def __and__(self, other: object) -> Self:
        if not isinstance(other, ScalableBloomFilter):
            return NotImplemented
        raise ValueError(
            "filters that grow cannot be intersected, as a key may be in layers of different sizes; make "
            "filters with scalable=False"
        )

    __iand__ = __and__

    def __eq__(self, other: object) -> bool:
        """Tell whether two filters grow alike and have equal layers."""
        if not isinstance(other, ScalableBloomFilter):
            return NotImplemented
        return self._growth == other._growth and self._layers == other._layers

    __hash__ = None

    def __bool__(self) -> bool:
        """Tell whether any key was added."""
        return any(map(bool, self._layers))

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} at error rate {self.error_rate:g}: about "
            f"{round(self.approximate_count()):,} keys, {len(self._layers)} layers, {self.nbytes:,} bytes>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        with self._lock:
            return content(self._growth, self._room, self._layers)

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview, backend: str = "auto") -> Self:
        kernel = available(cls, backend)
        growth, room, layers = parts_from(meta, data, kernel)
        return cls(kernel, growth, layers=layers, room=room)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.backend, self.to_bytes())


def _chosen(keys: Counted, places: NDArray[np.int64]) -> Counted:
    """Return the keys at some places."""
    return keys[places] if isinstance(keys, np.ndarray) else [keys[i] for i in places]


def _restored(backend: str, data: bytes) -> ScalableBloomFilter:
    """Unpickle one, with another backend where its own is not there."""
    return ScalableBloomFilter._restore(*unpack(ScalableBloomFilter.kind, data), backend)
