"""Prime numbers: listing, counting, testing, iterating and factoring, for numbers with 64 bits and beyond."""

from __future__ import annotations

from ._constellations import constellations, twin_primes
from ._counting import count_primes, nth_prime
from ._factoring import prime_factors
from ._iteration import PrimeIterator, iter_primes, prime_blocks
from ._listing import primes
from ._neighbours import next_prime, previous_prime
from ._tables import (
    CONSTELLATIONS,
    COUNT_PRIMES,
    IS_PRIME,
    NEXT_PRIME,
    NTH_PRIME,
    PREVIOUS_PRIME,
    PRIME_FACTORS,
    PRIMES,
    TWIN_PRIMES,
)
from ._testing import is_prime

__all__ = [
    "primes",
    "count_primes",
    "nth_prime",
    "is_prime",
    "next_prime",
    "previous_prime",
    "prime_factors",
    "twin_primes",
    "constellations",
    "iter_primes",
    "prime_blocks",
    "PrimeIterator",
    "PRIMES",
    "COUNT_PRIMES",
    "NTH_PRIME",
    "IS_PRIME",
    "NEXT_PRIME",
    "PREVIOUS_PRIME",
    "PRIME_FACTORS",
    "TWIN_PRIMES",
    "CONSTELLATIONS",
]
