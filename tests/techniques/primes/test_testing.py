"""`is_prime`: against sympy, pseudoprimes, and arrays of every kind."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

import perfpy
from perfpy.techniques.primes._miller_rabin import is_prime_int

sympy = pytest.importorskip("sympy")

TECHNIQUE = "is_prime"

#: The smallest strong pseudoprimes to the first 1, 2, ... prime bases (OEIS A014233).
STRONG = (
    2047, 1_373_653, 25_326_001, 3_215_031_751, 2_152_302_898_747, 3_474_749_660_383, 341_550_071_728_321,
    3_825_123_056_546_413_051,
)  # fmt: skip
#: Carmichael numbers: the smallest, and products of three primes 6k + 1, 12k + 1, 18k + 1 (Chernick).
CARMICHAEL = (
    *(561, 1105, 1729, 2465, 2821, 6601, 8911, 10_585, 15_841, 29_341),
    *(
        math.prod(factors)
        for k in (*range(1, 500), *range(200_000, 205_000))
        if all(map(sympy.isprime, factors := (6 * k + 1, 12 * k + 1, 18 * k + 1)))
    ),
)
PRIMES_OF_THE_BOOK = (100_109_100_129_100_151, 100_109_100_129_162_907, 2**61 - 1)
COMPOSITES_OF_THE_BOOK = (100_109_100_129_100_369, 100_109_100_129_101_027)


def sample() -> list[int]:
    chosen = random.Random(11)
    numbers = [chosen.randrange(2**bits) for bits in range(1, 65) for _ in range(6)]
    numbers += [int(sympy.prevprime(2**bits)) for bits in range(2, 65)]
    below = [int(sympy.prevprime(2**bits)) for bits in (8, 16, 24, 31, 32)]
    numbers += [p * q for p in below for q in below]
    return numbers + list(range(300)) + [2**64 - 1, 2**64 - 59, 2**63, 2**32 - 1, 2**32 + 1]


SAMPLE = sample()
ANSWERS = [bool(sympy.isprime(n)) for n in SAMPLE]
ABOVE = ("python", "gmpy2", "sympy")


def slow(backend: str) -> bool:
    return backend == "trial"


def test_single_numbers(backend: str) -> None:
    for n, answer in zip(SAMPLE, ANSWERS, strict=True):
        if slow(backend) and n > 10**10:
            continue
        assert perfpy.is_prime(n, backend=backend) is answer, n


def test_arrays(backend: str) -> None:
    numbers = [(n, a) for n, a in zip(SAMPLE, ANSWERS, strict=True) if not slow(backend) or n < 10**10]
    array = np.array([n for n, _ in numbers], np.uint64)
    answers = perfpy.is_prime(array, backend=backend)
    assert answers.dtype == np.bool_
    assert answers.tolist() == [a for _, a in numbers]


def test_pseudoprimes(backend: str) -> None:
    numbers = [n for n in STRONG + CARMICHAEL if not slow(backend) or n < 10**10]
    known = [bool(sympy.isprime(n)) for n in numbers]
    assert [perfpy.is_prime(n, backend=backend) for n in numbers] == known
    assert perfpy.is_prime(np.array(numbers, np.uint64), backend=backend).tolist() == known
    assert not any(perfpy.is_prime(n, backend=backend) for n in STRONG if not slow(backend) or n < 10**10)


def test_numbers_of_the_book(backend: str) -> None:
    if slow(backend):
        pytest.skip("divides for minutes")
    assert all(perfpy.is_prime(n, backend=backend) for n in PRIMES_OF_THE_BOOK)
    assert not any(perfpy.is_prime(n, backend=backend) for n in COMPOSITES_OF_THE_BOOK)


def test_every_length_of_an_array(backend: str) -> None:
    """Kernels take several numbers at a time, and what is left."""
    for size in range(40):
        numbers = np.arange(3, 3 + 2 * size, 2)
        expected = [bool(sympy.isprime(n)) for n in numbers.tolist()]
        assert perfpy.is_prime(numbers, backend=backend).tolist() == expected


def test_what_is_below_two(backend: str) -> None:
    assert [perfpy.is_prime(n, backend=backend) for n in (-7, -2, -1, 0, 1)] == [False] * 5
    assert not perfpy.is_prime(np.array([-7, -2, 0, 1], np.int8), backend=backend).any()
    assert not perfpy.is_prime(-(2**70), backend=backend)


def test_above_64_bits(backend: str) -> None:
    if backend in ABOVE:
        assert perfpy.is_prime(2**89 - 1, backend=backend)
        assert not perfpy.is_prime(2**83 - 1, backend=backend)
        mixed = [2**89 - 1, 7, 2**64 + 1, 2**64 - 1, -3]
        assert perfpy.is_prime(mixed, backend=backend).tolist() == [True, True, False, False, False]
    else:
        with pytest.raises(
            ValueError, match=rf"backend '{backend}' of 'is_prime' cannot take n='2\*\*64 or more'"
        ):
            perfpy.is_prime(2**64, backend=backend)


def test_auto_takes_any_size() -> None:
    assert perfpy.is_prime(2**127 - 1)
    assert not perfpy.is_prime((2**61 - 1) * (2**89 - 1))
    assert perfpy.is_prime([2**63, 2**64 - 59, 2]).tolist() == [False, True, True]


def test_baillie_psw_on_what_fools_each_half() -> None:
    strong_to_2 = (2047, 3277, 4033, 4681, 8321, 15_841, 29_341, 42_799, 49_141, 52_633)
    lucas = (5459, 5777, 10_877, 16_109, 18_971, 22_499, 24_569, 25_199, 40_309, 58_519)
    from perfpy.techniques.primes import _miller_rabin

    for n in lucas:  # the strong Lucas test alone takes these for primes
        assert _miller_rabin.is_strong_lucas_probable_prime(n)
        assert not _miller_rabin._is_strong_probable_prime(n, 2)
    for n in strong_to_2:
        assert _miller_rabin._is_strong_probable_prime(n, 2)
        assert not _miller_rabin.is_strong_lucas_probable_prime(n)


def test_large_numbers_as_sympy() -> None:
    chosen = random.Random(13)
    for bits in (65, 66, 80, 128, 200, 300):
        prime = int(sympy.nextprime(chosen.randrange(2 ** (bits - 1), 2**bits)))
        other = int(sympy.nextprime(prime + chosen.randrange(1000)))
        assert is_prime_int(prime)
        assert not is_prime_int(prime * other)
        assert not is_prime_int(prime * prime)
        for n in range(prime - 40, prime + 40):
            assert is_prime_int(n) == sympy.isprime(n), n


@pytest.mark.parametrize("shape", [(), (0,), (3, 4), (2, 0, 5), (2, 3, 2)])
def test_shapes(backend: str, shape: tuple[int, ...]) -> None:
    numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape) + 2
    answers = perfpy.is_prime(numbers, backend=backend)
    if shape == ():
        assert answers is True
    else:
        assert answers.shape == shape
        assert answers.tolist() == np.vectorize(sympy.isprime, otypes=[bool])(numbers).tolist()


@pytest.mark.parametrize("executor", ["threads:2", "threads:3", "processes:2"])
def test_executors_give_the_same(backend: str, executor: str) -> None:
    if backend in ("numpy", "trial") and executor == "threads:3":
        pytest.skip("three threads that fight for the interpreter lock take long")
    numbers = np.random.default_rng(3).integers(0, 2**32 if slow(backend) else 2**64, 500, dtype=np.uint64)
    expected = perfpy.is_prime(numbers, backend="python")
    np.testing.assert_array_equal(perfpy.is_prime(numbers, backend=backend, executor=executor), expected)


def test_a_wrong_executor_is_an_error_for_one_number_too() -> None:
    with pytest.raises(ValueError, match="unknown executor 'thread'"):
        perfpy.is_prime(7, executor="thread")


def test_arrays_that_are_refused() -> None:
    """No mask is lost, and no error of numpy's comes through."""
    masked = np.ma.masked_array([2, 3], [False, True])
    with pytest.raises(ValueError, match="n must have no masked elements"):
        perfpy.is_prime(masked)
    assert perfpy.is_prime(np.ma.masked_array([2, 4], [False, False])).tolist() == [True, False]
    with pytest.raises(ValueError, match=r"n must be an array of integers, not \[\[2\], \[3, 4\]\]"):
        perfpy.is_prime([[2], [3, 4]])
