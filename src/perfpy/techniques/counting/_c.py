"""The C extension: batches of keys are hashed, and their hashes kept, without the interpreter."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from perfpy import _sketch
from perfpy._ext.counting import _c
from perfpy._ext.counting._c import ISA as ISA
from perfpy._sketch import Key

from ._counter import DistinctCounter, Spec, State
from ._k_minimum_values import KMinimumValues
from ._linear_counting import LinearCounting
from ._loglog import LogLog, SuperLogLog


class _CCounter(_c.Store, DistinctCounter):
    """A counter that takes keys in in C."""

    backend = "c"
    #: What is kept of hashes: bits, ranks or minima.
    rule: ClassVar[int]
    #: The class of counters with a key function.
    keyed: ClassVar[type[_CCounter]]

    def __new__(cls, spec: Spec, key: Key | None = None) -> _CCounter:
        """Make an empty one; a counter with a key function has a class of its own."""
        kind = cls.keyed if key is not None else cls
        made = super().__new__(kind, cls.rule, spec.size, spec.seed)
        assert isinstance(made, _CCounter)
        return made

    def _state(self) -> State:
        return np.frombuffer(self._read(), np.dtype(self.state_type).newbyteorder("="))


class CLinearCounting(_CCounter, LinearCounting):
    """Bits in C."""

    rule = 0


class CLogLog(_CCounter, LogLog):
    """Registers in C."""

    rule = 1


class CSuperLogLog(_CCounter, SuperLogLog):
    """The same registers."""

    rule = 1


class CKMinimumValues(_CCounter, KMinimumValues):
    """Hashes in C, sorted when there are twice too many."""

    rule = 2

    def _unite(self, state: State, /) -> None:
        self._take(state)


class KeyedCLinearCounting(_sketch.Keyed, CLinearCounting):
    """Bits in C, of keys that are made by a function."""


class KeyedCLogLog(_sketch.Keyed, CLogLog):
    """Registers in C, of keys that are made by a function."""


class KeyedCSuperLogLog(_sketch.Keyed, CSuperLogLog):
    """The same registers."""


class KeyedCKMinimumValues(_sketch.Keyed, CKMinimumValues):
    """Hashes in C, of keys that are made by a function."""


CLinearCounting.keyed = KeyedCLinearCounting
CLogLog.keyed = KeyedCLogLog
CSuperLogLog.keyed = KeyedCSuperLogLog
CKMinimumValues.keyed = KeyedCKMinimumValues
