"""Batches as arrays; where counters depend on each other, they are raised one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy.hashing import batches
from perfpy.hashing._numpy import hash_keys, upper_half

from ._count_min_python import STEP, PythonCountMin


class NumpyCountMin(PythonCountMin):
    """A sketch whose batches are arrays; single keys are as in plain Python."""

    backend = "numpy"

    def _update(self, keys: Iterable[Any], /) -> None:
        for batch in batches(keys):
            try:
                places = self._places(hash_keys(batch, self.seed))
            except TypeError:
                super()._update(batch)  # up to the one that is no key
                raise
            with self._lock:
                if self.conservative:
                    for row in places.T.tolist():
                        self._raise(row, 1)
                else:
                    np.add.at(self._memory, places.ravel(), np.uint64(1))
                    self._memory[0] += np.uint64(len(batch))

    def _look_up(self, keys: Iterable[Any], out: NDArray[np.int64], /) -> None:
        done = 0
        for batch in batches(keys):
            places = self._places(hash_keys(batch, self.seed))
            out[done : done + len(batch)] = self._memory[places].min(axis=0)
            done += len(batch)

    def _places(self, hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Return where the counters of all keys are, a row for each row of the sketch."""
        turned = hashes << np.uint64(32) | hashes >> np.uint64(32)
        step = turned * np.uint64(STEP) | np.uint64(1)
        row = np.arange(self.depth, dtype=np.uint64)[:, np.newaxis]
        column = upper_half(hashes + row * step, np.uint64(self.width))
        return (np.uint64(1) + row * np.uint64(self.width) + column).astype(np.intp)
