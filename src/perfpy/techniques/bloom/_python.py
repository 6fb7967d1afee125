"""The reference: where the bits of a key are, in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key
from perfpy.hashing._python import GOLDEN, MASK, hash64, mix

from ._filter import BloomFilter, Spec

WORDS = 16  # of 32 bits, in a block
SALTS = [mix(i * GOLDEN & MASK) >> 32 | 1 for i in range(1, WORDS + 2)]
STEP = 0xD1342543DE82EF95
FULL = 15

_LOW = 0xFFFFFFFF


@cache
def subsets(probes: int) -> list[list[int]]:
    """Return 1024 sets of as many words as there are probes: random ones, each turned around all words."""
    found = []
    random = 0
    for _ in range(1024 // WORDS):
        chosen: set[int] = set()
        while len(chosen) < probes:
            random = random + GOLDEN & MASK
            chosen.add(mix(random) >> 60)
        found += [sorted((word + turn) % WORDS for word in chosen) for turn in range(WORDS)]
    return found


def positions(hash_: int, spec: Spec) -> Iterator[int]:
    """Yield the numbers of the bits, or counters, of a key with this hash."""
    layout, size, probes = spec.geometry
    if layout == "classic":
        turned = (hash_ << 32 | hash_ >> 32) & MASK
        step = turned * STEP & MASK | 1
        for probe in range(probes):
            yield ((hash_ + probe * step) & MASK) * size >> 64
    else:
        block = hash_ * size >> 64
        low = hash_ & _LOW
        for word in subsets(probes)[(low * SALTS[WORDS] & _LOW) >> 22]:
            yield (block * WORDS + word) * 32 + ((low * SALTS[word] & _LOW) >> 27)


class PythonBloomFilter(BloomFilter):
    """A Bloom filter whose bits are set and tested one by one."""

    backend = "python"

    def __init__(self, spec: Spec, memory: NDArray[np.uint64], key: Key | None = None) -> None:
        super().__init__(spec, memory, key)
        self._words = memory.data.cast("B").cast("I")

    def add(self, key: object, /) -> None:
        """Add a key."""
        self._change(self._positions(key), 1)

    def remove(self, key: object, /) -> None:
        """Take away a key that was added; only of a counting filter."""
        if self.layout != "counting":
            raise TypeError("only a counting filter can remove keys; make one with counting=True")
        if key not in self:
            raise KeyError(key)
        self._change(self._positions(key), -1)

    def __contains__(self, key: object, /) -> bool:
        width = 4 if self.layout == "counting" else 1
        per_word = 32 // width
        mask = (1 << width) - 1
        return all(
            self._words[place // per_word] >> place % per_word * width & mask
            for place in self._positions(key)
        )

    def _positions(self, key: object) -> Iterator[int]:
        if self._key is not None:
            key = self._key(key)
        return positions(hash64(key, self._spec.seed), self._spec)

    def _change(self, places: Iterable[int], by: int) -> None:
        if self._words.readonly:
            raise ValueError("the filter is read-only, as it was loaded so; change a copy()")
        for place in places:
            if self.layout != "counting":
                self._words[place // 32] |= 1 << place % 32
                continue
            shift = place % 8 * 4
            counter = self._words[place // 8] >> shift & 15
            if counter != FULL:
                self._words[place // 8] += by << shift

    def _update(self, keys: Iterable[Any], /) -> None:
        for key in keys:
            self._change(positions(hash64(key, self._spec.seed), self._spec), 1)

    def _test(self, keys: Iterable[Any], found: NDArray[np.bool_], /) -> None:
        plain = PythonBloomFilter(self._spec, self._memory)
        for index, key in enumerate(keys):
            found[index] = key in plain
