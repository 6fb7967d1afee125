"""Counting with bits, ranks and minima: how many different keys there were, by the rules that came first."""

from __future__ import annotations

from ._k_minimum_values import KMinimumValues, k_minimum_values
from ._linear_counting import LinearCounting, linear_counting
from ._loglog import LogLog, SuperLogLog, loglog, superloglog
from ._tables import K_MINIMUM_VALUES, LINEAR_COUNTING, LOGLOG, SUPERLOGLOG

__all__ = [
    "linear_counting",
    "LinearCounting",
    "loglog",
    "LogLog",
    "superloglog",
    "SuperLogLog",
    "k_minimum_values",
    "KMinimumValues",
    "LINEAR_COUNTING",
    "LOGLOG",
    "SUPERLOGLOG",
    "K_MINIMUM_VALUES",
]
