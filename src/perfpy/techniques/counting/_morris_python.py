"""The reference: what an event does to a counter, in plain Python."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._morris import MorrisCounter


class PythonMorrisCounter(MorrisCounter):
    """Counters that are raised one by one."""

    backend = "python"

    def _count_all(self, indices: NDArray[np.intp]) -> None:
        registers, chances, random = self._registers, self._chances, self._generator.random
        for index in indices.tolist():
            if random() < chances[registers[index]]:
                registers[index] += 1
