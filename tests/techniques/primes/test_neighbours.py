"""`next_prime` and `previous_prime`."""

from __future__ import annotations

import random

import pytest

import perfpy

sympy = pytest.importorskip("sympy")

BACKENDS = [row.name for row in perfpy.backends("next_prime") if row.available]
ABOVE = [name for name in BACKENDS if name in ("python", "gmpy2", "sympy")]
LAST = 18_446_744_073_709_551_557


@pytest.mark.parametrize("chosen", BACKENDS)
class TestNeighbours:
    def test_small_numbers(self, chosen: str) -> None:
        for n in range(-3, 500):
            assert perfpy.next_prime(n, backend=chosen) == sympy.nextprime(n)
        for n in range(3, 500):
            assert perfpy.previous_prime(n, backend=chosen) == sympy.prevprime(n)

    def test_random_numbers(self, chosen: str) -> None:
        source = random.Random(17)
        for bits in range(8, 64):
            n = source.randrange(2**bits)
            assert perfpy.next_prime(n, backend=chosen) == sympy.nextprime(n)
            assert perfpy.previous_prime(n + 3, backend=chosen) == sympy.prevprime(n + 3)

    def test_large_gaps(self, chosen: str) -> None:
        for prime, gap in ((1327, 34), (20_831_323, 210), (804_212_830_686_677_669, 1442)):
            assert perfpy.next_prime(prime, backend=chosen) == prime + gap
            assert perfpy.previous_prime(prime + gap, backend=chosen) == prime

    def test_the_last_one_with_64_bits(self, chosen: str) -> None:
        assert perfpy.next_prime(LAST - 1, backend=chosen) == LAST
        assert perfpy.previous_prime(2**64, backend=chosen) == LAST
        if chosen in ABOVE:
            assert perfpy.next_prime(LAST, backend=chosen) == 2**64 + 13
            assert perfpy.previous_prime(2**64 + 13, backend=chosen) == LAST
        else:
            for function, n in ((perfpy.next_prime, LAST), (perfpy.previous_prime, 2**64 + 1)):
                with pytest.raises(ValueError, match="cannot take n='2\\*\\*64 or more'"):
                    function(n, backend=chosen)


def test_auto_goes_on_above_64_bits() -> None:
    assert perfpy.next_prime(LAST) == 2**64 + 13
    assert perfpy.previous_prime(2**64 + 14) == 2**64 + 13


def test_nothing_is_below_two() -> None:
    for n in (2, 1, 0, -5):
        with pytest.raises(ValueError, match=f"n must be above 2, the smallest prime, not {n}"):
            perfpy.previous_prime(n)
