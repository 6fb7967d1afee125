"""The Miller-Rabin test of whole arrays; NumPy has no products of 128 bits, so they are made of halves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._miller_rabin import is_prime_int

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.uint64]

_SMALL = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
#: No composite number with 64 bits passes the test for all of these (Sinclair, 2011).
_BASES = (2, 325, 9375, 28178, 450775, 9780504, 1795265022)
_BATCH = 2**13  # numbers whose intermediate results stay in the second cache
_LOW = np.uint64(2**32 - 1)
_HALF = np.uint64(32)
_ONE = np.uint64(1)


def is_prime(n: Any, out: NDArray[np.bool_] | None) -> bool | None:
    """Test an int, or fill `out` for the numbers of a uint64 array."""
    if out is None:
        return is_prime_int(n)  # one number is not worth an array
    for first in range(0, n.size, _BATCH):
        _test(n[first : first + _BATCH], out[first : first + _BATCH])
    return None


def _test(numbers: Numbers, out: NDArray[np.bool_]) -> None:
    out[:] = numbers > 1
    for prime in _SMALL:
        out &= (numbers % np.uint64(prime) != 0) | (numbers == prime)
    unsure = np.flatnonzero(out & (numbers > _SMALL[-1] ** 2))
    for base in _BASES:
        if unsure.size == 0:
            return
        passed = _passes(numbers[unsure], base)
        out[unsure[~passed]] = False
        unsure = unsure[passed]


def _passes(n: Numbers, base: int) -> NDArray[np.bool_]:
    """Tell which of the odd numbers are strong probable primes to a base."""
    form = _Montgomery(n)
    odd = n - _ONE
    twos = np.zeros(n.size, np.uint64)
    while (even := (odd & _ONE) == 0).any():
        odd = np.where(even, odd >> _ONE, odd)
        twos += even
    power = form.power(np.uint64(base) % n, odd)
    passed: NDArray[np.bool_] = (power == form.one) | (power == n - form.one) | (np.uint64(base) % n == 0)
    for squaring in range(1, int(twos.max())):
        power = form.product(power, power)
        passed |= (power == n - form.one) & (squaring < twos)
    return passed


class _Montgomery:
    """Arithmetic modulo odd numbers below 2**64, each number x standing for x * 2**64 modulo n."""

    def __init__(self, n: Numbers) -> None:
        self._n = n
        inverse = n.copy()  # right in 3 bits; each step doubles them
        for _ in range(5):
            inverse *= np.uint64(2) - n * inverse
        self._inverse = inverse
        self.one = (~n + _ONE) % n  # 2**64 - n, which is 2**64 modulo n after division
        self._square = self._doubled_64_times(self.one)

    def _doubled_64_times(self, value: Numbers) -> Numbers:
        """Return the value times 2**64 modulo n."""
        for _ in range(64):
            room = self._n - value
            value = np.where(value >= room, value - room, value + value)
        return value

    def product(self, a: Numbers, b: Numbers) -> Numbers:
        """Return the product of two numbers in this form."""
        high, low = _wide(a, b)
        back, _ = _wide(low * self._inverse, self._n)
        return np.where(high >= back, high - back, high - back + self._n)

    def power(self, base: Numbers, exponent: Numbers) -> Numbers:
        """Return the power in this form of ordinary numbers."""
        factor = self.product(base, self._square)
        result = self.one.copy()
        for bit in range(int(exponent.max()).bit_length() - 1, -1, -1):
            result = self.product(result, result)
            chosen = (exponent >> np.uint64(bit)) & _ONE == 1
            result = np.where(chosen, self.product(result, factor), result)
        return result


def _wide(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    """Return the upper and the lower 64 bits of products."""
    a_high, a_low, b_high, b_low = a >> _HALF, a & _LOW, b >> _HALF, b & _LOW
    low, first, second = a_low * b_low, a_high * b_low, a_low * b_high
    middle = (low >> _HALF) + (first & _LOW) + (second & _LOW)
    high = a_high * b_high + (first >> _HALF) + (second >> _HALF) + (middle >> _HALF)
    return high, a * b
