"""Batches as arrays: the positions of all keys are computed at once, and set or tested at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy.hashing import batches
from perfpy.hashing._numpy import hash_keys, upper_half

from ._python import FULL, SALTS, STEP, WORDS, PythonBloomFilter, subsets


class NumpyBloomFilter(PythonBloomFilter):
    """A Bloom filter whose batches are arrays; single keys are as in plain Python."""

    backend = "numpy"

    def _update(self, keys: Iterable[Any], /) -> None:
        if not self._memory.flags.writeable:
            raise ValueError("the filter is read-only, as it was loaded so; change a copy()")
        words = self._memory.view(np.uint32)
        for batch in batches(keys):
            try:
                hashes = hash_keys(batch, self.seed)
            except TypeError:
                super()._update(batch)  # up to the one that is no key
                raise
            places = self._places(hashes)
            if self.layout == "counting":
                self._count(words, places)
            else:
                masks = np.uint32(1) << (places % np.uint64(32)).astype(np.uint32)
                np.bitwise_or.at(words, (places // np.uint64(32)).ravel(), masks.ravel())

    def _count(self, words: NDArray[np.uint32], places: NDArray[np.uint64]) -> None:
        """Raise counters, each as often as it occurs, to 15 at most."""
        numbers, times = np.unique(places, return_counts=True)
        shifts = (numbers % np.uint64(8)).astype(np.uint32) * np.uint32(4)
        index = numbers // np.uint64(8)
        before = words[index] >> shifts & np.uint32(15)
        raised = np.minimum(before + times, FULL).astype(np.uint32) - before
        np.add.at(words, index, raised << shifts)

    def _test(self, keys: Iterable[Any], found: NDArray[np.bool_], /) -> None:
        words = self._memory.view(np.uint32)
        width = 4 if self.layout == "counting" else 1
        per_word, mask = np.uint64(32 // width), np.uint32((1 << width) - 1)
        done = 0
        for batch in batches(keys):
            places = self._places(hash_keys(batch, self.seed))
            shifts = (places % per_word).astype(np.uint32) * np.uint32(width)
            found[done : done + len(batch)] = (words[places // per_word] >> shifts & mask).all(axis=0)
            done += len(batch)

    def _places(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the positions of all keys, a row for each probe."""
        layout, size, probes = self._spec.geometry
        if layout == "classic":
            turned = hashes << np.uint64(32) | hashes >> np.uint64(32)
            step = turned * np.uint64(STEP) | np.uint64(1)
            number = np.arange(probes, dtype=np.uint64)[:, np.newaxis]
            return upper_half(hashes + number * step, np.uint64(size))
        low = hashes.astype(np.uint32)
        salts = np.array(SALTS, np.uint32)
        words = np.array(subsets(probes), np.uint64)[low * salts[WORDS] >> np.uint32(22)].T
        block = upper_half(hashes, np.uint64(size)) * np.uint64(WORDS)
        places: NDArray[np.uint64] = (block + words) * np.uint64(32) + (low * salts[words] >> np.uint32(27))
        return places
