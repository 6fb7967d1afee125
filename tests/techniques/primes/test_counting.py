"""`count_primes`: the literature's values, and the same as listing."""

from __future__ import annotations

import random

import pytest

import perfpy

TECHNIQUE = "count_primes"

#: pi(10**k), OEIS A006880.
KNOWN = (
    0, 4, 25, 168, 1229, 9592, 78_498, 664_579, 5_761_455, 50_847_534, 455_052_511, 4_118_054_813,
    37_607_912_018, 346_065_536_839, 3_204_941_750_802, 29_844_570_422_669,
)  # fmt: skip
#: The largest power that takes a backend less than about a second.
REACH = {"python": 7, "numpy": 8, "numba": 9, "cython": 9, "pythran": 9, "c": 15, "primesieve": 9}
REACH |= {"primecountpy": 15, "sympy": 7}


def test_powers_of_ten(backend: str) -> None:
    for power, known in enumerate(KNOWN[: REACH[backend] + 1]):
        assert perfpy.count_primes(10**power + 1, backend=backend) == known, power


def test_windows_of_the_book(backend: str) -> None:
    assert perfpy.count_primes(10**8, 10**8 + 10**4, backend=backend) == 551
    if backend != "sympy":
        assert perfpy.count_primes(10**8, 10**8 + 10**5, backend=backend) == 5411
        assert perfpy.count_primes(10**8, 10**8 + 10**6, backend=backend) == 54_208
        assert perfpy.count_primes(10**9, 10**9 + 10**5, backend=backend) == 4832
        assert perfpy.count_primes(10**11, 10**11 + 10**5, backend=backend) == 4019


def test_same_as_listing(backend: str) -> None:
    chosen = random.Random(7)
    # Two prime-counting functions take long where the numbers have more bits.
    most = 60 if backend in ("primecountpy", "sympy") else 64
    for bits in range(2, 28 if most == 60 else 65):
        start = chosen.randrange(2**bits)
        stop = min(start + chosen.randrange(1000), 2**64)
        found = perfpy.primes(start, stop, backend="python")
        assert perfpy.count_primes(start, stop, backend=backend) == found.size, (start, stop)


def test_every_small_interval(backend: str) -> None:
    for start in range(40):
        for stop in range(start, 40):
            expected = perfpy.primes(start, stop, backend="python").size
            assert perfpy.count_primes(start, stop, backend=backend) == expected, (start, stop)


def test_nothing_to_count(backend: str) -> None:
    for start, stop in ((0, 0), (0, 2), (-5, 2), (7, 7), (8, 3), (-9, -2), (24, 29)):
        assert perfpy.count_primes(start, stop, backend=backend) == 0


def test_floats_with_whole_values() -> None:
    assert perfpy.count_primes(1e6) == 78_498
    assert perfpy.count_primes(1e12) == 37_607_912_018


@pytest.mark.parametrize("executor", [None, "threads:2", "processes:2"])
def test_prefixes_and_windows_by_either_method(executor: str | None) -> None:
    """The C backend chooses between a sieve and the prime-counting function; both sides must agree."""
    for start, stop in (
        (10**10, 10**10 + 10**6),
        (0, 10**10),
        (10**9, 10**10),
        (3 * 10**9, 3 * 10**9 + 10**8),
    ):
        found = perfpy.count_primes(start, stop, backend="c", executor=executor)
        assert found == perfpy.count_primes(stop, backend="c") - perfpy.count_primes(start, backend="c")
