"""Trial division on several processes, which stop when one has found a divisor."""

from __future__ import annotations

import pytest

import perfpy
from perfpy.techniques.primes.early_exit import SHARINGS, search, sweep

PRIME = 1_000_000_007
SEMIPRIME = 1009 * 9_999_991  # the divisor is found at once, and 100 times as many are left


@pytest.mark.parametrize("sharing", SHARINGS)
def test_every_way_of_sharing(sharing: str) -> None:
    found = search(SEMIPRIME, sharing=sharing, chunk=100)
    assert (found.prime, found.divisor) == (False, 1009)
    all_divisors = 50_000
    if sharing == "none":
        assert found.tried > all_divisors / 2  # the other worker went on to its end
    assert 204 <= found.tried <= all_divisors + 504
    assert found.seconds > 0


@pytest.mark.parametrize("sharing", ["none", "shared_memory"])
def test_a_prime_takes_all_divisors(sharing: str) -> None:
    found = search(PRIME, sharing=sharing, chunk=1000)
    assert found.prime
    assert found.divisor is None
    assert found.tried == len(range(3, 31_623, 2))


def test_numbers_without_a_search() -> None:
    assert [search(n).prime for n in (1, 2, 3, 4, 10)] == [False, True, True, False, False]
    assert search(10).divisor == 2


def test_sweep() -> None:
    searches = sweep(SEMIPRIME, sharings=("none", "RawValue"), chunks=(50, 5000), workers=1)
    assert [(s.sharing, s.chunk) for s in searches] == [
        ("none", 50),
        ("none", 5000),
        ("RawValue", 50),
        ("RawValue", 5000),
    ]
    assert {s.divisor for s in searches} == {1009}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sharing": "hope"}, "sharing must be one of none, Manager"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"chunk": 0}, "chunk must be at least 1"),
        ({"n": 0}, "n must be from 1"),
    ],
)
def test_mistakes(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        search(**{"n": 91, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("executor", [None, "threads:2", "processes:2"])
def test_backend_on_executors(executor: str | None) -> None:
    for n in (PRIME, SEMIPRIME, 9, 25, 2, 1, 0, 4, 10**9 + 8, 1_000_003 * 1_000_033):
        expected = perfpy.is_prime(n)
        assert perfpy.is_prime(n, backend="trial", executor=executor) is expected, n
