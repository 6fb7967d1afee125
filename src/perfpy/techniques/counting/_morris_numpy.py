"""Batches as arrays: an event that has no effect now has none later, so that few are looked at twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._morris import MorrisCounter


class NumpyMorrisCounter(MorrisCounter):
    """Counters that are raised all at once, each by the first event that can do it, and so on."""

    backend = "numpy"

    def _count_all(self, indices: NDArray[np.intp]) -> None:
        registers, chances = self._registers, self._chances
        numbers = self._generator.random(indices.size)
        while True:
            able = numbers < chances[registers[indices]]
            indices, numbers = indices[able], numbers[able]
            raised, first = np.unique(indices, return_index=True)
            if 8 * raised.size < indices.size:  # too many rounds would follow
                self._count_each(indices, numbers)
                return
            if not raised.size:
                return
            registers[raised] += 1
            later = np.ones(indices.size, bool)
            later[first] = False
            indices, numbers = indices[later], numbers[later]

    def _count_each(self, indices: NDArray[np.intp], numbers: NDArray[np.float64]) -> None:
        registers, chances = self._registers, self._chances
        for index, number in zip(indices.tolist(), numbers.tolist(), strict=True):
            if number < chances[registers[index]]:
                registers[index] += 1
