"""The constants of LogLog and SuperLogLog, which make their counts right in the mean.

The rank of a register that many hashes fall on, L of them, is at most k with the probability exp(-L / 2**k).
LogLog's constant has a closed form. SuperLogLog's has none: of the m registers the m0 lowest ones are kept,
and their ranks have, if m is large, the distribution above, cut at the share m0 / m and made whole again.
Their mean is log2(L) plus something that repeats with every doubling of L; the constant is made for its
average.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

#: Share of the registers that SuperLogLog keeps.
KEPT = 0.7
#: The bias that is left with m registers is this over m: half of the relative variance of the count, 0.6 / m,
#: and 0.6 / m because the share that is cut is one of a sample; simulations of 16 to 1024 registers agree.
_BIAS = 1.22
_PHASES = 64


@lru_cache
def loglog_constant(registers: int) -> float:
    """Return what LogLog multiplies by, 0.39701 for many registers."""
    step = math.expm1(math.log(2) / registers)
    return float((-math.gamma(-1 / registers) * step / math.log(2)) ** -registers)


@lru_cache
def superloglog_constant(registers: int) -> float:
    """Return what SuperLogLog multiplies by, 1.0994 for many registers."""
    share = int(KEPT * registers) / registers
    logarithms = 20 + np.arange(_PHASES)[:, np.newaxis] / _PHASES  # of L; any 20 does
    ranks = np.arange(64)
    at_most = np.minimum(np.exp(-(2.0 ** (logarithms - ranks))) / share, 1)
    mean = (1 - at_most).sum(axis=1)
    average = np.mean(share * 2.0 ** (mean - logarithms[:, 0]))
    return float(1 / average / (1 + _BIAS / registers))
