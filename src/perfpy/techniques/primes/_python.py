"""The reference, in plain Python: the sieve of Eratosthenes by segments."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from typing import TYPE_CHECKING, Any

from . import _nth, _rho
from ._miller_rabin import is_prime_int

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SEGMENT = 2**18  # numbers of a segment: its flags stay in a cache of 128 KB
_BATCH = 2**10  # numbers of an array made into ints at a time
#: An interval this many times shorter than the square root of its end is quicker tested than sieved.
_SPARSE = 30


def primes(start: int, stop: int, out: NDArray[Any]) -> int:
    """Fill `out` with the primes of [start, stop) and return how many there are."""
    written = 0
    for found in _lists(start, stop):
        out[written : written + len(found)] = found
        written += len(found)
    return written


def count_primes(start: int, stop: int) -> int:
    """Return how many primes there are in [start, stop)."""
    if _is_sparse(start, stop):
        return sum(map(is_prime_int, range(start, stop)))
    return (start <= 2 < stop) + sum(flags.count(1) for _, flags in _segments(start, stop))


def nth_prime(n: int) -> int:
    """Return the prime number `n`."""
    return _nth.nth_prime(n, count_primes, primes)


def is_prime(n: Any, out: NDArray[np.bool_] | None) -> bool | None:
    """Test an int, or fill `out` for the numbers of an array."""
    if out is None:
        return is_prime_int(n)
    for first in range(0, n.size, _BATCH):
        batch = n[first : first + _BATCH].tolist()
        out[first : first + len(batch)] = list(map(is_prime_int, batch))
    return None


def next_prime(n: int) -> int:
    """Return the smallest prime above `n`."""
    if n < 2:
        return 2
    candidate = n + 1 + n % 2  # the next odd number
    while not is_prime_int(candidate):
        candidate += 2
    return candidate


def previous_prime(n: int) -> int:
    """Return the largest prime below `n`, which is above 2."""
    if n == 3:
        return 2
    candidate = n - 1 - n % 2
    while not is_prime_int(candidate):
        candidate -= 2
    return candidate


def prime_factors(n: int) -> list[int]:
    """Return the prime factors of `n` in ascending order."""
    return _rho.prime_factors(n)


def constellations(start: int, stop: int, offsets: tuple[int, ...]) -> NDArray[np.uint64]:
    """Return the p in [start, stop) for which p + offset is prime for all offsets."""
    import numpy as np

    found = []
    reach = offsets[-1]
    for low in range(start, stop, _SEGMENT):
        high = min(low + _SEGMENT, stop)
        candidates = [prime for part in _lists(low, high + reach) for prime in part]
        known = set(candidates)
        found += [p for p in candidates if p < high and all(p + offset in known for offset in offsets)]
    return np.array(found, np.uint64)


def _lists(start: int, stop: int) -> Iterator[list[int]]:
    """Yield the primes of [start, stop) in lists."""
    if _is_sparse(start, stop):
        yield [number for number in range(start, stop) if is_prime_int(number)]
        return
    if start <= 2 < stop:
        yield [2]
    for low, flags in _segments(start, stop):
        yield [low + 2 * index for index, flag in enumerate(flags) if flag]


def _segments(start: int, stop: int) -> Iterator[tuple[int, bytearray]]:
    """Yield odd numbers and, for each odd number from there on, whether it is prime."""
    first = max(start | 1, 3)
    if first >= stop:
        return
    divisors = _odd_primes(isqrt(stop - 1))
    for low in range(first, stop, _SEGMENT):
        high = min(low + _SEGMENT, stop)
        flags = bytearray(b"\1") * ((high - low + 1) // 2)
        for divisor in divisors:
            square = divisor * divisor
            if square >= high:
                break
            # The first odd multiple from `low` on; smaller ones than the square have smaller divisors, too.
            multiple = square if square >= low else low + (divisor - low) % (2 * divisor)
            index = (multiple - low) // 2
            flags[index::divisor] = bytes(len(range(index, len(flags), divisor)))
        yield low, flags


def _odd_primes(limit: int) -> list[int]:
    """Return the odd primes up to a limit."""
    return [number for part in _lists(3, limit + 1) for number in part] if limit >= 3 else []


def _is_sparse(start: int, stop: int) -> bool:
    return _SPARSE * (stop - start) < isqrt(stop)
