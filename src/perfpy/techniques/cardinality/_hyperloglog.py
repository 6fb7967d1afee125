"""What all HyperLogLog sketches can do, whichever backend takes the keys in."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from perfpy._dispatch import Technique

from . import _estimate
from ._distinct import DistinctSketch, Registers


class HyperLogLog(DistinctSketch):
    """Counts different keys, in memory that does not grow with them.

    Made by `perfpy.hyperloglog`. While there are few keys the count is exact; then it has a relative standard
    deviation of ``1.04 / sqrt(2**precision)``. What a sketch holds depends on the set of its keys only: not
    on their order, nor on how often each was added, nor on how they were divided among sketches that were
    united with ``|`` later. Several threads may add to it at once.

    Parameters
    ----------
    spec : Spec
        What sketch it is.
    key : callable, optional
        Makes of what is added what is hashed.
    """

    kind: ClassVar[str] = "HyperLogLog sketch"
    register_bits = 8
    register_type = np.uint8

    @classmethod
    def _technique(cls) -> Technique:
        from . import HYPERLOGLOG

        return HYPERLOGLOG

    def _estimate(self, registers: Registers) -> float:
        counts = np.bincount(registers, minlength=highest_rank(self.precision) + 1)
        return _estimate.estimate(counts.tolist())

    def _interval(self, count: float, level: float) -> tuple[float, float]:
        return _estimate.interval(count, self.precision, level)

    @staticmethod
    def _folded(registers: Registers, precision: int, wanted: int) -> Registers:
        """Return the registers as they are at a lower precision.

        Of a hash, bits that chose the register now precede the rest: where they are not all 0, they alone say
        the rank, and else they add as many zeros to it.
        """
        fewer = precision - wanted
        moved = np.arange(1 << fewer)
        lead = fewer - np.frexp(moved)[1]  # zeros that the moved bits begin with
        groups = registers.reshape(1 << wanted, 1 << fewer)
        raised = np.where(moved > 0, lead + 1, groups + fewer)
        result: Registers = np.where(groups > 0, raised, 0).max(axis=1).astype(np.uint8)
        return result

    @staticmethod
    def _packed(registers: Registers) -> NDArray[np.uint8]:
        return registers

    @staticmethod
    def _unpacked(data: NDArray[np.uint8]) -> Registers:
        return data

    @staticmethod
    def _flaw(registers: Registers, precision: int) -> str | None:
        highest = registers.max()
        if highest <= highest_rank(precision):
            return None
        return f"a register is at {highest}, and {highest_rank(precision)} is the highest rank"


def highest_rank(precision: int) -> int:
    """Return the rank of a hash whose bits are all 0."""
    return 65 - precision
