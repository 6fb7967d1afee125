"""The C extension: batches of keys are hashed and sifted, and few of them go to the registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfpy import _sketch
from perfpy._ext.cardinality import _c
from perfpy._ext.cardinality._c import ISA as ISA
from perfpy._sketch import Key

from ._distinct import DistinctSketch, Registers, Spec, State
from ._exaloglog import ExaLogLog
from ._hyperloglog import HyperLogLog
from ._likelihood import Evidence

_LEVELS = 61

if TYPE_CHECKING:

    class _Native(_c._Distinct, DistinctSketch):
        """What the types of C have in common."""

else:
    _Native = DistinctSketch


class CDistinct(_Native):
    """A sketch that takes keys in in C."""

    backend = "c"

    def _state(self) -> State:
        has_registers, content = self._read()
        if has_registers:
            return self._unpacked(np.frombuffer(content, np.uint8))
        return np.sort(np.frombuffer(content, np.uint64))

    def _absorb_registers(self, registers: Registers, /) -> None:
        self._unite(self._packed(registers))


class CHyperLogLog(_c.HyperLogLog, CDistinct, HyperLogLog):
    """HyperLogLog in C."""

    def __new__(cls, spec: Spec, key: Key | None = None) -> CHyperLogLog:
        """Make an empty one; a sketch with a key function has a class of its own."""
        kind = KeyedCHyperLogLog if key is not None else CHyperLogLog
        made = super().__new__(kind, spec.precision, spec.seed)
        assert isinstance(made, CHyperLogLog)
        return made


class KeyedCHyperLogLog(_sketch.Keyed, CHyperLogLog):
    """A sketch in C whose keys are made by a function."""


class CExaLogLog(_c.ExaLogLog, CDistinct, ExaLogLog):
    """ExaLogLog in C, with registers that are packed."""

    def __new__(cls, spec: Spec, key: Key | None = None) -> CExaLogLog:
        """Make an empty one; a sketch with a key function has a class of its own."""
        kind = KeyedCExaLogLog if key is not None else CExaLogLog
        made = super().__new__(kind, spec.precision, spec.seed)
        assert isinstance(made, CExaLogLog)
        return made

    def _evidence(self, registers: Registers) -> Evidence:
        occurred = np.zeros(_LEVELS, np.uint64)
        absent = _c.exaloglog_evidence(self._packed(registers), self.precision, occurred)
        return Evidence(absent, occurred.tolist())


class KeyedCExaLogLog(_sketch.Keyed, CExaLogLog):
    """A sketch in C whose keys are made by a function."""
