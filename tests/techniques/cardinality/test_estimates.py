"""How good the counts are: bias, error and intervals against theory, over many random draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

import perfpy
from perfpy.techniques.cardinality import _estimate

#: The relative error that is asked for at any number of keys, times the root of the number of registers.
ERROR = 1.05 * 1.04


def draw_counts(random, precision, keys, trials):
    """Draw registers as hashing leaves them; return how many there are of each rank, a row per trial.

    The keys fall to the registers as a multinomial draw says, and the highest of n ranks is at most k with
    the probability (1 - 2**-k)**n, which is turned around.
    """
    registers, highest = 1 << precision, 65 - precision
    rows = np.zeros((trials, highest + 1), np.int64)
    for row in rows:
        shares = random.multinomial(keys, np.full(registers, 1 / registers))
        uniform = random.random(registers)
        tail = -np.expm1(np.log(uniform) / np.maximum(shares, 1))  # 1 - uniform**(1 / n)
        ranks = np.ceil(-np.log2(tail)).clip(1, highest).astype(int)
        row += np.bincount(np.where(shares > 0, ranks, 0), minlength=highest + 1)
    return rows


def errors(precision, keys, trials):
    """Return the relative errors of independent counts."""
    random = np.random.default_rng([precision, keys])
    rows = draw_counts(random, precision, keys, trials)
    return np.array([_estimate.estimate(row.tolist()) for row in rows]) / keys - 1


def check(found, precision, most_bias=1.2):
    """Hold the errors against what is asked for, give or take 4 standard deviations of what is measured.

    A bias of about one over the number of registers is left for very few keys.
    """
    trials, asked = len(found), ERROR / 2 ** (precision / 2)
    assert abs(found.mean()) <= most_bias / 2**precision + 4 * found.std() / trials**0.5
    assert (found**2).mean() ** 0.5 <= asked * (1 + 4 / (2 * trials) ** 0.5)


@pytest.mark.parametrize("keys", [1, 2, 10, 100, 10**3, 3000, 10**4, 3 * 10**4, 10**5, 10**6, 10**9, 10**14])
def test_bias_and_error_at_any_number_of_keys(keys):
    check(errors(10, keys, 400), 10)


@pytest.mark.slow
@pytest.mark.parametrize("precision", [8, 12, 14])
@pytest.mark.parametrize(
    "keys", [*(10**k for k in range(8)), *(round(2**14 * factor) for factor in (0.5, 1, 2, 2.5, 3, 4, 5, 8))]
)
def test_bias_and_error_over_a_range(precision, keys):
    check(errors(precision, keys, 300), precision)


@pytest.mark.slow
@pytest.mark.parametrize("precision", [4, 5, 6])
@pytest.mark.parametrize("load", [0.25, 1, 2, 4, 10, 1000])
def test_few_registers_are_no_worse(precision, load):
    check(errors(precision, round(load * 2**precision), 2000), precision, most_bias=0.5)


@pytest.mark.parametrize("keys", [1, 10, 511, 512, 513, 1000, 3000, 10_000, 30_000, 200_000])
def test_bias_and_error_of_real_keys(keys):
    """The whole way from keys to counts, integers in a row, with another seed each time."""
    precision, trials = 12, 200
    counts = [
        perfpy.hyperloglog(np.arange(keys), precision=precision, seed=seed).count() for seed in range(trials)
    ]
    found = np.array(counts) / keys - 1
    if keys <= 2**precision // 8:
        assert not found.any()
    check(found, precision)


@pytest.mark.slow
def test_bias_and_error_of_a_million_real_keys():
    counts = [perfpy.hyperloglog(np.arange(10**6), precision=12, seed=seed).count() for seed in range(200)]
    check(np.array(counts) / 10**6 - 1, 12)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("keys", [200, 2000, 10**7])
def test_intervals_hold_as_often_as_they_say(level, keys):
    precision, trials = 10, 600
    rows = draw_counts(np.random.default_rng(8), precision, keys, trials)
    inside = 0
    for row in rows:
        low, high = _estimate.interval(_estimate.estimate(row.tolist()), precision, level)
        inside += low <= keys <= high
    assert inside / trials >= level - 4 * (level * (1 - level) / trials) ** 0.5 - 0.005


def series_sigma(x):
    return x + math.fsum(x ** (2**k) * 2 ** (k - 1) for k in range(1, 40))


def series_tau(x):
    return (1 - x - math.fsum((1 - x ** (2**-k)) ** 2 * 2**-k for k in range(1, 80))) / 3


@pytest.mark.parametrize("x", [1e-9, 0.1, 0.5, 0.9, 0.999])
def test_corrections_are_their_series(x):
    assert _estimate._sigma(x) == pytest.approx(series_sigma(x), rel=1e-12)
    assert _estimate._tau(x) == pytest.approx(series_tau(x), rel=1e-9, abs=1e-15)


def test_the_ends():
    empty, full = [16] + [0] * 61, [0] * 61 + [16]
    assert _estimate.estimate(empty) == 0
    assert _estimate.estimate(full) == math.inf
    assert _estimate._tau(0) == _estimate._tau(1) == 0
