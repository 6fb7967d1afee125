"""The reference: what a key does to a sketch, in plain Python."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key
from perfpy.hashing._python import hash64

from ._distinct import DistinctSketch, Registers, Spec, State
from ._exaloglog import TOP, WINDOW, WINDOW_MASK, ExaLogLog, unite
from ._hyperloglog import HyperLogLog
from ._likelihood import Evidence, highest_value, level

_MASK = 2**64 - 1


class PythonDistinct(DistinctSketch):
    """A sketch that takes keys in one by one."""

    backend = "python"

    def __init__(self, spec: Spec, key: Key | None = None) -> None:
        super().__init__(spec, key)
        self._lock = threading.Lock()
        self._reset(spec.precision)

    @abstractmethod
    def _put(self, registers: Registers, hash_: int) -> None:
        """Let a hash change its register."""

    @abstractmethod
    def _unite(self, mine: Registers, theirs: Registers) -> None:
        """Add the keys of one set of registers to another."""

    def _reset(self, precision: int, /) -> None:
        self._hashes: set[int] = set()
        self._registers: Registers | None = None
        self._precision = precision

    def add(self, key: object, /) -> None:
        """Add a key."""
        if self._key is not None:
            key = self._key(key)
        self._take_one(hash64(key, self.seed))

    def _update(self, keys: Iterable[Any], /) -> None:
        for key in keys:
            self._take_one(hash64(key, self.seed))

    def _take(self, hashes: NDArray[np.uint64], /) -> None:
        for hash_ in hashes.tolist():
            self._take_one(hash_)

    def _take_one(self, hash_: int) -> None:
        with self._lock:
            if self._registers is None:
                self._hashes.add(hash_)
                if len(self._hashes) > self._most_hashes(self._precision):
                    self._make_registers()
            else:
                self._put(self._registers, hash_)

    def _make_registers(self) -> Registers:
        """Go over from hashes to registers."""
        registers = np.zeros(1 << self._precision, self.register_type)
        self._put_hashes(registers)
        self._hashes.clear()
        self._registers = registers
        return registers

    def _put_hashes(self, registers: Registers) -> None:
        for hash_ in self._hashes:
            self._put(registers, hash_)

    def _absorb_registers(self, registers: Registers, /) -> None:
        with self._lock:
            mine = self._make_registers() if self._registers is None else self._registers
            self._unite(mine, registers)

    def _state(self) -> State:
        with self._lock:
            if self._registers is not None:
                return self._registers.copy()
            return np.array(sorted(self._hashes), np.uint64)


class PythonHyperLogLog(PythonDistinct, HyperLogLog):
    """Registers that keep the highest rank of what was put there."""

    def _put(self, registers: Registers, hash_: int) -> None:
        register, rank = place(hash_, self._precision)
        if rank > registers[register]:
            registers[register] = rank

    def _unite(self, mine: Registers, theirs: Registers) -> None:
        np.maximum(mine, theirs, out=mine)


def place(hash_: int, precision: int) -> tuple[int, int]:
    """Return the register of a hash, and its rank there: the zeros its other bits begin with, and one."""
    rest = hash_ << precision & _MASK
    return hash_ >> 64 - precision, min(64 - rest.bit_length(), 64 - precision) + 1


class PythonExaLogLog(PythonDistinct, ExaLogLog):
    """Registers that keep the highest value, and a window of those below it."""

    def _put(self, registers: Registers, hash_: int) -> None:
        register, value = register_and_value(hash_, self._precision)
        content = int(registers[register])
        highest, window = content >> WINDOW, content & WINDOW_MASK | TOP
        if value > highest:
            registers[register] = value << WINDOW | window >> value - highest
        elif value < highest:
            registers[register] = content | TOP >> highest - value

    def _unite(self, mine: Registers, theirs: Registers) -> None:
        unite(mine, theirs)

    def _evidence(self, registers: Registers) -> Evidence:
        precision = self.precision
        probability = [0] + [
            1 << 64 - precision - level(value, precision) for value in range(1, highest_value(precision) + 1)
        ]
        absent = 0
        occurred = [0] * (65 - precision)
        for content in registers.tolist():
            highest, window = content >> WINDOW, content & WINDOW_MASK | TOP
            absent += sum(probability[highest + 1 :])
            for value in range(max(1, highest - WINDOW), highest + 1):
                if window << highest - value & TOP:
                    occurred[level(value, precision)] += 1
                else:
                    absent += probability[value]
        return Evidence(absent, occurred)


def register_and_value(hash_: int, precision: int) -> tuple[int, int]:
    """Return the register of a hash, and its value there."""
    zeros = 64 - (hash_ | (1 << precision + 2) - 1).bit_length()
    return hash_ >> 2 & (1 << precision) - 1, 4 * zeros + (hash_ & 3) + 1
