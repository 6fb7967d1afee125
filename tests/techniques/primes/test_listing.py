"""`primes` on every backend: against sympy, known answers, types and memory."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy.techniques.primes import _bounds, _listing, _memory

sympy = pytest.importorskip("sympy")

TECHNIQUE = "primes"
FIRST = list(sympy.primerange(2000))


def windows() -> list[tuple[int, int]]:
    """Return short intervals from all over the 64-bit numbers."""
    chosen = random.Random(4)
    starts = [chosen.randrange(2**bits) for bits in range(8, 65, 2)]
    return [(start, min(start + chosen.randrange(1, 400), 2**64)) for start in starts]


WINDOWS = {bounds: list(sympy.primerange(*bounds)) for bounds in windows()}


def test_random_windows(backend: str) -> None:
    for (start, stop), expected in WINDOWS.items():
        assert perfpy.primes(start, stop, backend=backend).tolist() == expected, (start, stop)


def test_all_small_intervals(backend: str) -> None:
    for start in range(64):
        for stop in (*range(start, 64), 211):
            expected = [p for p in FIRST if start <= p < stop]
            assert perfpy.primes(start, stop, backend=backend).tolist() == expected, (start, stop)


@pytest.mark.parametrize("middle", [30 * 2**16, 2**16, 2**18 + 1, 2**19, 2**20, 17017 * 30, 2**32, 2**33])
def test_edges_of_segments_and_words(backend: str, middle: int) -> None:
    """The kernels' segments, patterns and types end at such numbers."""
    width = 3000 if backend == "sympy" else 300_000
    found = perfpy.primes(middle - width, middle + width, backend=backend)
    cut = [
        perfpy.primes(middle - width, middle, backend=backend),
        perfpy.primes(middle, middle + width, backend=backend),
    ]
    np.testing.assert_array_equal(found, np.concatenate(cut))
    near = found[np.searchsorted(found, middle - 500) : np.searchsorted(found, middle + 500)]
    assert near.tolist() == list(sympy.primerange(middle - 500, middle + 500))
    if backend != "sympy":
        np.testing.assert_array_equal(found, perfpy.primes(middle - width, middle + width, backend="numpy"))


@pytest.mark.parametrize("square", [49, 121, 169, 10_201, 1009**2, 65_521**2, 65_537**2, 4_294_967_291**2])
def test_around_squares_of_primes(backend: str, square: int) -> None:
    found = perfpy.primes(square - 50, square + 50, backend=backend).tolist()
    assert found == list(sympy.primerange(max(square - 50, 0), square + 50))


def test_multiples_of_30_and_starts_at_primes(backend: str) -> None:
    for start in (30, 60, 2310, 30_030, 101, 997, 9973):
        for stop in (start, start + 1, start + 2, start + 30, start + 31):
            expected = list(sympy.primerange(start, stop))
            assert perfpy.primes(start, stop, backend=backend).tolist() == expected, (start, stop)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (0, 2), (5, 5), (9, 3), (-7, 2), (-9, -3), (24, 29), (2**64, 2**64)]
)
def test_empty(backend: str, start: int, stop: int) -> None:
    found = perfpy.primes(start, stop, backend=backend)
    assert found.shape == (0,)


def test_up_to_the_last_number_with_64_bits(backend: str) -> None:
    found = perfpy.primes(2**64 - 200, 2**64, backend=backend)
    assert found.dtype == np.uint64
    assert found.tolist() == list(sympy.primerange(2**64 - 200, 2**64))
    assert found[-1] == 18_446_744_073_709_551_557


def test_negative_numbers_hold_no_primes(backend: str) -> None:
    assert perfpy.primes(-100, 10, backend=backend).tolist() == [2, 3, 5, 7]
    assert perfpy.primes(10, backend=backend).tolist() == [2, 3, 5, 7]


def test_range_of_the_book(backend: str) -> None:
    found = perfpy.primes(10**8, 10**8 + (10**4 if backend == "sympy" else 10**6), backend=backend)
    assert np.count_nonzero(found < 10**8 + 10**4) == 551
    if backend != "sympy":
        assert np.count_nonzero(found < 10**8 + 10**5) == 5411
        assert found.size == 54_208
        assert int(found.sum(dtype=np.uint64)) == 5_447_899_551_826


def test_a_dense_window_far_up(backend: str) -> None:
    """Long enough to be sieved, with divisors that cross few of its numbers."""
    if backend in ("python", "sympy"):
        pytest.skip("takes long")
    start = 10**13 + 7
    found = perfpy.primes(start, start + 10**6, backend=backend)
    np.testing.assert_array_equal(
        found,
        np.array(list(sympy.primerange(start, start + 10**6)), np.uint64)
        if backend == "c"
        else perfpy.primes(start, start + 10**6, backend="c"),
    )


@given(st.integers(0, 10**7), st.integers(0, 3000))
@settings(max_examples=40, deadline=None)
def test_any_interval(backend: str, start: int, width: int) -> None:
    expected = list(sympy.primerange(start, start + width))
    assert perfpy.primes(start, start + width, backend=backend).tolist() == expected


