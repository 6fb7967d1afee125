"""Primality of Python ints: proven below 2**64, Baillie-PSW above."""

from __future__ import annotations

from math import gcd, isqrt

_SMALL = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
#: Strong pseudoprimes to the first bases: below each number so many bases prove a prime (OEIS A014233;
#: Sorenson and Webster, "Strong pseudoprimes to twelve prime bases", 2017).
_PROVEN = (
    (2047, 1),
    (1_373_653, 2),
    (25_326_001, 3),
    (3_215_031_751, 4),
    (2_152_302_898_747, 5),
    (3_474_749_660_383, 6),
    (341_550_071_728_321, 7),
    (3_825_123_056_546_413_051, 9),
    (2**64, 12),
)


def is_prime_int(n: int) -> bool:
    """Tell whether an int is prime; from 2**64 on, whether it passes the Baillie-PSW test."""
    if n < 2:
        return False
    for prime in _SMALL:
        if n % prime == 0:
            return n == prime
    for limit, bases in _PROVEN:
        if n < limit:
            return all(_is_strong_probable_prime(n, base) for base in _SMALL[:bases])
    return _is_strong_probable_prime(n, 2) and is_strong_lucas_probable_prime(n)


def _is_strong_probable_prime(n: int, base: int) -> bool:
    """Do the Miller-Rabin test of an odd number above the base."""
    twos = ((n - 1) & -(n - 1)).bit_length() - 1
    power = pow(base, (n - 1) >> twos, n)
    if power in (1, n - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % n
        if power == n - 1:
            return True
    return False


def is_strong_lucas_probable_prime(n: int) -> bool:
    """Do the strong Lucas test of an odd number above 2, with the parameters of Selfridge's method A."""
    if isqrt(n) ** 2 == n:
        return False  # no discriminant would be found
    discriminant = 5
    while (symbol := _jacobi(discriminant, n)) != -1:
        if symbol == 0 and gcd(discriminant, n) < n:
            return False
        discriminant = -discriminant - 2 if discriminant > 0 else 2 - discriminant
    p, q = 1, (1 - discriminant) // 4
    twos = ((n + 1) & -(n + 1)).bit_length() - 1
    u, v, power = _lucas(n, p, q, discriminant, (n + 1) >> twos)
    if u == 0 or v == 0:
        return True
    for _ in range(twos - 1):
        v = (v * v - 2 * power) % n
        if v == 0:
            return True
        power = power * power % n
    return False


def _lucas(n: int, p: int, q: int, discriminant: int, index: int) -> tuple[int, int, int]:
    """Return the terms U and V of the Lucas sequences at an index above 0, and q**index, all modulo odd n."""
    u, v, power = 1, p, q % n
    for bit in bin(index)[3:]:
        u, v, power = u * v % n, (v * v - 2 * power) % n, power * power % n
        if bit == "1":
            u, v = _half(p * u + v, n), _half(discriminant * u + p * v, n)
            power = power * q % n
    return u, v, power


def _half(value: int, n: int) -> int:
    """Return half of a value modulo odd n."""
    return (value if value % 2 == 0 else value + n) // 2 % n


def _jacobi(a: int, n: int) -> int:
    """Return the Jacobi symbol (a/n) for odd n above 0."""
    a %= n
    sign = 1
    while a:
        while a % 2 == 0:
            a //= 2
            if n % 8 in (3, 5):
                sign = -sign
        a, n = n, a
        if a % 4 == 3 and n % 4 == 3:
            sign = -sign
        a %= n
    return sign if n == 1 else 0
