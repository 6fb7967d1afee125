"""The inputs on which the backends are compared, for each function."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from perfpy._workload import Agreement, Workload, arrays_agree


def agree(reference: Any, result: Any, bound: float = 0.0) -> Agreement:
    """Compare two results: arrays element by element, anything else as a whole."""
    if isinstance(reference, np.ndarray) and isinstance(result, np.ndarray):
        return arrays_agree(reference, result, bound)
    if type(reference) is type(result) and reference == result:
        return Agreement(True)
    return Agreement(False, float("inf"), f"expected {reference!r}, found {result!r}")


def _interval(start: int, stop: int) -> Mapping[str, Any]:
    return {"start_or_stop": start, "stop": stop}


def _random(count: int, bits: int) -> Mapping[str, Any]:
    numbers = np.random.default_rng(2025).integers(0, 2**bits - 1, count, np.uint64, endpoint=True)
    return {"n": numbers}


def _number(n: int) -> Mapping[str, Any]:
    return {"n": n}


def _listing(function: str, slow: tuple[str, ...], slower: tuple[str, ...]) -> tuple[Workload, ...]:
    """Return the inputs of a function that goes through an interval."""
    return (
        Workload("tiny", f"{function} below 10,000", partial(_interval, 0, 10**4)),
        Workload("small", f"{function} below 1,000,000", partial(_interval, 0, 10**6)),
        Workload(
            "book",
            f"{function} from 100,000,000 to 101,000,000, the range that the book checks",
            partial(_interval, 10**8, 101 * 10**6),
            too_slow_for=slow,
        ),
        Workload(
            "large", f"{function} below 1,000,000,000", partial(_interval, 0, 10**9), too_slow_for=slower
        ),
        Workload(
            "window",
            f"{function} from 10**15 to 10**15 + 10**8",
            partial(_interval, 10**15, 10**15 + 10**8),
            too_slow_for=slower,
        ),
    )


#: Composite numbers that take trial division long: products of two primes of one size, from the book.
_BOOK_PRIME = 100_109_100_129_100_151
_BOOK_SEMIPRIME = 100_109_100_129_101_027

WORKLOADS: dict[str, tuple[Workload, ...]] = {
    "primes": _listing("the primes", ("sympy",), ("python", "sympy")),
    "count_primes": _listing("how many primes there are", ("sympy",), ("python", "sympy")),
    "nth_prime": (
        Workload("tiny", "prime number 1,000", partial(_number, 1000)),
        Workload("small", "prime number 100,000", partial(_number, 10**5)),
        Workload("book", "prime number 1,000,000", partial(_number, 10**6)),
        Workload("large", "prime number 100,000,000", partial(_number, 10**8), too_slow_for=("python",)),
    ),
    "is_prime": (
        Workload("tiny", "1,000 random numbers below 2**32", partial(_random, 1000, 32)),
        Workload("small", "10,000 random numbers below 2**64", partial(_random, 10**4, 64), ("trial",)),
        Workload("book", f"{_BOOK_PRIME}, the book's prime", partial(_number, _BOOK_PRIME), ("trial",)),
        Workload("large", "1,000,000 random numbers below 2**64", partial(_random, 10**6, 64), ("trial",)),
    ),
    "next_prime": (
        Workload("tiny", "the prime after 1,000", partial(_number, 1000)),
        Workload("small", "the prime after 10**9", partial(_number, 10**9)),
        Workload("book", "the prime after the book's", partial(_number, _BOOK_PRIME)),
        Workload(
            "large",
            "the prime behind the largest gap below 10**18",
            partial(_number, 804_212_830_686_677_669),
        ),
    ),
    "previous_prime": (
        Workload("tiny", "the prime before 1,000", partial(_number, 1000)),
        Workload("small", "the prime before 10**9", partial(_number, 10**9)),
        Workload("book", "the prime before the book's", partial(_number, _BOOK_PRIME)),
        Workload("large", "the largest prime with 64 bits", partial(_number, 2**64)),
    ),
    "prime_factors": (
        Workload("tiny", "the factors of 10!", partial(_number, 3_628_800)),
        Workload("small", "the factors of 10**12 + 39 times 10**3", partial(_number, 10**15 + 39_000)),
        Workload("book", "the book's product of two primes", partial(_number, _BOOK_SEMIPRIME)),
        Workload(
            "large",
            "2147483659 * 4294967291, the smallest and the largest prime with 32 bits",
            partial(_number, 2_147_483_659 * 4_294_967_291),
        ),
    ),
    "twin_primes": _listing("the twin primes", (), ("python",)),
    "constellations": _listing("the prime triplets", (), ("python",)),
}
