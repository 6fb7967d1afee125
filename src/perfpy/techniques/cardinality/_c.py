"""The C extension: batches of keys are hashed and sifted, and few of them go to the registers."""

from __future__ import annotations

import numpy as np

from perfpy import _sketch
from perfpy._ext.cardinality import _c
from perfpy._ext.cardinality._c import ISA as ISA
from perfpy._sketch import Key

from ._hyperloglog import HyperLogLog, Spec, State


class CHyperLogLog(_c.HyperLogLog, HyperLogLog):
    """A sketch that takes keys in in C."""

    backend = "c"

    def __new__(cls, spec: Spec, key: Key | None = None) -> CHyperLogLog:
        """Make an empty one; a sketch with a key function has a class of its own."""
        kind = KeyedCHyperLogLog if key is not None else CHyperLogLog
        made = super().__new__(kind, spec.precision, spec.seed)
        assert isinstance(made, CHyperLogLog)
        return made

    def _state(self) -> State:
        has_registers, content = self._read()
        if has_registers:
            return np.frombuffer(content, np.uint8)
        return np.sort(np.frombuffer(content, np.uint64))


class KeyedCHyperLogLog(_sketch.Keyed, CHyperLogLog):
    """A sketch in C whose keys are made by a function."""
