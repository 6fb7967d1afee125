"""Batches as arrays: registers and ranks of all keys are computed at once, and the highest ranks kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy.hashing import batches
from perfpy.hashing._numpy import hash_keys

from ._distinct import Registers
from ._exaloglog import TOP, WINDOW, highest_and_window, lowered
from ._likelihood import Evidence, highest_value, level
from ._python import PythonDistinct, PythonExaLogLog, PythonHyperLogLog


class NumpyDistinct(PythonDistinct):
    """A sketch whose batches are arrays; single keys are as in plain Python."""

    backend = "numpy"

    @abstractmethod
    def _put_all(self, registers: Registers, hashes: NDArray[np.uint64]) -> None:
        """Let hashes change their registers."""

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
            if self._registers is None:
                self._hashes.update(np.unique(hashes).tolist())
                if len(self._hashes) > self._most_hashes(self._precision):
                    self._make_registers()
            else:
                self._put_all(self._registers, hashes)

    def _put_hashes(self, registers: Registers) -> None:
        self._put_all(registers, np.fromiter(self._hashes, np.uint64, len(self._hashes)))


class NumpyHyperLogLog(NumpyDistinct, PythonHyperLogLog):
    """Ranks of a batch at once."""

    def _put_all(self, registers: Registers, hashes: NDArray[np.uint64]) -> None:
        bits = np.uint64(self._precision)
        rank = 1 + leading_zeros(hashes << bits | np.uint64(1) << (bits - np.uint64(1)))
        np.maximum.at(registers, (hashes >> (np.uint64(64) - bits)).astype(np.intp), rank.astype(np.uint8))


class NumpyExaLogLog(NumpyDistinct, PythonExaLogLog):
    """Highest values of a batch at once, then the windows below them."""

    def _put_all(self, registers: Registers, hashes: NDArray[np.uint64]) -> None:
        end = np.uint64((1 << self._precision + 2) - 1)
        values = (4 * leading_zeros(hashes | end) + 1).astype(np.uint32) + (hashes & np.uint64(3)).astype(
            np.uint32
        )
        where = (hashes >> np.uint64(2)).astype(np.intp) & (1 << self._precision) - 1
        highest = registers >> np.uint32(WINDOW)
        np.maximum.at(highest, where, values)
        windows = lowered(registers, highest)
        below = highest[where] - values
        inside = (below > 0) & (below <= WINDOW)
        np.bitwise_or.at(windows, where[inside], np.uint32(TOP) >> below[inside])
        registers[:] = highest << np.uint32(WINDOW) | windows

    def _evidence(self, registers: Registers) -> Evidence:
        return evidence(registers, self.precision)


def evidence(registers: Registers, precision: int) -> Evidence:
    """Sum up what the registers say about the number of keys, one place of the window after the other."""
    levels = np.array(
        [0, *(level(value, precision) for value in range(1, highest_value(precision) + 1))], np.uint64
    )
    probability = np.uint64(1) << np.uint64(64 - precision) - levels
    probability[0] = 0
    above = np.append(np.cumsum(probability[:0:-1])[::-1], np.uint64(0))
    highest, window = highest_and_window(registers)
    absent = int(above[highest].sum(dtype=np.uint64))
    occurred = np.bincount(levels[highest[highest > 0]].astype(np.intp), minlength=65 - precision)
    for below in range(1, WINDOW + 1):
        there = highest > below
        values = highest[there] - np.uint32(below)
        seen = (window[there] & np.uint32(TOP >> below)) > 0
        occurred += np.bincount(levels[values[seen]].astype(np.intp), minlength=65 - precision)
        absent += int(probability[values[~seen]].sum(dtype=np.uint64))
    return Evidence(absent, occurred.tolist())


def leading_zeros(numbers: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Return with how many zeros each number begins, none of which is 0."""
    numbers = numbers & ~(numbers >> np.uint64(1))  # is not rounded up to a power of two as a float
    zeros: NDArray[np.int32] = 64 - np.frexp(numbers.astype(np.float64))[1]
    return zeros
