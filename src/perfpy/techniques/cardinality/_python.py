"""The reference: what a key does to a sketch, in plain Python."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key
from perfpy.hashing._python import hash64

from ._hyperloglog import HyperLogLog, Spec, State

_MASK = 2**64 - 1


def place(hash_: int, precision: int) -> tuple[int, int]:
    """Return the register of a hash, and its rank there: the zeros its other bits begin with, and one."""
    rest = hash_ << precision & _MASK
    return hash_ >> 64 - precision, min(64 - rest.bit_length(), 64 - precision) + 1


class PythonHyperLogLog(HyperLogLog):
    """A sketch that takes keys in one by one."""

    backend = "python"

    def __init__(self, spec: Spec, key: Key | None = None) -> None:
        super().__init__(spec, key)
        self._lock = threading.Lock()
        self._reset(spec.precision)

    def _reset(self, precision: int, /) -> None:
        self._hashes: set[int] = set()
        self._ranks: NDArray[np.uint8] | None = None
        self._precision = precision

    def add(self, key: object, /) -> None:
        """Add a key."""
        if self._key is not None:
            key = self._key(key)
        self._take_one(hash64(key, self.seed))

    def _update(self, keys: Iterable[Any], /) -> None:
        for key in keys:
            self._take_one(hash64(key, self.seed))

    def _take(self, hashes: NDArray[np.uint64], /) -> None:
        for hash_ in hashes.tolist():
            self._take_one(hash_)

    def _take_one(self, hash_: int) -> None:
        with self._lock:
            if self._ranks is None:
                self._hashes.add(hash_)
                if len(self._hashes) > self._spec.most_hashes:
                    self._make_registers()
            else:
                self._put(self._ranks, hash_)

    def _put(self, ranks: NDArray[np.uint8], hash_: int) -> None:
        register, rank = place(hash_, self._precision)
        if rank > ranks[register]:
            ranks[register] = rank

    def _make_registers(self) -> NDArray[np.uint8]:
        """Go over from hashes to registers."""
        ranks = np.zeros(self._spec.registers, np.uint8)
        for hash_ in self._hashes:
            self._put(ranks, hash_)
        self._hashes.clear()
        self._ranks = ranks
        return ranks

    def _raise(self, ranks: NDArray[np.uint8], /) -> None:
        with self._lock:
            mine = self._make_registers() if self._ranks is None else self._ranks
            np.maximum(mine, ranks, out=mine)

    def _state(self) -> State:
        with self._lock:
            if self._ranks is not None:
                return self._ranks.copy()
            return np.array(sorted(self._hashes), np.uint64)
