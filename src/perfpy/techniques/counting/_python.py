"""The reference: what a key does to a counter, in plain Python."""

from __future__ import annotations

import heapq
import threading
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key
from perfpy.hashing._python import MASK, hash64

from ._counter import DistinctCounter, Spec, State
from ._k_minimum_values import KMinimumValues
from ._linear_counting import LinearCounting
from ._loglog import LogLog, SuperLogLog


class PythonCounter(DistinctCounter):
    """A counter that takes keys in one by one."""

    backend = "python"

    def __init__(self, spec: Spec, key: Key | None = None) -> None:
        super().__init__(spec, key)
        self._lock = threading.Lock()
        self._reset(spec.size)

    @abstractmethod
    def _put(self, hash_: int) -> None:
        """Let a hash change what is kept."""

    def add(self, key: object, /) -> None:
        """Add a key."""
        if self._key is not None:
            key = self._key(key)
        hash_ = hash64(key, self.seed)
        with self._lock:
            self._put(hash_)

    def _update(self, keys: Iterable[Any], /) -> None:
        for key in keys:
            hash_ = hash64(key, self.seed)
            with self._lock:
                self._put(hash_)

    def _take(self, hashes: NDArray[np.uint64], /) -> None:
        with self._lock:
            for hash_ in hashes.tolist():
                self._put(hash_)


class _Bytes(PythonCounter):
    """A counter that keeps bytes."""

    def _reset(self, size: int, /) -> None:
        self._bytes = bytearray(self._bytes_of(size))

    @abstractmethod
    def _bytes_of(self, size: int) -> int:
        """Return how many bytes there are."""

    def _state(self) -> State:
        with self._lock:
            return np.frombuffer(bytes(self._bytes), np.uint8)

    def _view(self) -> NDArray[np.uint8]:
        return np.frombuffer(self._bytes, np.uint8)


class PythonLinearCounting(_Bytes, LinearCounting):
    """Bits in bytes, the lowest first."""

    def _bytes_of(self, size: int) -> int:
        return -(-size // 8)

    def _put(self, hash_: int) -> None:
        place = hash_ * self.bits >> 64
        self._bytes[place >> 3] |= 1 << (place & 7)

    def _unite(self, state: State, /) -> None:
        with self._lock:
            mine = self._view()
            np.bitwise_or(mine, state, out=mine)


class PythonLogLog(_Bytes, LogLog):
    """Registers that keep the highest rank."""

    def _bytes_of(self, size: int) -> int:
        return size

    def _put(self, hash_: int) -> None:
        precision = self.precision
        rest = hash_ << precision & MASK
        rank = min(64 - rest.bit_length(), 64 - precision) + 1
        register = hash_ >> 64 - precision
        if rank > self._bytes[register]:
            self._bytes[register] = rank

    def _unite(self, state: State, /) -> None:
        with self._lock:
            mine = self._view()
            np.maximum(mine, state, out=mine)


class PythonSuperLogLog(PythonLogLog, SuperLogLog):
    """The same registers."""


class PythonKMinimumValues(PythonCounter, KMinimumValues):
    """A set of hashes, and a heap with the largest of them on top."""

    def _reset(self, size: int, /) -> None:
        self._minima: set[int] = set()
        self._heap: list[int] = []  # their negatives
        self._most = size

    def _put(self, hash_: int) -> None:
        if hash_ in self._minima:
            return
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, -hash_)
        elif hash_ < -self._heap[0]:
            self._minima.remove(-heapq.heapreplace(self._heap, -hash_))
        else:
            return
        self._minima.add(hash_)

    def _state(self) -> State:
        with self._lock:
            return np.array(sorted(self._minima), np.uint64)
