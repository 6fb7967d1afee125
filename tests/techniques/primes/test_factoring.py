"""`prime_factors` on every backend."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy

sympy = pytest.importorskip("sympy")

TECHNIQUE = "prime_factors"


def expected(n: int) -> list[int]:
    return sorted(p for p, times in sympy.factorint(n).items() for _ in range(times)) if n > 1 else []


def test_small_numbers(backend: str) -> None:
    for n in range(1, 1500):
        assert perfpy.prime_factors(n, backend=backend) == expected(n)


def test_products_of_two_primes(backend: str) -> None:
    assert perfpy.prime_factors(100_109_100_129_100_369, backend=backend) == [95_362_951, 1_049_769_319]
    assert perfpy.prime_factors(100_109_100_129_101_027, backend=backend) == [171_656_941, 583_192_847]
    largest = [4_294_967_279, 4_294_967_291]
    assert perfpy.prime_factors(math.prod(largest), backend=backend) == largest


@pytest.mark.parametrize("prime", [2, 3, 997, 1009, 65_537, 2_642_239, 4_294_967_291])
def test_powers(backend: str, prime: int) -> None:
    """Squares and cubes are what the rho method has trouble with."""
    times = 1
    while prime**times < 2**64:
        assert perfpy.prime_factors(prime**times, backend=backend) == [prime] * times
        times += 1


def test_primes_and_the_largest_number(backend: str) -> None:
    for prime in (2, 2**61 - 1, 18_446_744_073_709_551_557):
        assert perfpy.prime_factors(prime, backend=backend) == [prime]
    assert perfpy.prime_factors(2**64 - 1, backend=backend) == [3, 5, 17, 257, 641, 65_537, 6_700_417]


def test_random_products(backend: str) -> None:
    chosen = random.Random(19)
    for _ in range(150):
        factors: list[int] = []
        while True:
            prime = int(sympy.nextprime(chosen.randrange(2 ** chosen.randrange(2, 40))))
            if math.prod(factors) * prime >= 2**64:
                break
            factors.append(prime)
        assert perfpy.prime_factors(math.prod(factors), backend=backend) == sorted(factors)


@given(st.integers(1, 2**64 - 1))
@settings(max_examples=40, deadline=None)
def test_any_number(backend: str, n: int) -> None:
    factors = perfpy.prime_factors(n, backend=backend)
    assert math.prod(factors) == n
    assert factors == sorted(factors)
    assert all(sympy.isprime(factor) for factor in factors)
    assert all(type(factor) is int for factor in factors)
