"""How good counts are: mean and error against theory, of real keys with many seeds, and known mistakes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import perfpy
from perfpy.techniques.counting._loglog_constants import loglog_constant, superloglog_constant

TRIALS = 240
MANY = [1, 10, 100, 1000, 10**4, 10**5, 10**6]


def errors(technique, keys, trials=TRIALS, **options):
    """Return the relative errors of counts of so many keys."""
    count = getattr(perfpy, technique)
    found = [count(np.arange(keys), seed=seed, **options).count() for seed in range(trials)]
    return np.array(found) / keys - 1


def check(found, bias, deviation, *, is_tight=True):
    """Hold the mean and the error against theory, give or take 4 standard deviations of what is measured.

    Where errors are rare, as collisions of few keys, their deviation is known less well.
    """
    trials = len(found)
    assert abs(found.mean() - bias) <= 4 * max(found.std(), deviation / 2) / trials**0.5 + 1e-12
    slack = 4 / (2 * trials) ** 0.5
    assert found.std() <= deviation * (1 + slack) * (1 if is_tight else 1.5)
    if is_tight:
        assert found.std() >= deviation * (1 - slack)


@pytest.mark.parametrize("keys", MANY)
def test_linear_counting(keys):
    bits = 2**17
    load = keys / bits
    excess = math.expm1(load) - load
    found = errors("linear_counting", keys, bits=bits)
    check(found, excess / (2 * keys), math.sqrt(bits * excess) / keys, is_tight=keys >= 1000)


@pytest.mark.parametrize("bits", [64, 1000, 4096])
def test_linear_counting_of_as_many_keys_as_bits(bits):
    excess = math.e - 2
    check(errors("linear_counting", bits, bits=bits), excess / (2 * bits), math.sqrt(excess / bits))


def loglog_mean(keys, registers):
    """Return the mean count of LogLog, where each register has a number of keys that is Poisson's."""
    ranks = np.arange(70)
    at_most = np.exp(-keys / registers / 2.0**ranks)
    probability = np.diff(at_most, prepend=0)
    moment = probability @ 2 ** (ranks / registers)
    return loglog_constant(registers) * registers * moment**registers


@pytest.mark.parametrize("keys", MANY)
def test_loglog(keys):
    """Of few keys it is far too high, by as much as theory says; of many it is right."""
    registers = 256
    bias = loglog_mean(keys, registers) / keys - 1
    found = errors("loglog", keys, precision=8)
    if keys < registers:
        assert found.mean() == pytest.approx(bias, rel=0.02)
    else:
        check(found, bias, 1.3 / math.sqrt(registers), is_tight=keys > 4 * registers)
        assert abs(bias) < 0.001
    if keys == 1:
        assert found.min() + 1 > loglog_constant(registers) * registers


@pytest.mark.parametrize("registers", [16, 64, 256, 2**14])
def test_constant_of_loglog(registers):
    """It makes the mean right, over hash functions, of as many keys as one likes."""
    for keys in (1e9, 1.4e9):
        assert loglog_mean(keys, registers) / keys == pytest.approx(1, abs=1e-5)
    assert loglog_constant(2**24) == pytest.approx(math.exp(-np.euler_gamma) * math.sqrt(2) / 2, abs=1e-5)


@pytest.mark.parametrize("precision", [4, 6, 10])
def test_superloglog_is_right_in_the_mean_over_a_doubling(precision):
    random = np.random.default_rng(precision)
    registers, trials = 1 << precision, 400
    kept = int(0.7 * registers)
    found = []
    for phase in range(8):
        keys = round(registers * 2 ** (10 + phase / 8))
        shares = random.multinomial(keys, np.full(registers, 1 / registers), size=trials)
        tail = -np.expm1(np.log(random.random(shares.shape)) / shares)
        ranks = np.sort(np.ceil(-np.log2(tail)).clip(1, 60), axis=1)[:, :kept]
        found.append(superloglog_constant(registers) * kept * 2 ** ranks.mean(axis=1) / keys - 1)
    errors = np.array(found)
    assert abs(errors.mean()) <= 4 * errors.std() / errors.size**0.5
    assert errors.std() * registers**0.5 == pytest.approx(1.1, rel=0.2)


@pytest.mark.parametrize("keys", [10**4, 10**5, 10**6])
def test_superloglog(keys):
    found = errors("superloglog", keys, precision=8)
    assert -0.014 - 4 * found.std() / TRIALS**0.5 <= found.mean() <= 0.0075 + 4 * found.std() / TRIALS**0.5
    assert 0.9 <= found.std() * 16 <= 1.3


