"""Primes: the peers are primesieve, primecount, FLINT and GMP, in the way that costs them least."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.peers import primes as peers

import perfpy
from cases import Contender, Contest
from perfpy.techniques.primes import _c_sieve

_PRIMESIEVE = peers.primesieve_title()
#: Columns of the table.
TITLES = ["perfpy c", "perfpy numba", _PRIMESIEVE, "primesieve's iterator", "primecountpy", "flint", "gmpy2"]


def _installed(prepare: dict[str, Callable[[], Contender]]) -> dict[str, Contender]:
    """Return the peers that are installed."""
    found = {}
    for name, make in prepare.items():
        try:
            found[name] = make()
        except ImportError:
            continue
    return found


def _list(start: int, stop: int, executor: str | None = None) -> Contest:
    own = partial(perfpy.primes, start, stop, executor=executor)
    return Contest(
        ours={f"perfpy {name}": partial(own, backend=name) for name in ("c", "numba")},
        peers=_installed({_PRIMESIEVE: partial(peers.primesieve_list, start, stop)}),
        expected=perfpy.primes(start, stop, backend="cython"),
    )


def _sieve_and_count(start: int, stop: int) -> Contest:
    """Count by sieving on both sides: perfpy would count by a formula where that is quicker."""
    return Contest(
        ours={"perfpy c": partial(_c_sieve.count_primes, start, stop)},
        peers=_installed({_PRIMESIEVE: partial(peers.primesieve_count, start, stop)}),
        expected=perfpy.count_primes(start, stop),
    )


def _count(stop: int) -> Contest:
    return Contest(
        ours={"perfpy c": partial(perfpy.count_primes, stop)},
        peers=_installed({"primecountpy": partial(peers.primecountpy_count, stop)}),
        expected=perfpy.count_primes(stop),
    )


def _nth(n: int) -> Contest:
    return Contest(
        ours={"perfpy c": partial(perfpy.nth_prime, n)},
        peers=_installed({"primecountpy": partial(peers.primecountpy_nth, n)}),
        expected=perfpy.nth_prime(n),
    )


def _tests(count: int) -> Contest:
    numbers = peers.random_numbers(count)
    return Contest(
        ours={f"perfpy {name}": partial(perfpy.is_prime, numbers, backend=name) for name in ("c", "numba")},
        peers=_installed(
            {"flint": partial(peers.flint_is_prime, count), "gmpy2": partial(peers.gmpy2_is_prime, count)}
        ),
        expected=perfpy.is_prime(numbers, backend="cython"),
    )


def _walk(walk: Callable[[int, int], Any], stop: int) -> Contest:
    """Compare walks to the end, which have no result: the tests are about what they give."""
    return Contest(
        ours={"perfpy c": lambda: deque(walk(0, stop), maxlen=0)},
        peers=_installed({"primesieve's iterator": partial(peers.primesieve_iterator, stop)}),
        expected=None,
        agree=lambda _expected, _found: True,
    )


CASES = {
    "list to 10**7": lambda: _list(0, 10**7),
    "list to 10**8": lambda: _list(0, 10**8),
    "list to 10**9": lambda: _list(0, 10**9),
    "list to 10**9, 2 threads": lambda: _list(0, 10**9, "threads:2"),
    "list 10**15 + 10**8": lambda: _list(10**15, 10**15 + 10**8),
    "list 10**15 + 10**9, 2 threads": lambda: _list(10**15, 10**15 + 10**9, "threads:2"),
    "sieve and count to 10**9": lambda: _sieve_and_count(0, 10**9),
    "sieve and count to 10**10": lambda: _sieve_and_count(0, 10**10),
    "sieve and count 10**15 + 10**8": lambda: _sieve_and_count(10**15, 10**15 + 10**8),
    "sieve and count 10**18 + 10**8": lambda: _sieve_and_count(10**18, 10**18 + 10**8),
    **{f"count to 10**{power}": partial(_count, 10**power) for power in (9, 10, 11, 12, 13)},
    "prime number 10**8": lambda: _nth(10**8),
    "10**6 random tests": lambda: _tests(10**6),
    "iterate to 10**7": lambda: _walk(perfpy.iter_primes, 10**7),
    "iterate to 10**7 in blocks": lambda: _walk(perfpy.prime_blocks, 10**7),
}
