"""The C extension: a loop over events that draws from numpy's generator directly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perfpy._ext.counting import _morris

from ._morris import MorrisCounter


class CMorrisCounter(MorrisCounter):
    """Counters that are raised in C."""

    backend = "c"

    def _count_all(self, indices: NDArray[np.intp]) -> None:
        source = self._generator.bit_generator
        with source.lock:
            _morris.count(self._registers, self._chances, indices, source.capsule)
