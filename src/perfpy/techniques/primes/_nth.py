"""The prime with a number, by any backend that counts and lists."""

from __future__ import annotations

from collections.abc import Callable
from math import log, log2, sqrt
from typing import Any

import numpy as np

from . import _bounds

_EULER = 0.5772156649015329
_MOEBIUS = (
    0,
    1,
    -1,
    -1,
    0,
    -1,
    1,
    -1,
    0,
    0,
    1,
    -1,
    0,
    -1,
    1,
    1,
    0,
    -1,
    0,
    -1,
    0,
    1,
    1,
    -1,
    0,
    0,
    1,
    0,
    0,
    -1,
)


def nth_prime(
    n: int,
    count_primes: Callable[[int, int], int],
    primes: Callable[[int, int, Any], int],
    estimate: Callable[[int], int] | None = None,
) -> int:
    """Return prime number `n`: count up to where it should be about, then list the way that is left."""
    place = (estimate or approximately)(n)
    left = n - (count_primes(0, place) if place > 2 else 0)  # primes from `place` on, counted with `n`
    width = 64 + int(1.1 * abs(left) * log(place + 16))
    while True:
        low, high = (place, min(place + width, 2**64)) if left > 0 else (max(place - width, 0), place)
        found = _listed(low, high, primes)
        if left > found.size:
            left -= found.size
            place = high
        elif left <= -found.size:
            left += found.size
            place = low
        else:
            return int(found[left - 1])


def _listed(low: int, high: int, primes: Callable[[int, int, Any], int]) -> np.ndarray:
    memory = np.empty(_bounds.at_most_between(low, high), np.uint64)
    return memory[: primes(low, high, memory)]


def approximately(n: int) -> int:
    """Return about the prime with number `n`: the inverse of Riemann's function, by Newton's method."""
    if n < 6:
        return (2, 2, 3, 5, 7, 11)[n]
    x = n * (log(n) + log(log(n)))
    for _ in range(20):
        step = (riemann(x) - n) * log(x)
        x -= step
        if abs(step) < 0.5 + 1e-14 * x:
            break
    return min(int(x), 2**64 - 1)


def riemann(x: float) -> float:
    """Return Riemann's function R(x), which is nearest to the number of primes up to x."""
    terms = int(log2(x)) + 1
    return sum(
        _MOEBIUS[k] / k * _logarithmic_integral(x ** (1 / k))
        for k in range(1, min(terms, len(_MOEBIUS)))
        if _MOEBIUS[k]
    )


def _logarithmic_integral(x: float) -> float:
    """Return li(x) for x > 1 by Ramanujan's series, which converges fast."""
    logarithm = log(x)
    total, inner, term, sign = 0.0, 0.0, 1.0, -1.0
    for k in range(1, 400):
        term *= logarithm / k
        sign = -sign
        if k % 2:
            inner += 1 / k
        step = sign * term / 2 ** (k - 1) * inner
        total += step
        if abs(step) < 1e-17 * abs(total):
            break
    return _EULER + log(abs(logarithm)) + sqrt(x) * total
