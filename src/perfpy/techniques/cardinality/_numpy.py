"""Batches as arrays: registers and ranks of all keys are computed at once, and the highest ranks kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy.hashing import batches
from perfpy.hashing._numpy import hash_keys

from ._python import PythonHyperLogLog


class NumpyHyperLogLog(PythonHyperLogLog):
    """A sketch whose batches are arrays; single keys are as in plain Python."""

    backend = "numpy"

    def _update(self, keys: Iterable[Any], /) -> None:
        for batch in batches(keys):
            try:
                hashes = hash_keys(batch, self.seed)
            except TypeError:
                super()._update(batch)  # up to the one that is no key
                raise
            self._take(hashes)

    def _take(self, hashes: NDArray[np.uint64], /) -> None:
        with self._lock:
            if self._ranks is None:
                self._hashes.update(np.unique(hashes).tolist())
                if len(self._hashes) > self._spec.most_hashes:
                    self._make_registers()
            else:
                self._put_all(self._ranks, hashes)

    def _make_registers(self) -> NDArray[np.uint8]:
        ranks = np.zeros(self._spec.registers, np.uint8)
        self._put_all(ranks, np.fromiter(self._hashes, np.uint64, len(self._hashes)))
        self._hashes.clear()
        self._ranks = ranks
        return ranks

    def _put_all(self, ranks: NDArray[np.uint8], hashes: NDArray[np.uint64]) -> None:
        bits = np.uint64(self._precision)
        rest = hashes << bits | np.uint64(1) << (bits - np.uint64(1))  # with an end to its zeros
        rest &= ~(rest >> np.uint64(1))  # so that it is not rounded up to a power of two as a float
        rank = (65 - np.frexp(rest.astype(np.float64))[1]).astype(np.uint8)
        np.maximum.at(ranks, (hashes >> (np.uint64(64) - bits)).astype(np.intp), rank)
