"""How many different keys there were, from the registers of a HyperLogLog sketch.

With `counts[k]` of `m` registers at rank k, of which q + 1 is the highest, O. Ertl's estimator is

    m**2 / (2 * log(2)) / (m * tau(1 - counts[q + 1] / m) / 2**q
                           + sum over k = 1 ... q of counts[k] / 2**k + m * sigma(counts[0] / m))

where sigma and tau are what the sum is expected to have from ranks below 1 and above q ("New cardinality
estimation algorithms for HyperLogLog sketches", 2017). It needs no tables and no thresholds, and is as good
for few keys as for many. As a reciprocal of a sum it is too high in the mean, for many keys by 1.079 / m:
that is the constant of P. Flajolet and others, "HyperLogLog", 2007; for few keys in proportion to the
registers that are not empty, as simulations say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

_BIAS = 1.079
#: Relative standard deviation for many keys, times the root of the number of registers: sqrt(3 * log(2) - 1).
_DEVIATION = math.sqrt(3 * math.log(2) - 1)


def estimate(counts: Sequence[int]) -> float:
    """Return the estimate; `counts` says how many registers there are of each rank, from 0 to the highest."""
    registers = sum(counts)
    filled = 1 - counts[0] / registers
    total = registers * _tau(1 - counts[-1] / registers)
    for count in reversed(counts[1:-1]):
        total = (total + count) / 2
    total += registers * _sigma(counts[0] / registers)
    if total == 0:
        return math.inf  # all registers are at the highest rank
    raw = registers**2 / (2 * math.log(2)) / total
    return raw / (1 + _BIAS * filled / registers)


def interval(count: float, precision: int, level: float) -> tuple[float, float]:
    """Return bounds of the true count, given an estimate for many keys; they are wide enough for few."""
    deviation = _DEVIATION / math.sqrt(2**precision) * (1 + 1 / 2 ** (precision - 1))
    reach = NormalDist().inv_cdf((1 + level) / 2) * deviation
    return count / (1 + reach), count / (1 - reach) if reach < 1 else math.inf


def _sigma(x: float) -> float:
    """Return x + the sum over k of x**(2**k) * 2**(k - 1)."""
    if x == 1:
        return math.inf
    total, factor, before = x, 1.0, math.nan
    while total != before:
        before = total
        x *= x
        total += x * factor
        factor *= 2
    return total


def _tau(x: float) -> float:
    """Return a third of 1 - x - the sum over k of (1 - x**(2**-k))**2 * 2**-k."""
    if x in (0, 1):
        return 0.0
    total, factor, before = 1 - x, 1.0, math.nan
    while total != before:
        before = total
        x = math.sqrt(x)
        factor /= 2
        total -= (1 - x) ** 2 * factor
    return total / 3