class TestTypes:
    def test_smallest_that_fits(self, backend: str) -> None:
        assert perfpy.primes(100, backend=backend).dtype == np.uint32
        assert perfpy.primes(2**32 - 100, 2**32, backend=backend).dtype == np.uint32
        assert perfpy.primes(2**32 - 100, 2**32 + 1, backend=backend).dtype == np.uint64

    @pytest.mark.parametrize(
        "dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
    )
    def test_as_asked_for(self, backend: str, dtype: type) -> None:
        found = perfpy.primes(100, dtype=dtype, backend=backend)
        assert found.dtype == dtype
        assert found.tolist() == FIRST[:25]

    def test_one_that_is_too_narrow(self) -> None:
        assert perfpy.primes(256, dtype=np.uint8)[-1] == 251
        with pytest.raises(ValueError, match=r"dtype uint8 holds numbers up to 255, .* up to 256"):
            perfpy.primes(257, dtype=np.uint8)
        with pytest.raises(ValueError, match="dtype int64 holds numbers up to 9223372036854775807"):
            perfpy.primes(2**63, 2**63 + 2, dtype=np.int64)

    def test_floats_with_whole_values(self) -> None:
        np.testing.assert_array_equal(perfpy.primes(1e3), perfpy.primes(1000))
        np.testing.assert_array_equal(perfpy.primes(np.float32(10), np.int8(20)), [11, 13, 17, 19])


class TestOut:
    def test_longer_than_needed(self, backend: str) -> None:
        memory = np.full(40, 7777, np.int64)
        found = perfpy.primes(100, out=memory, backend=backend)
        assert found.base is memory
        assert found.tolist() == FIRST[:25]

    def test_of_the_exact_size(self, backend: str) -> None:
        memory = np.full(27, 7777, np.uint32)
        found = perfpy.primes(100, out=memory[1:26], backend=backend)
        assert found.tolist() == FIRST[:25]
        assert memory[[0, 26]].tolist() == [7777, 7777]

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.int64])
    def test_of_any_layout(self, backend: str, dtype: type) -> None:
        memory = np.full(60, 77, dtype)
        found = perfpy.primes(100, out=memory[::2], backend=backend)
        assert found.tolist() == FIRST[:25]
        assert (memory[1::2] == 77).all()
        misaligned = np.frombuffer(bytearray(30 * memory.itemsize + 1), dtype, offset=1)
        assert perfpy.primes(100, out=misaligned, backend=backend).tolist() == FIRST[:25]

    def test_too_short(self, backend: str) -> None:
        with pytest.raises(ValueError, match="out must have room for 25 primes, not for 24"):
            perfpy.primes(100, out=np.zeros(24, np.int64), backend=backend)

    def test_in_pieces(self, backend: str) -> None:
        memory = np.zeros(30, np.uint64)
        found = perfpy.primes(100, out=memory, backend=backend, executor="threads:2")
        assert found.base is memory
        assert found.tolist() == FIRST[:25]


class TestMemory:
    @pytest.fixture
    def little(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_memory, "available", lambda: 10**6)

    @pytest.mark.usefixtures("little")
    def test_too_little(self, backend: str) -> None:
        with pytest.raises(
            MemoryError, match=r"primes from 0 to 1000000000 as uint32 would take about .* MiB"
        ):
            perfpy.primes(10**9, backend=backend)

    @pytest.mark.usefixtures("little")
    def test_enough_though_not_for_the_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_listing, "_UNCHECKED", 0)
        start, stop = 10**15, 10**15 + 2 * 10**6
        assert 8 * _bounds.at_most_between(start, stop) > 10**6 > 8 * 57_840
        assert perfpy.primes(start, stop).size == perfpy.count_primes(start, stop)

    def test_more_than_any_machine_has(self) -> None:
        with pytest.raises(MemoryError, match="GiB"):
            perfpy.primes(2**63)

    def test_result_is_trimmed(self, backend: str) -> None:
        found = perfpy.primes(10**4, backend=backend)
        assert found.base is None
        assert found.flags.owndata


@pytest.mark.parametrize("power", range(1, 16))
def test_bounds_hold_and_are_tight(power: int) -> None:
    counts = (4, 25, 168, 1229, 9592, 78_498, 664_579, 5_761_455, 50_847_534, 455_052_511, 4_118_054_813)
    counts += (37_607_912_018, 346_065_536_839, 3_204_941_750_802, 29_844_570_422_669)
    known = counts[power - 1]
    assert _bounds.at_least_below(10**power) <= known <= _bounds.at_most_below(10**power)
    if power >= 6:
        assert _bounds.at_most_below(10**power) < 1.005 * known
        assert _bounds.at_least_below(10**power) > 0.98 * known


def test_bounds_hold_everywhere() -> None:
    found = perfpy.primes(500_000)
    for x in range(0, 500_000, 7):
        count = int(np.searchsorted(found, x, "right"))
        assert _bounds.at_least_below(x) <= count <= _bounds.at_most_below(x), x
    chosen = random.Random(5)
    for _ in range(3000):
        start = chosen.randrange(499_000)
        stop = min(start + chosen.randrange(chosen.choice((5, 50, 500, 50_000))), 500_000)
        count = int(np.searchsorted(found, stop) - np.searchsorted(found, start))
        assert count <= _bounds.at_most_between(start, stop), (start, stop)
