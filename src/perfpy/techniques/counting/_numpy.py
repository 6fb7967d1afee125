"""Batches as arrays: where all hashes of a batch go is computed at once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy.hashing import batches
from perfpy.hashing._numpy import hash_keys, upper_half

from ._python import (
    PythonCounter,
    PythonKMinimumValues,
    PythonLinearCounting,
    PythonLogLog,
    PythonSuperLogLog,
)


class _Batches(PythonCounter):
    """A counter whose batches are arrays; single keys are as in plain Python."""

    backend = "numpy"

    @abstractmethod
    def _put_all(self, hashes: NDArray[np.uint64]) -> None:
        """Let hashes change what is kept."""

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
            self._put_all(hashes)


class NumpyLinearCounting(_Batches, PythonLinearCounting):
    """Bits of arrays."""

    def _put_all(self, hashes: NDArray[np.uint64]) -> None:
        places = upper_half(hashes, np.uint64(self.bits))
        bits = np.left_shift(1, places & np.uint64(7), dtype=np.uint64).astype(np.uint8)
        np.bitwise_or.at(self._view(), (places >> np.uint64(3)).astype(np.intp), bits)


class NumpyLogLog(_Batches, PythonLogLog):
    """Registers of arrays."""

    def _put_all(self, hashes: NDArray[np.uint64]) -> None:
        bits = np.uint64(self.precision)
        rest = hashes << bits | np.uint64(1) << (bits - np.uint64(1))  # with an end to its zeros
        rest &= ~(rest >> np.uint64(1))  # so that it is not rounded up to a power of two as a float
        rank = (65 - np.frexp(rest.astype(np.float64))[1]).astype(np.uint8)
        np.maximum.at(self._view(), (hashes >> (np.uint64(64) - bits)).astype(np.intp), rank)


class NumpySuperLogLog(NumpyLogLog, PythonSuperLogLog):
    """The same registers."""


class NumpyKMinimumValues(_Batches, PythonKMinimumValues):
    """Only what is small enough becomes numbers of Python."""

    def _put_all(self, hashes: NDArray[np.uint64]) -> None:
        if len(self._heap) == self._most:
            hashes = hashes[hashes < np.uint64(-self._heap[0])]
        for hash_ in np.unique(hashes)[: self._most].tolist():
            self._put(hash_)
