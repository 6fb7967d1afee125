"""The package datasketch, in Python on registers of numpy: HyperLogLog++ with 64-bit hashes from SHA-1.

It takes bytes; of other keys it gets what `str` makes of them, so that 1 and "1" are the same to it.
"""

from __future__ import annotations

from typing import Any

from datasketch import HyperLogLogPlusPlus

from ._peers import PeerHyperLogLog


class DatasketchHyperLogLog(PeerHyperLogLog):
    """A sketch of datasketch."""

    backend = "datasketch"
    most_precision = 16

    @staticmethod
    def _make(precision: int) -> Any:
        return HyperLogLogPlusPlus(precision)

    def _put(self, key: Any) -> None:
        self._sketch.update(key if isinstance(key, bytes) else str(key).encode("utf-8", "surrogatepass"))

    def count(self) -> float:
        """Return about how many different keys were added."""
        return float(self._sketch.count())

    def _united(self, other: Any) -> Any:
        sketch = self._sketch.copy()
        sketch.merge(other)
        return sketch

    def _registers(self) -> bytes:
        return bytes(self._sketch.reg.tobytes())

    def __bool__(self) -> bool:
        return not self._sketch.is_empty()
