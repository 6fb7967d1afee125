"""Counting in little memory, by the rules that came first: different keys, and events."""

from __future__ import annotations

from ._k_minimum_values import KMinimumValues, k_minimum_values
from ._linear_counting import LinearCounting, linear_counting
from ._loglog import LogLog, SuperLogLog, loglog, superloglog
from ._morris import MorrisCounter, morris_counter
from ._tables import K_MINIMUM_VALUES, LINEAR_COUNTING, LOGLOG, MORRIS_COUNTER, SUPERLOGLOG

__all__ = [
    "linear_counting",
    "LinearCounting",
    "loglog",
    "LogLog",
    "superloglog",
    "SuperLogLog",
    "k_minimum_values",
    "KMinimumValues",
    "morris_counter",
    "MorrisCounter",
    "LINEAR_COUNTING",
    "LOGLOG",
    "SUPERLOGLOG",
    "K_MINIMUM_VALUES",
    "MORRIS_COUNTER",
]
