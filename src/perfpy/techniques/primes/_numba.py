"""The sieve on a wheel of 30, and Montgomery products, compiled by Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from . import _nth, _wheel

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _compiled(function: Callable[..., Any]) -> Any:
    """Compile a function, and keep the machine code for later processes where there is a place for it."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # no directory to keep it in
        return numba.njit(nogil=True, error_model="numpy")(function)


_REMAINDERS = _wheel.REMAINDERS
_BIT = np.zeros(30, np.uint8)  # the mask without the bit of a remainder
_BIT[_REMAINDERS] = 255 - (1 << np.arange(8))
_INVERSES = np.array([pow(r, -1, 30) if np.gcd(r, 30) == 1 else 0 for r in range(30)], np.int64)
_ONES = np.array([bin(byte).count("1") for byte in range(256)], np.int64)
#: The remainders of the bits that are set, for each byte; zeros after them.
_SET = np.zeros((256, 8), np.uint64)
for _byte in range(256):
    _found = [r for bit, r in enumerate(_REMAINDERS.tolist()) if _byte >> bit & 1]
    _SET[_byte, : len(_found)] = _found


@_compiled
def _cross_off(flags: Any, first: int, root: int, divisors: Any) -> None:
    size = flags.size
    for index in range(divisors.size):
        p = np.int64(divisors[index])
        if p > root:  # from the square on, as a distance from 30*first without products of 64 bits
            begin = 30 * ((p // 30) * p + (p % 30) * p // 30 - first) + (p % 30) * (p % 30) % 30
        else:
            begin = (p - 30 * (first % p) % p) % p
        # What p is multiplied by to get there, modulo 30.
        turn = begin % 30 * _INVERSES[p % 30] % 30
        for bit in range(8):
            place = begin + p * ((_REMAINDERS[bit] - turn) % 30)
            mask = _BIT[place % 30]
            for k in range(place // 30, size, p):
                flags[k] &= mask


@_compiled
def _extract(flags: Any, first: int, out: Any) -> int:
    written = 0
    room = out.size - 8
    base = np.uint64(first) * np.uint64(30)
    for k in range(flags.size):
        byte = flags[k]
        if byte:
            if written <= room:  # eight at a time, of which those beyond the bits set are written over
                for bit in range(8):
                    out[written + bit] = base + _SET[byte, bit]
            else:
                for bit in range(_ONES[byte]):
                    out[written + bit] = base + _SET[byte, bit]
            written += _ONES[byte]
        base += np.uint64(30)
    return written


@_compiled
def _count(flags: Any) -> int:
    total = 0
    for k in range(flags.size):
        total += _ONES[flags[k]]
    return total


_LOW = np.uint64(2**32 - 1)
_HALF = np.uint64(32)
_ZERO, _UNIT, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_SMALL = np.array([3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47], np.uint64)
_PROVEN = np.uint64(53 * 53)  # below it, a number without small factors is prime
#: No composite number with 64 bits passes the test for all of these (Sinclair, 2011).
_BASES = np.array([2, 325, 9375, 28178, 450775, 9780504, 1795265022], np.uint64)


@_compiled
def _upper(a: Any, b: Any) -> Any:
    """Return the upper 64 bits of a product."""
    low = (a & _LOW) * (b & _LOW)
    first = (a >> _HALF) * (b & _LOW)
    second = (a & _LOW) * (b >> _HALF)
    middle = (low >> _HALF) + (first & _LOW) + (second & _LOW)
    return (a >> _HALF) * (b >> _HALF) + (first >> _HALF) + (second >> _HALF) + (middle >> _HALF)


@_compiled
def _product(a: Any, b: Any, n: Any, inverse: Any) -> Any:
    """Return a * b / 2**64 modulo n (Montgomery)."""
    high = _upper(a, b)
    back = _upper(a * b * inverse, n)
    return high - back if high >= back else high - back + n


@_compiled
def _is_prime(n: Any) -> Any:
    if n < _TWO or n & _UNIT == _ZERO:
        return n == _TWO
    for prime in _SMALL:
        if n % prime == _ZERO:
            return n == prime
    if n < _PROVEN:
        return True
    inverse = n
    for _ in range(5):
        inverse *= _TWO - n * inverse
    one = (_ZERO - n) % n
    square = one
    for _ in range(64):
        room = n - square
        square = square - room if square >= room else square + square
    odd, twos = n - _UNIT, 0
    while odd & _UNIT == _ZERO:
        odd >>= _UNIT
        twos += 1
    for base in _BASES:
        if base % n != _ZERO and not _passes(n, base % n, one, square, inverse, odd, twos):
            return False
    return True


@_compiled
def _passes(n: Any, base: Any, one: Any, square: Any, inverse: Any, odd: Any, twos: int) -> Any:
    factor = _product(base, square, n, inverse)
    power = one
    while odd:
        if odd & _UNIT:
            power = _product(power, factor, n, inverse)
        factor = _product(factor, factor, n, inverse)
        odd >>= _UNIT
    if power in (one, n - one):
        return True
    for _ in range(twos - 1):
        power = _product(power, power, n, inverse)
        if power == n - one:
            return True
    return False


@_compiled
def _test(numbers: Any, out: Any) -> None:
    for index in range(numbers.size):
        out[index] = _is_prime(numbers[index])


_BATCH = 2**12  # numbers between two looks at signals


def is_prime(n: Any, out: NDArray[np.bool_] | None) -> bool | None:
    """Test an int, or fill `out` for the numbers of a uint64 array."""
    if out is None:
        return bool(_is_prime(np.uint64(n)))
    for first in range(0, n.size, _BATCH):
        _test(n[first : first + _BATCH], out[first : first + _BATCH])
    return None


class _Loops(_wheel.Loops):
    cross_off = staticmethod(_cross_off)
    extract = staticmethod(_extract)
    count = staticmethod(_count)
    is_prime = staticmethod(is_prime)


def primes(start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    return _wheel.primes(_Loops, start, stop, out)


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    return _wheel.count_primes(_Loops, start, stop)


def nth_prime(n: int) -> int:
    """Return the prime number `n`."""
    return _nth.nth_prime(n, count_primes, primes)
