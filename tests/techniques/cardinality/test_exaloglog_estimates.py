"""How good the counts of ExaLogLog are: bias, error and intervals against theory, over many random draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

import perfpy
from perfpy.techniques.cardinality import EXALOGLOG, _likelihood
from perfpy.techniques.cardinality._distinct import Spec
from perfpy.techniques.cardinality._likelihood import Evidence, highest_value, level

BITS = 28


def draw_registers(random, precision, rate):
    """Draw registers as a Poisson process of keys leaves them: each value occurs independently."""
    values = np.arange(1, highest_value(precision) + 1)
    expected = rate * 2.0 ** -np.array([level(value, precision) for value in values.tolist()])
    chance = (expected > 1e-6) & (expected < 30)  # all lower values occur, and none of the higher ones
    values, expected = values[chance], expected[chance]
    occurs = random.random((2**precision, len(values)), np.float32) < -np.expm1(-expected)
    first = values[0]
    highest = len(values) - 1 - occurs[:, ::-1].argmax(axis=1)
    any_ = occurs.any(axis=1)
    padded = np.concatenate((np.ones((2**precision, 20), bool), occurs), axis=1)
    window = np.zeros(2**precision, np.uint32)
    for below in range(1, 21):
        value = highest + first - below
        seen = padded[np.arange(2**precision), highest + 20 - below] & (value >= 0)
        window |= seen.astype(np.uint32) << np.uint32(20 - below)
    return np.where(any_, (highest + first).astype(np.uint32) << np.uint32(20) | window, 0).astype(np.uint32)


def relative_errors(precision, rate, trials):
    random = np.random.default_rng([precision, round(rate)])
    one = EXALOGLOG["c"](Spec(precision, 0))
    counts = [one._estimate(draw_registers(random, precision, rate)) for _ in range(trials)]
    return np.array(counts) / (rate * 2**precision) - 1


def check(found, theory, bias):
    """Hold the errors against theory, give or take 4 standard deviations of what is measured."""
    trials = len(found)
    assert abs(found.mean()) <= bias + 4 * found.std() / trials**0.5
    assert found.std() == pytest.approx(theory, rel=0.02 + 4 / (2 * trials) ** 0.5)


@pytest.mark.parametrize("keys", [1, 10, 224, 225, 300, 512, 1000, 3000, 10_000, 30_000, 100_000])
def test_bias_and_error_of_real_keys(keys):
    """The whole way from keys to counts, integers in a row, with another seed each time."""
    precision, trials = 9, 300
    counts = [
        perfpy.exaloglog(np.arange(keys), precision=precision, seed=seed).count() for seed in range(trials)
    ]
    found = np.array(counts) / keys - 1
    if keys <= 224:
        assert not found.any()
    else:
        check(found, _likelihood.deviation(keys, precision), 0.05 / 2**precision)


def test_bias_and_error_of_a_million_real_keys():
    counts = [perfpy.exaloglog(np.arange(10**6), precision=9, seed=seed).count() for seed in range(200)]
    check(np.array(counts) / 10**6 - 1, _likelihood.deviation(10**6, 9), 0.05 / 2**9)


@pytest.mark.parametrize("rate", [2.0**30, 2.0**45, 2.0**54, 2.0**55])
def test_bias_and_error_up_to_all_hashes(rate):
    """With 512 registers 2**55 keys each are 2**64."""
    found = relative_errors(9, rate, 300)
    theory = math.sqrt(_likelihood.deviation(rate * 2**9, 9) ** 2 + 1 / (rate * 2**9))
    check(found, theory, 0.05 / 2**9)


@pytest.mark.parametrize("precision", [4, 5, 6])
@pytest.mark.parametrize("rate", [1, 4, 100, 2.0**16])
def test_few_registers(precision, rate):
    """Where there are few registers, terms of higher order are left of bias and variance: a little."""
    found = relative_errors(precision, rate, 1500)
    theory = math.sqrt(_likelihood.deviation(rate * 2**precision, precision) ** 2 + 1 / (rate * 2**precision))
    assert abs(found.mean()) <= 0.1 / 2**precision + 4 * found.std() / 1500**0.5
    assert found.std() == pytest.approx(theory, rel=0.6 / 2**precision + 4 / 3000**0.5)


def test_memory_variance_product():
    """Bits times relative variance: 3.7 where HyperLogLog with registers of six bits has 6.5."""
    precision, trials = 8, 10_000
    theory = BITS * 2**precision * _likelihood.deviation(2.0**24, precision) ** 2
    assert theory == pytest.approx(3.70, abs=0.01)
    measured = BITS * 2**precision * (relative_errors(precision, 2.0**16, trials) ** 2).mean()
    assert measured <= 3.8
    assert measured == pytest.approx(theory, rel=4 * (2 / trials) ** 0.5)


def test_deviation_that_is_documented():
    for precision in (4, 11, 20):
        most = max(_likelihood.deviation(2.0**power, precision) for power in range(precision - 1, 50))
        assert most * 2 ** (precision / 2) == pytest.approx(0.363, abs=0.001)


@pytest.mark.parametrize("level_", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("keys", [300, 2000, 50_000])
def test_intervals_hold_as_often_as_they_say(level_, keys):
    inside, trials = 0, 400
    for seed in range(trials):
        low, high = perfpy.exaloglog(np.arange(keys), precision=9, seed=seed).confidence(level_)
        inside += low <= keys <= high
    assert abs(inside / trials - level_) <= 4 * (level_ * (1 - level_) / trials) ** 0.5 + 0.01


def logarithm_of_likelihood(rate, evidence, precision):
    seen = math.fsum(
        count * math.log(-math.expm1(-rate / 2**j)) for j, count in enumerate(evidence.occurred) if count
    )
    return seen - rate * evidence.absent / 2 ** (64 - precision)


@pytest.mark.parametrize("rate", [0.3, 1, 20, 3000, 2.0**40])
def test_the_rate_is_the_likeliest(rate):
    one = EXALOGLOG["c"](Spec(6, 0))
    evidence = one._evidence(draw_registers(np.random.default_rng(1), 6, rate))
    best = _likelihood._likeliest_rate(evidence.absent / 2**58, evidence.occurred)
    at_best = logarithm_of_likelihood(best, evidence, 6)
    for factor in (0.5, 0.999, 1.001, 2):
        assert logarithm_of_likelihood(best * factor, evidence, 6) < at_best
    for extreme in (Evidence(1, [0] * 58 + [4096]), Evidence(2**58 * 64 - 2**55, [0, 0, 0, 1])):
        assert 0 < _likelihood.estimate(extreme, 6) < 2**75
