"""The package datasketches of Apache, in C++: HyperLogLog with its own estimator, exact lists while few.

It takes str, float, and int of 64 bits. As long as keys are added one by one its count has an error of
``0.83 / sqrt(2**precision)``, less than that of HyperLogLog, as it depends on the order of the keys; what is
united has lost that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from datasketches import hll_sketch, hll_union, tgt_hll_type

from ._peers import PeerHyperLogLog

#: Words of the header where there are registers.
_REGISTERS = 10


class DatasketchesHyperLogLog(PeerHyperLogLog):
    """A sketch of datasketches."""

    backend = "datasketches"
    most_precision = 21

    @staticmethod
    def _make(precision: int) -> Any:
        return hll_sketch(precision, tgt_hll_type.HLL_8)

    def _put(self, key: Any) -> None:
        if not isinstance(key, (str, int, float)):
            raise TypeError(
                f"keys must be str, int or float with backend {self.backend!r}, not {type(key).__name__}"
            )
        self._sketch.update(key)

    def count(self) -> float:
        """Return about how many different keys were added."""
        return float(self._sketch.get_estimate())

    def _united(self, other: Any) -> Any:
        union = hll_union(self.precision)
        union.update(self._sketch)
        union.update(other)
        return union.get_result(tgt_hll_type.HLL_8)

    def _registers(self) -> bytes:
        """Return what is left when the order of keys has been forgotten: registers, or hashes of few keys."""
        data = self._united(self._make(self.precision)).serialize_compact()
        content = data[4 * data[0] :]  # the first byte counts the words of the header
        return bytes(content if data[0] == _REGISTERS else np.sort(np.frombuffer(content, "<u4")).tobytes())

    @property
    def nbytes(self) -> int:
        """Bytes that the sketch has when it is written as it is in memory."""
        return int(self._sketch.get_updatable_serialization_bytes())

    def __bool__(self) -> bool:
        return not self._sketch.is_empty()