def test_superloglog_is_closer_than_loglog():
    assert errors("superloglog", 10**5, precision=8).std() < errors("loglog", 10**5, precision=8).std()


@pytest.mark.parametrize("keys", MANY)
def test_k_minimum_values(keys):
    k = 66
    found = errors("k_minimum_values", keys, k=k)
    if keys < k:
        assert not found.any()
    else:
        check(found, 0, math.sqrt((keys - k + 1) / keys / (k - 2)), is_tight=keys > 100)


@pytest.mark.parametrize(("common", "own"), [(0, 3000), (100, 3000), (2000, 2000), (4000, 0)])
def test_what_sets_have_in_common(common, own):
    k, trials = 128, 200
    union, index = common + 2 * own, common / (common + 2 * own)
    jaccards, intersections = [], []
    for seed in range(trials):
        one = perfpy.k_minimum_values(np.arange(common + own), k=k, seed=seed)
        other = perfpy.k_minimum_values(np.arange(own, common + 2 * own)[::-1], k=2 * k, seed=seed)
        jaccards.append(one.jaccard(other))
        intersections.append(other.intersection_count(one))
        assert other.jaccard(one) == jaccards[-1]
    deviation = math.sqrt(index * (1 - index) / k)
    assert abs(np.mean(jaccards) - index) <= 4 * deviation / trials**0.5
    assert np.std(jaccards) <= deviation * 1.2
    assert abs(np.mean(intersections) - common) <= 4 * np.std(intersections) / trials**0.5 + 1e-9
    assert np.std(intersections) <= 1.2 * union * math.sqrt(index / k)


def test_what_small_sets_have_in_common_is_exact():
    one, other = perfpy.k_minimum_values(range(100), k=128), perfpy.k_minimum_values(range(60, 120), k=64)
    assert one.intersection_count(other) == 40
    assert one.jaccard(other) == 40 / 120
    none = perfpy.k_minimum_values()
    assert math.isnan(none.jaccard(none))
    assert (none.intersection_count(none), none.jaccard(one), one.intersection_count(none)) == (0, 0, 0)
    with pytest.raises(TypeError, match="other must be of type KMinimumValues"):
        one.jaccard({1})
    with pytest.raises(ValueError, match="same seed"):
        one.jaccard(perfpy.k_minimum_values(seed=1))


@pytest.mark.parametrize(
    ("technique", "options"),
    [
        ("linear_counting", {"bits": 2**12}),
        ("loglog", {"precision": 8}),
        ("superloglog", {"precision": 8}),
        ("k_minimum_values", {"k": 256}),
    ],
)
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_intervals_hold_as_often_as_they_say(technique, options, level):
    keys, trials = 5000, 300
    make = getattr(perfpy, technique)
    inside = 0
    for seed in range(trials):
        low, high = make(np.arange(keys), seed=seed, **options).confidence(level)
        inside += low <= keys <= high
    assert abs(inside / trials - level) <= 4 * (level * (1 - level) / trials) ** 0.5 + 0.03


class TestMistakesThatWerePublished:
    """Each would show in the tests above; here is what it looked like."""

    def test_logarithm_to_base_2_in_linear_counting(self):
        one = perfpy.linear_counting(range(1000), bits=2**16)
        assert one.count() == pytest.approx(1000, rel=0.02)
        mistaken = one.bits * math.log2(one.bits / (one.bits - np.bitwise_count(one._state()).sum()))
        assert mistaken / one.count() == pytest.approx(1.44, abs=0.01)

    def test_constant_of_hyperloglog_in_loglog(self):
        registers = 2**12
        mistaken = 0.7213 / (1 + 1.079 / registers)
        assert mistaken / loglog_constant(registers) == pytest.approx(1.8, abs=0.02)
        assert perfpy.loglog(range(10**5), precision=12).count() == pytest.approx(10**5, rel=0.08)

    def test_constant_of_loglog_in_superloglog(self):
        assert 0.3970 / superloglog_constant(2**12) < 0.65
        assert perfpy.superloglog(range(10**5), precision=12).count() == pytest.approx(10**5, rel=0.08)

    def test_minimum_values_not_exact_below_k(self):
        for keys in range(64):
            assert perfpy.k_minimum_values(range(keys), k=64).count() == keys
