"""What all ExaLogLog sketches can do, whichever backend takes the keys in.

A hash has a *value*: the zeros that it begins with times four, its lowest two bits, and one; so four values
in a row, a *tier*, have the same probability. A register keeps the highest value that was put there, and in a
window of 20 bits which of those just below it were: the value above the window, 28 bits in all.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from perfpy._dispatch import Technique

from . import _likelihood
from ._distinct import DistinctSketch, Registers
from ._likelihood import WINDOW as WINDOW
from ._likelihood import Evidence, highest_value, last_tier

#: Where the highest value would be in the window.
TOP = 1 << WINDOW
WINDOW_MASK = TOP - 1
_PAIR_BYTES = 7


class ExaLogLog(DistinctSketch):
    """Counts different keys, in memory that does not grow with them, and less of it than HyperLogLog.

    Made by `perfpy.exaloglog`. While there are few keys the count is exact; then it has a relative standard
    deviation of ``0.363 / sqrt(2**precision)``. What a sketch holds depends on the set of its keys only: not
    on their order, nor on how often each was added, nor on how they were divided among sketches that were
    united with ``|`` later. Several threads may add to it at once.

    Parameters
    ----------
    spec : Spec
        What sketch it is.
    key : callable, optional
        Makes of what is added what is hashed.
    """

    kind: ClassVar[str] = "ExaLogLog sketch"
    register_bits = 28
    register_type = np.uint32

    @classmethod
    def _technique(cls) -> Technique:
        from . import EXALOGLOG

        return EXALOGLOG

    @abstractmethod
    def _evidence(self, registers: Registers) -> Evidence:
        """Sum up what the registers say about the number of keys."""

    def _estimate(self, registers: Registers) -> float:
        return _likelihood.estimate(self._evidence(registers), self.precision)

    def _interval(self, count: float, level: float) -> tuple[float, float]:
        return _likelihood.interval(count, self.precision, level)

    @staticmethod
    def _folded(registers: Registers, precision: int, wanted: int) -> Registers:
        """Return the registers as they are at a lower precision.

        The upper bits of the register's number now follow the zeros that a hash begins with: they matter for
        the values of the last tier only, whose zeros they go on with.
        """
        if wanted == precision:
            return registers
        groups = registers.reshape(1 << precision - wanted, 1 << wanted)
        result = np.zeros(1 << wanted, np.uint32)
        for upper, group in enumerate(groups):
            zeros = precision - wanted - upper.bit_length()
            unite(result, _with_more_zeros(group, precision, zeros))
        return result

    @staticmethod
    def _packed(registers: Registers) -> NDArray[np.uint8]:
        pairs = registers.astype("<u8").reshape(-1, 2)
        joined = (pairs[:, 0] | pairs[:, 1] << np.uint64(ExaLogLog.register_bits)).astype("<u8")
        return np.ascontiguousarray(joined.view(np.uint8).reshape(-1, 8)[:, :_PAIR_BYTES]).reshape(-1)

    @staticmethod
    def _unpacked(data: NDArray[np.uint8]) -> Registers:
        joined = np.zeros((len(data) // _PAIR_BYTES, 8), np.uint8)
        joined[:, :_PAIR_BYTES] = data.reshape(-1, _PAIR_BYTES)
        pairs = joined.reshape(-1).view("<u8").astype(np.uint64)
        bits = np.uint64(ExaLogLog.register_bits)
        lower = np.uint64((1 << ExaLogLog.register_bits) - 1)
        return np.stack((pairs & lower, pairs >> bits), axis=1).reshape(-1).astype(np.uint32)

    @staticmethod
    def _flaw(registers: Registers, precision: int) -> str | None:
        highest, window = highest_and_window(registers)
        if highest.max() > highest_value(precision):
            return f"a register is at {highest.max()}, and {highest_value(precision)} is the highest value"
        # Where the highest value is low, the window goes on below the first value: with a 1 for 0, and zeros.
        low = highest <= WINDOW
        below = np.uint32(TOP) >> highest[low]
        beginning = (window[low] | np.uint32(TOP)) & (below * np.uint32(2) - np.uint32(1))
        if (beginning != below).any():
            return "a register knows of values that there are not"
        return None


def highest_and_window(registers: Registers) -> tuple[Registers, Registers]:
    """Return the highest values and the windows of registers."""
    return registers >> np.uint32(WINDOW), registers & np.uint32(WINDOW_MASK)


def lowered(registers: Registers, highest: Registers) -> Registers:
    """Return the windows as they are below other highest values, none of which is lower."""
    mine, window = highest_and_window(registers)
    by = np.minimum(highest - mine, np.uint32(WINDOW + 1))
    below: Registers = (window | np.uint32(TOP)) >> by & np.uint32(WINDOW_MASK)
    return below


def unite(mine: Registers, theirs: Registers) -> None:
    """Add the keys of one set of registers to another."""
    highest = np.maximum(mine, theirs) >> np.uint32(WINDOW)
    mine[:] = highest << np.uint32(WINDOW) | lowered(mine, highest) | lowered(theirs, highest)


def _with_more_zeros(registers: Registers, precision: int, zeros: int) -> Registers:
    """Return registers whose values of the last tier have more zeros, and so are farther from the others."""
    start = 4 * last_tier(precision)  # the last value before that tier
    highest, window = highest_and_window(registers)
    moving = highest > start
    if not zeros or not moving.any():
        return registers
    stay = np.uint32(WINDOW + 1) - (highest[moving] - np.uint32(start)).astype(np.uint32)
    seen = window[moving] | np.uint32(TOP)
    rest = seen & (np.uint32(1) << stay) - np.uint32(1)  # values below the last tier
    by = np.uint32(min(4 * zeros, WINDOW + 1))
    moved = registers.copy()
    moved[moving] = (highest[moving] + np.uint32(4 * zeros)) << np.uint32(WINDOW) | (
        (seen ^ rest) & np.uint32(WINDOW_MASK) | rest >> by
    )
    return moved
