"""Proven bounds on how many primes there are, from which results are sized before they are computed.

References
----------
Rosser and Schoenfeld, "Approximate formulas for some functions of prime numbers", Illinois J. Math. 6, 1962.
Montgomery and Vaughan, "The large sieve", Mathematika 20, 1973, corollary 2.
Dusart, "Autour de la fonction qui compte le nombre de nombres premiers", thesis, Limoges, 1998.
Dusart, "Estimates of some functions over primes without R.H.", arXiv:1002.0442, 2010.
"""

from __future__ import annotations

from math import log

_SLACK = 1e-12  # far more than what rounding does to these formulas in double precision


def at_most_below(x: int) -> int:
    """Return an upper bound on the number of primes below x (or up to x)."""
    if x < 2:
        return 0
    logarithm = log(x)
    if x >= 2_953_652_287:
        bound = x / logarithm * (1 + 1 / logarithm + 2.334 / logarithm**2)  # Dusart 2010
    elif x >= 355_991:
        bound = x / logarithm * (1 + 1 / logarithm + 2.51 / logarithm**2)  # Dusart 1998
    else:
        bound = 1.25506 * x / logarithm  # Rosser and Schoenfeld, for x > 1
    return int(bound * (1 + _SLACK)) + 1


def at_least_below(x: int) -> int:
    """Return a lower bound on the number of primes up to x."""
    if x < 17:
        return sum(prime <= x for prime in (2, 3, 5, 7, 11, 13))
    logarithm = log(x)
    bound = x / logarithm  # Rosser and Schoenfeld, for x >= 17
    if x >= 88_783:
        bound *= 1 + 1 / logarithm + 2 / logarithm**2  # Dusart 2010
    return int(bound * (1 - _SLACK))


def at_most_within(width: int) -> int:
    """Return an upper bound on the number of primes among so many consecutive numbers, wherever they are."""
    if width < 2:
        return max(width, 0)
    coprime_to_30 = 8 * -(-width // 30) + 3  # and 2, 3 and 5 themselves
    large_sieve = int(2 * width / log(width) * (1 + _SLACK)) + 1  # Montgomery and Vaughan
    return min(width, coprime_to_30, large_sieve)


def at_most_between(start: int, stop: int) -> int:
    """Return an upper bound on the number of primes in [start, stop)."""
    between = at_most_below(stop) - (at_least_below(start - 1) if start else 0)
    return min(between, at_most_within(stop - start))


def about_between(start: int, stop: int) -> int:
    """Return about how many primes there are in [start, stop), rather too few."""
    return int((stop - start) / log(stop)) if stop > 10 else 0
