"""The generators against what their authors publish, and the proof that one word settles most points."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from perfpy.techniques.pi import _numpy, _stream


@pytest.mark.parametrize(
    ("key", "counter", "block"),
    [
        (0, (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (2**64 - 1, (2**32 - 1,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            0x299F31D0_A4093822,
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(
    key: int, counter: tuple[int, int, int, int], block: tuple[int, ...]
) -> None:
    assert _stream.philox(key, counter) == block


# The first outputs from state (1, 2, 3, 4) of the authors' xoshiro128plusplus.c, which the tests of the Rust
# crate rand_xoshiro list.
XOSHIRO = [641, 1573767, 3222811527, 3517856514, 836907274]
XOSHIRO += [4247214768, 3867114732, 1355841295, 495546011, 621204420]


def test_xoshiro_gives_the_known_answers_of_its_authors() -> None:
    assert list(islice(_stream.xoshiro((1, 2, 3, 4)), 10)) == XOSHIRO


def test_arrays_step_as_the_reference() -> None:
    state = _numpy._begin(2**64 - 5, 2**43 + 2**32 - 2, 4)
    words = np.empty((50, 4), np.uint32)
    for row in words:
        _numpy._next(state, row, np.empty(4, np.uint32))
    for lane in range(4):
        expected = islice(_stream.words_of_run(2**64 - 5, 2**43 + 2**32 - 2 + lane), 50)
        assert words[:, lane].tolist() == list(expected)


def squared_corners(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared distances of the nearest and the farthest corner of cells."""
    a, b = (np.where(axis < 0, -1 - axis, axis) for axis in (x, y))
    return a * a + b * b, (a + 1) ** 2 + (b + 1) ** 2


@pytest.mark.parametrize("sign", [1, -1])
def test_what_one_word_settles_is_settled(sign: int) -> None:
    """In each column take the last cell that counts as inside, and the first that counts as outside."""
    x = np.arange(-(2**15), 2**15)
    left = _stream.SURELY - 1 - x * x  # what Y*Y is at most for the point to be surely inside
    y = np.sqrt(np.maximum(left, 0).astype(np.float64)).astype(np.int64)  # exact: far below 2**52
    assert np.array_equal(y * y <= np.maximum(left, 0), (y + 1) ** 2 > np.maximum(left, 0))
    inside = left >= 0
    _, farthest = squared_corners(x[inside], sign * y[inside])
    assert (farthest <= 2**30).all()

    least = np.maximum(_stream.SURELY + _stream.DOUBTFUL - x * x, 0)
    y = np.ceil(np.sqrt(least.astype(np.float64))).astype(np.int64)
    outside = y < 2**15 + (sign < 0)
    nearest, _ = squared_corners(x[outside], sign * y[outside])
    assert (nearest >= 2**30).all()


@pytest.mark.parametrize("quadrant", range(4))
def test_second_word_places_the_point_in_its_cell(quadrant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that the circle crosses, mirrored: its corner near the centre is inside, the far one is not."""
    x, y = 23170, 23170
    x, y = (x if quadrant & 1 else -1 - x), (y if quadrant & 2 else -1 - y)
    word = (x & 0xFFFF) | (y & 0xFFFF) << 16
    answers = []
    for fine in (0, 2**32 - 1, 0xFFFF, 0xFFFF0000):
        monkeypatch.setattr(_stream, "philox", lambda *_, fine=fine: (fine, 0, 0, 0))
        answers.append(_stream.is_inside(0, 0, word))
    assert 0 <= _stream.excess(word) < _stream.DOUBTFUL
    assert answers == [True, False, False, False]


def test_cells_are_equally_frequent() -> None:
    """Chi-squared of 32 by 32 cells over 2**22 points: 1023 degrees of freedom, within 5 deviations."""
    state = _numpy._begin(7, 0, 4096)
    words = np.empty((1024, 4096), np.uint32)
    spare = np.empty(4096, np.uint32)
    for row in words:
        _numpy._next(state, row, spare)
    cells = (words >> 27) << 5 | (words >> 11 & 31)
    found = np.bincount(cells.ravel(), minlength=1024)
    expected = words.size / 1024
    chi_squared = ((found - expected) ** 2 / expected).sum()
    assert abs(chi_squared - 1023) < 5 * (2 * 1023) ** 0.5
    ones = np.bitwise_count(words).mean() if hasattr(np, "bitwise_count") else 16.0
    assert abs(ones - 16) < 5 * (8 / words.size) ** 0.5
