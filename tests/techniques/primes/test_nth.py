"""`nth_prime`, the inverse of counting."""

from __future__ import annotations

import pytest

import perfpy
from perfpy.techniques.primes import _nth

TECHNIQUE = "nth_prime"

#: Prime number 10**k, OEIS A006988.
KNOWN = (2, 29, 541, 7919, 104_729, 1_299_709, 15_485_863, 179_424_673, 2_038_074_743, 22_801_763_489)
KNOWN += (252_097_800_623, 2_760_727_302_517, 29_996_224_275_833)
REACH = {"python": 5, "numpy": 7, "numba": 7, "cython": 7, "pythran": 7, "c": 12, "primesieve": 7}
REACH |= {"primecountpy": 10, "sympy": 5}


def test_powers_of_ten(backend: str) -> None:
    for power, known in enumerate(KNOWN[: REACH[backend] + 1]):
        assert perfpy.nth_prime(10**power, backend=backend) == known, power


def test_the_first_ones(backend: str) -> None:
    expected = perfpy.primes(2000, backend="python").tolist()
    assert [perfpy.nth_prime(n, backend=backend) for n in range(1, len(expected) + 1)] == expected


def test_inverse_of_counting(backend: str) -> None:
    for n in (777, 7777, 54_321):
        assert perfpy.count_primes(perfpy.nth_prime(n, backend=backend)) == n - 1


@pytest.mark.parametrize("executor", ["threads:2", "processes:2"])
def test_counted_on_an_executor(backend: str, executor: str) -> None:
    for n in (1, 2, 100, 54_321):
        expected = perfpy.nth_prime(n, backend="python")
        assert perfpy.nth_prime(n, backend=backend, executor=executor) == expected
    if backend == "c":
        assert perfpy.nth_prime(10**11, backend=backend, executor=executor) == KNOWN[11]


def test_riemann_is_close_to_the_number_of_primes() -> None:
    assert abs(_nth.riemann(1e9) - 50_847_534) < 200
    assert abs(_nth.riemann(1e15) - 29_844_570_422_669) < 2e5
    assert abs(_nth.approximately(10**12) / 29_996_224_275_833 - 1) < 1e-6


@pytest.mark.parametrize("shift", [-3000, -1, 0, 1, 3000])
def test_any_estimate_will_do(shift: int) -> None:
    """Where the estimate is off, the way is walked from there, up or down."""
    sieve = perfpy.techniques.primes.PRIMES["numpy"]
    count = perfpy.techniques.primes.COUNT_PRIMES["numpy"]
    for n in (2, 3, 60, 1000):
        found = _nth.nth_prime(n, count, sieve, lambda n: max(2, _nth.approximately(n) + shift))
        assert found == perfpy.nth_prime(n, backend="python")
