"""How many keys there were, from the registers of an ExaLogLog sketch: the likeliest number.

If the keys are a Poisson process that puts `rate` keys into a register, then each value, of probability
p, is put there with the probability 1 - exp(-rate * p), independently of the others. Of a register the
values above the highest are known not to have been put there, the highest is known to have been, and of
those in the window either is known. So the logarithm of the likelihood is

    -rate * absent + sum over j of occurred[j] * log(1 - exp(-rate / 2**j))

where `absent` is the sum of the probabilities of all values known to be absent, and occurred[j] is how many
values of probability 2**-j are known to have been there: O. Ertl, "ExaLogLog", arXiv:2402.13726, 2024.

The estimate of largest likelihood has a bias of the order of one over the number of registers, m. The
general form of that bias (D. R. Cox, E. J. Snell, "A general definition of residuals", 1968) becomes very
simple here, as a value is independent of whether it is known of. Let p[k] be the probability of value k and
tail[k] that of all values above k + 20, so that k is known of with the probability exp(-rate * tail[k]). With

    information[k] = exp(-rate * tail[k]) * p[k]**2 / (exp(rate * p[k]) - 1)

the bias is sum(information * (p / 2 + tail)) / sum(information)**2 / m, at any rate: there is no table
and no threshold. The variance is 1 / (m * sum(information)), less that of the Poisson process where the
number is fixed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: How many values below the highest a register knows of.
WINDOW = 20


class Evidence(NamedTuple):
    """What registers say about the number of keys.

    Attributes
    ----------
    absent : int
        Sum of the probabilities of the values that were not put into their registers, in multiples of the
        smallest probability, which is ``2**(precision - 64)``.
    occurred : sequence of int
        How many values of probability ``2**-j`` were put into their registers, for each j.
    """

    absent: int
    occurred: Sequence[int]


def last_tier(precision: int) -> int:
    """Return the most zeros that a hash can begin with, but for the bits that choose: the last tier."""
    return 62 - precision


def highest_value(precision: int) -> int:
    """Return the highest value of a hash."""
    return 4 * (last_tier(precision) + 1)


def level(value: int, precision: int) -> int:
    """Return the binary logarithm of one over the probability of a value."""
    return min((value - 1) // 4 + 3, 64 - precision)


def estimate(evidence: Evidence, precision: int) -> float:
    """Return the likeliest number of keys, less its bias."""
    if evidence.absent == 0:
        return math.inf  # every value was put into every register
    rate = _likeliest_rate(math.ldexp(evidence.absent, precision - 64), evidence.occurred)
    return math.ldexp(rate / (1 + _bias(rate, precision)), precision)


def interval(count: float, precision: int, confidence: float) -> tuple[float, float]:
    """Return bounds of the true count, given an estimate."""
    if not math.isfinite(count):
        return count, count
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * deviation(count, precision)
    return count / (1 + reach), count / (1 - reach) if reach < 1 else math.inf


def deviation(count: float, precision: int) -> float:
    """Return the relative standard deviation of an estimate of so many keys, in theory."""
    registers = 2.0**precision
    information, _ = _information(count / registers, precision)
    if information == 0:
        return math.inf
    return math.sqrt(max(registers / information / count**2 - 1 / count, 0.0))


def _likeliest_rate(absent: float, occurred: Sequence[int]) -> float:
    """Return where the derivative of the likelihood, sum(occurred * p / (exp(rate * p) - 1)) - absent, is 0.

    It is convex and falls, so that Newton's steps from below its zero never pass it. A rate below is what it
    would be if all values had the mean probability, by Jensen's inequality.
    """
    terms = [(math.ldexp(1.0, -j), count) for j, count in enumerate(occurred) if count]
    mean = math.fsum(p * count for p, count in terms) / sum(count for _, count in terms)
    rate = math.log1p(math.fsum(p * count for p, count in terms) / absent) / mean
    while True:
        slope = value = 0.0
        for p, count in terms:
            if rate * p < _LARGEST_EXPONENT:
                odds = p / math.expm1(rate * p)
                value += count * odds
                slope += count * odds * (odds + p)
        step = (value - absent) / slope
        if not step > _PRECISION * rate:
            return rate
        rate += step


#: Beyond this a value occurs with certainty.
_LARGEST_EXPONENT = 700.0
_PRECISION = 1e-15


def _bias(rate: float, precision: int) -> float:
    """Return the relative bias of the likeliest rate."""
    information, skew = _information(rate, precision)
    return 0.0 if information == 0 else skew / information**2 / rate / 2.0**precision


def _information(rate: float, precision: int) -> tuple[float, float]:
    """Return the sum of what all values tell about the rate, and the sum that the bias is made of."""
    probability, tail = _model(precision)
    exponent = np.minimum(rate * probability, _LARGEST_EXPONENT)
    each = np.exp(-rate * tail) * probability**2 / np.expm1(exponent)
    return float(each.sum()), float((each * (probability / 2 + tail)).sum())


@cache
def _model(precision: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the probability of each value, and that of all values above its window."""
    levels = [level(value, precision) for value in range(1, highest_value(precision) + 1)]
    probability = 2.0 ** -np.array(levels)
    tail = np.append(np.cumsum(probability[::-1])[::-1], np.zeros(WINDOW + 1))
    return probability, tail[WINDOW + 1 : WINDOW + 1 + len(probability)]
