"""`iter_primes` and `prime_blocks`."""

from __future__ import annotations

import copy
import itertools
import pickle
import tracemalloc

import numpy as np
import pytest

import perfpy
from perfpy.techniques.primes import PrimeIterator, _iteration

TECHNIQUE = "primes"


def test_all_of_an_interval(backend: str) -> None:
    stop = 10**4 if backend == "sympy" else 10**5
    expected = perfpy.primes(stop, backend="numpy").tolist()
    assert list(perfpy.iter_primes(0, stop, backend=backend)) == expected
    assert list(perfpy.iter_primes(101, stop, backend=backend)) == expected[25:]


def test_ends() -> None:
    assert list(perfpy.iter_primes(24, 29)) == []
    assert list(perfpy.iter_primes(7, 7)) == []
    assert list(perfpy.iter_primes(-5, 3)) == [2]
    assert list(perfpy.iter_primes(1e1, 2e1)) == [11, 13, 17, 19]


def test_without_an_end() -> None:
    found = list(itertools.islice(perfpy.iter_primes(), 100_000))
    assert found == perfpy.primes(1_299_710).tolist()
    assert next(perfpy.iter_primes(10**18)) == 10**18 + 3


def test_is_lazy_and_an_iterator() -> None:
    primes = perfpy.iter_primes()
    assert iter(primes) is primes
    assert isinstance(primes, PrimeIterator)
    assert [next(primes) for _ in range(3)] == [2, 3, 5]
    assert list(zip("ab", primes, strict=False)) == [("a", 7), ("b", 11)]


@pytest.mark.parametrize("taken", [0, 1, 10, 563, 564, 565, 20_000])
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_position_is_copied(taken: int, duplicate: object) -> None:
    primes = perfpy.iter_primes(0, 400_000)
    gone = list(itertools.islice(primes, taken))
    twin = duplicate(primes)  # type: ignore[operator]
    rest = list(twin)
    assert gone + rest == perfpy.primes(400_000).tolist()
    assert list(primes) == rest
    assert list(duplicate(primes)) == []  # type: ignore[operator]


def test_position_is_shown() -> None:
    primes = perfpy.iter_primes(100)
    next(primes)
    assert primes.position == 103
    assert repr(primes) == "<PrimeIterator at 103>"


def test_the_end_of_64_bits_is_an_error_each_time() -> None:
    primes = perfpy.iter_primes(2**64 - 100)
    assert list(itertools.islice(primes, 2)) == [2**64 - 95, 2**64 - 83]
    assert next(primes) == 2**64 - 59
    for _ in range(2):
        with pytest.raises(OverflowError, match="the next prime is above 2\\*\\*64"):
            next(primes)
    assert list(perfpy.iter_primes(2**64 - 100, 2**64)) == [2**64 - 95, 2**64 - 83, 2**64 - 59]


def test_an_interrupted_window_loses_no_prime(monkeypatch: pytest.MonkeyPatch) -> None:
    primes = perfpy.iter_primes(0, 50_000)
    found = list(itertools.islice(primes, 600))
    kernel = _iteration._listing.fresh

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_iteration._listing, "fresh", interrupted)
    with pytest.raises(KeyboardInterrupt):
        found.extend(primes)
    monkeypatch.setattr(_iteration._listing, "fresh", kernel)
    found.extend(primes)
    assert found == perfpy.primes(50_000).tolist()


def test_memory_is_bounded() -> None:
    """Of the windows and the ints of one chunk, not of what has gone by."""
    primes = perfpy.iter_primes()
    tracemalloc.start()
    for _ in range(2_000_000):
        next(primes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize("size", [1, 7, 168, 500, 5000])
def test_blocks(backend: str, size: int) -> None:
    expected = perfpy.primes(1000 if size == 1 else 8000, backend="numpy")
    blocks = list(perfpy.prime_blocks(0, int(expected[-1]) + 1, size, backend=backend))
    np.testing.assert_array_equal(np.concatenate(blocks), expected)
    assert {block.size for block in blocks[:-1]} <= {size}
    assert 1 <= blocks[-1].size <= size
    assert all(block.dtype == np.uint64 and block.flags.owndata for block in blocks)


def test_blocks_without_an_end() -> None:
    first, second = itertools.islice(perfpy.prime_blocks(size=100_000, dtype=np.uint32), 2)
    assert (first[-1], second[-1]) == (1_299_709, 2_750_159)
    assert first.dtype == np.uint32
    assert list(perfpy.prime_blocks(24, 29)) == []


@pytest.mark.parametrize(("start", "stop"), [(0, 30), (24, 29), (30, 10), (40, 40), (2**64 - 100, 2**64)])
def test_a_block_takes_no_more_memory_than_the_primes_can_fill(start: int, stop: int) -> None:
    blocks = list(perfpy.prime_blocks(start, stop, 10**18))
    assert [block.tolist() for block in blocks] == [
        found for found in [list(perfpy.primes(start, stop))] if found
    ]


def test_blocks_refuse_mistakes_at_once() -> None:
    with pytest.raises(ValueError, match="size must be at least 1, not 0"):
        perfpy.prime_blocks(0, 100, 0)
    with pytest.raises(ValueError, match="dtype uint8 holds numbers up to 255"):
        perfpy.prime_blocks(0, 1000, dtype=np.uint8)
    with pytest.raises(OverflowError, match="uint8 does not hold"):
        list(perfpy.prime_blocks(0, dtype=np.uint8))
    with pytest.raises(ValueError, match="stop must be at most"):
        perfpy.iter_primes(0, 2**64 + 1)
    with pytest.raises(TypeError, match="start must be an integer"):
        perfpy.iter_primes("0")
