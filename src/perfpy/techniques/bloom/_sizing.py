"""How large a filter has to be: from the number of keys and the rate of errors to its geometry.

A block of the blocked layout has as many keys as chance puts there, a number that is Poisson distributed
with mean L = keys / blocks. A key has one bit in each of k of the block's W words of b bits. It misses i
given bits, each in a word of its own, with the probability

    q(i) = sum over m of binomial(i, m) * binomial(W - i, k - m) / binomial(W, k) * (1 - 1/b)**m

where m is how many of the i words are among its k; j keys miss them with ``q(i)**j``, and the mean of that
over j is ``exp(-L * (1 - q(i)))``. Inclusion and exclusion gives the probability that the k bits of a key
that was never added are all set: the sum over i of ``(-1)**i * binomial(k, i) * exp(-L * (1 - q(i)))``.
Nothing in this is approximate but that subsets and bits are taken to be random. Blocks, and the first
approximation of their error, are in F. Putze, P. Sanders, J. Singler, "Cache-, hash- and space-efficient
Bloom filters", 2007.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Layout: TypeAlias = Literal["blocked", "classic", "counting"]

BLOCK_WORDS = 16
WORD_BITS = 32
BLOCK_BITS = BLOCK_WORDS * WORD_BITS
#: What compiled code calls the layouts.
LAYOUT_NUMBERS = {"blocked": 0, "classic": 1, "counting": 2}
LEAST_RATE = 1e-18
MOST_PROBES = {"blocked": 16, "counting": 16, "classic": 64}
#: Below this the terms of the sum cancel too many digits of a float.
_SMALL_RATE = 1e-6
_LARGEST_BITS = 2**60


class Geometry(NamedTuple):
    """What a filter looks like.

    Attributes
    ----------
    layout : str
        "blocked", "classic" or "counting".
    size : int
        Blocks of 512 bits or counters, or bits of the classic layout.
    probes : int
        How many bits or counters belong to a key.
    """

    layout: Layout
    size: int
    probes: int

    @property
    def bits(self) -> int:
        """Number of bits that keys set, or of counters."""
        return self.size if self.layout == "classic" else self.size * BLOCK_BITS

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        if self.layout == "classic":
            return -(-self.size // 64) * 8
        return self.size * BLOCK_BITS // (8 if self.layout == "blocked" else 2)


def geometry(capacity: int, error_rate: float, layout: Layout) -> Geometry:
    """Return the smallest filter whose error rate, with `capacity` keys in it, is at most `error_rate`."""
    found = _classic(capacity, error_rate) if layout == "classic" else _blocked(capacity, error_rate, layout)
    if found.bits > _LARGEST_BITS:
        raise ValueError(
            f"capacity must be such that the filter fits in 2**60 bits, not {capacity} at error rate "
            f"{error_rate}"
        )
    return found


def _classic(capacity: int, error_rate: float) -> Geometry:
    def bits_with(probes: int) -> float:
        return -probes * capacity / math.log1p(-(error_rate ** (1 / probes)))

    probes = min(range(1, MOST_PROBES["classic"] + 1), key=bits_with)
    return Geometry("classic", max(64, math.ceil(bits_with(probes))), probes)


def _blocked(capacity: int, error_rate: float, layout: Layout) -> Geometry:
    guess = max(1, round(-0.85 * math.log2(error_rate)))
    candidates = {min(MOST_PROBES[layout], max(1, guess + shift)) for shift in (-2, -1, 0, 1)}
    load, probes = max((_largest_load(error_rate, probes), probes) for probes in candidates)
    return Geometry(layout, max(1, math.ceil(capacity / load)), probes)


@cache
def _largest_load(error_rate: float, probes: int) -> float:
    """Return how many keys there may be per block."""
    low, high = 0.0, float(BLOCK_BITS)
    for _ in range(50):
        middle = (low + high) / 2
        if blocked_error(middle, probes) <= error_rate:
            low = middle
        else:
            high = middle
    return low


def blocked_error(load: float, probes: int) -> float:
    """Return the error rate of blocks with `load` keys in the mean."""
    terms = _terms(probes)
    rate = math.fsum(float(term) * math.exp(-load * float(decay)) for term, decay in terms)
    if rate > _SMALL_RATE:
        return rate
    with localcontext(prec=40):
        return float(sum(term * (-Decimal(load) * decay).exp() for term, decay in terms))


@cache
def _terms(probes: int) -> list[tuple[Decimal, Decimal]]:
    """Return the coefficient and the decay of each term of the sum."""
    with localcontext(prec=50):
        return [
            (Decimal((-1) ** i * math.comb(probes, i)), 1 - _misses(i, probes)) for i in range(probes + 1)
        ]


def _misses(bits: int, probes: int) -> Decimal:
    """Return the probability that a key has none of some bits in different words."""
    subsets = math.comb(BLOCK_WORDS, probes)
    spared = 1 - 1 / Decimal(WORD_BITS)
    overlaps = range(max(0, probes + bits - BLOCK_WORDS), min(bits, probes) + 1)
    return sum(
        (
            Decimal(math.comb(bits, m) * math.comb(BLOCK_WORDS - bits, probes - m)) / subsets * spared**m
            for m in overlaps
        ),
        Decimal(0),
    )


def mean_error(fill: NDArray[np.float64], probes: int) -> float:
    """Return the mean over all blocks and subsets of the probability that a bit in each word is set.

    `fill` has a row per block, with the part of each word that is set. The sum over all subsets of the
    product over their words is an elementary symmetric polynomial, built up word by word.
    """
    sums = np.zeros((probes + 1, len(fill)))
    sums[0] = 1
    for word in fill.T:
        sums[1:] += sums[:-1] * word
    return float(sums[probes].mean()) / math.comb(BLOCK_WORDS, probes)


def count_from_fill(geometry: Geometry, fill: float) -> float:
    """Return how many keys set this part of the bits, in the mean; infinite where all are set."""
    if fill >= 1:
        return math.inf
    if geometry.layout == "classic":
        return -geometry.size / geometry.probes * math.log1p(-fill)
    return -geometry.size * math.log1p(-fill) / (geometry.probes / BLOCK_BITS)
