"""`twin_primes` and `constellations`."""

from __future__ import annotations

import numpy as np
import pytest

import perfpy
from perfpy.techniques.primes._constellations import PATTERNS

TECHNIQUE = "constellations"


def by_definition(start: int, stop: int, patterns: tuple[tuple[int, ...], ...]) -> list[list[int]]:
    known = set(perfpy.primes(start, stop).tolist())
    rows = [[p + d for d in pattern] for p in known for pattern in patterns]
    return sorted(row for row in rows if known.issuperset(row))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(
    ("start", "stop"), [(0, 20_000), (3, 7), (3, 8), (0, 0), (5, 6), (10**6, 10**6 + 9999)]
)
def test_definition(backend: str, pattern: str, start: int, stop: int) -> None:
    found = perfpy.constellations(start, stop, pattern=pattern, backend=backend)
    assert found.tolist() == by_definition(start, stop, PATTERNS[pattern])
    assert found.shape[1] == len(PATTERNS[pattern][0])
    assert found.dtype == np.uint32


@pytest.mark.parametrize(
    "pattern", [(0,), (0, 1), (0, 4), (0, 6), (0, 6, 12, 18), (0, 2, 4), (0, 1000), (0, 7)]
)
def test_patterns_of_ones_own(backend: str, pattern: tuple[int, ...]) -> None:
    found = perfpy.constellations(20_000, pattern=pattern, backend=backend)
    assert found.tolist() == by_definition(0, 20_000, (pattern,))


def test_counts_of_the_literature(backend: str) -> None:
    """Of twins below 10**6 (A007508), triplets of both kinds and quadruplets (A050258)."""
    assert len(perfpy.constellations(10**6, pattern="twins", backend=backend)) == 8169
    assert len(perfpy.constellations(10**6, pattern=(0, 2, 6), backend=backend)) == 1393
    assert len(perfpy.constellations(10**6, pattern=(0, 4, 6), backend=backend)) == 1444
    assert len(perfpy.constellations(10**6, pattern="quadruplets", backend=backend)) == 166


def test_twins(backend: str) -> None:
    expected = perfpy.constellations(5000, pattern="twins", backend=backend)
    np.testing.assert_array_equal(perfpy.twin_primes(5000, backend=backend), expected)


def test_far_up(backend: str) -> None:
    start = 10**18
    found = perfpy.constellations(start, start + 20_000, pattern="twins", backend=backend)
    assert found.dtype == np.uint64
    assert found.tolist() == by_definition(start, start + 20_000, ((0, 2),))
    end = perfpy.constellations(2**64 - 20_000, 2**64, pattern="twins", backend=backend)
    assert end.tolist() == by_definition(2**64 - 20_000, 2**64, ((0, 2),))


def test_mistakes() -> None:
    with pytest.raises(
        ValueError, match=r"pattern must be one of twins, .* or a sequence of distances, not 'pairs'"
    ):
        perfpy.constellations(10, pattern="pairs")
    with pytest.raises(
        ValueError, match=r"pattern must begin with 0 and ascend, as \(0, 2, 6\), not \(0, 0\)"
    ):
        perfpy.constellations(10, pattern=(0, 0))
