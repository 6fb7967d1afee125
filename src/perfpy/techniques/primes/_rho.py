"""Factors of a number: trial division, then Pollard's rho method."""

from __future__ import annotations

from itertools import count
from math import gcd

from ._miller_rabin import is_prime_int

_TRIAL = 1000  # up to here division finds factors at least as fast
_BATCH = 128  # differences multiplied before a greatest common divisor is taken


def prime_factors(n: int) -> list[int]:
    """Return the prime factors of a number above 0 in ascending order, each as often as it divides it."""
    factors = []
    for divisor in (2, *range(3, _TRIAL, 2)):
        if divisor * divisor > n:
            break
        while n % divisor == 0:
            factors.append(divisor)
            n //= divisor
    unknown = [n] if n > 1 else []
    while unknown:
        number = unknown.pop()
        if is_prime_int(number):
            factors.append(number)
        else:
            factor = _divisor(number)
            unknown += [factor, number // factor]
    return sorted(factors)


def _divisor(n: int) -> int:
    """Return a divisor of a composite number other than 1 and itself."""
    for constant in count(1):
        factor = _cycle(n, constant)
        if factor < n:
            return factor
    raise AssertionError("not reached: count does not end")


def _cycle(n: int, constant: int) -> int:
    """Return a divisor above 1 that the sequence x*x + constant shows; n itself if it shows none.

    Brent's form: the sequence is held against its values at powers of two, and the differences are multiplied
    up, so that few greatest common divisors are needed.
    """
    ahead, length = 2, 1
    while True:
        behind = ahead
        for _ in range(length):
            ahead = (ahead * ahead + constant) % n
        done = 0
        while done < length:
            saved, product = ahead, 1
            for _ in range(min(_BATCH, length - done)):
                ahead = (ahead * ahead + constant) % n
                product = product * abs(behind - ahead) % n
            factor = gcd(product, n)
            if factor == n:
                return _one_by_one(n, constant, behind, saved)
            if factor > 1:
                return factor
            done += _BATCH
        length *= 2


def _one_by_one(n: int, constant: int, behind: int, ahead: int) -> int:
    """Go through a batch that holds several divisors, or a multiple of n, again."""
    while True:
        ahead = (ahead * ahead + constant) % n
        factor = gcd(abs(behind - ahead), n)
        if factor > 1:
            return factor
