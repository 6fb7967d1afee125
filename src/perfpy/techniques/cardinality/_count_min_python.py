"""The reference: where the counters of a key are, in plain Python."""

from __future__ import annotations

import operator
import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key
from perfpy.hashing._python import MASK, hash64

from ._count_min import MOST_TOTAL, CountMin, Spec

STEP = 0xD1342543DE82EF95


def positions(hash_: int, spec: Spec) -> list[int]:
    """Return where the counters of a hash are, one in each row, counted from the total on."""
    turned = (hash_ << 32 | hash_ >> 32) & MASK
    step = turned * STEP & MASK | 1
    return [
        1 + row * spec.width + (((hash_ + row * step) & MASK) * spec.width >> 64) for row in range(spec.depth)
    ]


class PythonCountMin(CountMin):
    """A sketch whose counters are raised one by one."""

    backend = "python"

    def __init__(self, spec: Spec, memory: NDArray[np.uint64], key: Key | None = None) -> None:
        super().__init__(spec, memory, key)
        self._words = memory.data.cast("B").cast("Q")
        self._lock = threading.Lock()

    def add(self, key: object, count: int = 1, /) -> None:
        """Count a key, once or some times."""
        if self._key is not None:
            key = self._key(key)
        times = operator.index(count)
        if not 1 <= times <= MOST_TOTAL:
            raise ValueError(f"count must be from 1 to 2**63 - 1, not {count}")
        places = positions(hash64(key, self.seed), self._spec)
        with self._lock:
            if self._words[0] + times > MOST_TOTAL:
                raise OverflowError("count must keep the total below 2**63")
            self._raise(places, times)

    def _raise(self, places: Iterable[int], times: int) -> None:
        words = self._words
        words[0] += times
        if self.conservative:
            places = list(places)
            raised = min(words[place] for place in places) + times
            for place in places:
                words[place] = max(words[place], raised)
        else:
            for place in places:
                words[place] += times

    def count(self, key: object, /) -> int:
        """Return how often a key was added: never too low, seldom too high."""
        if self._key is not None:
            key = self._key(key)
        return self._least(key)

    def _least(self, key: object) -> int:
        return min(self._words[place] for place in positions(hash64(key, self.seed), self._spec))

    def _update(self, keys: Iterable[Any], /) -> None:
        for key in keys:
            places = positions(hash64(key, self.seed), self._spec)
            with self._lock:
                self._raise(places, 1)

    def _look_up(self, keys: Iterable[Any], out: NDArray[np.int64], /) -> None:
        for index, key in enumerate(keys):
            out[index] = self._least(key)
