"""The points that a seed stands for, one word of 32 bits each, and when one is inside the circle.

Point number i is output i % RUN of a xoshiro128++ generator whose state is block i // RUN of Philox4x32-10
with the seed as its key. So any point can be had after at most RUN steps, and runs have nothing to do with
each other.

The halves of the word are the cell of the point in a grid of 2**16 by 2**16 over the square around the
circle, as signed integers X and Y: it lies in [X, X + 1) by [Y, Y + 1), and the radius is 2**15. Cells that
the circle crosses do not say whether the point is inside. For these a further word, from Philox4x32-10 with
the number of the point as its counter, places the point in a grid of 2**16 by 2**16 over the cell.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Points of a run.
RUN = 1024
#: What Philox is asked for: the last word of its counter.
FOR_RUN, FOR_POINT = 0, 1

# With a and b the distances of a cell from the axes, the squared distance from the centre is from a*a + b*b
# to (a + 1)**2 + (b + 1)**2 in all of the cell, and so is X*X + Y*Y, which is that of one of its corners. So
# the two differ by 2*(a + b + 1) at most. One is below 2**30 and the other is not: then a*a + b*b < 2**30,
# a + b is at most sqrt(2)*2**15 < 46341, and each is within MARGIN of 2**30.
MARGIN = 92_682
#: What X*X + Y*Y is below if the whole cell is inside; from DOUBTFUL above it on the whole cell is outside.
SURELY = 2**30 - MARGIN
DOUBTFUL = 2 * MARGIN

PHILOX_ROUNDS = 10
PHILOX_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
PHILOX_WEYL = (0x9E3779B9, 0xBB67AE85)
_MASK = 2**32 - 1


def philox(key: int, counter: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return a block of Philox4x32-10 [1]_ for a key of 64 bits and a counter of four words.

    .. [1] J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    """
    a, b, c, d = counter
    key_0, key_1 = key & _MASK, key >> 32
    for _ in range(PHILOX_ROUNDS):
        left, right = PHILOX_MULTIPLIERS[0] * a, PHILOX_MULTIPLIERS[1] * c
        a, b = right >> 32 ^ b ^ key_0, right & _MASK
        c, d = left >> 32 ^ d ^ key_1, left & _MASK
        key_0, key_1 = (key_0 + PHILOX_WEYL[0]) & _MASK, (key_1 + PHILOX_WEYL[1]) & _MASK
    return a, b, c, d


def xoshiro(state: tuple[int, int, int, int]) -> Iterator[int]:
    """Yield the words of xoshiro128++ [1]_ from a state on.

    .. [1] D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47, 2021.
    """
    a, b, c, d = state
    while True:
        yield (_rotated((a + d) & _MASK, 7) + a) & _MASK
        a, b, c, d = a ^ b ^ d, a ^ b ^ c, a ^ c ^ (b << 9 & _MASK), _rotated(b ^ d, 11)


def _rotated(word: int, bits: int) -> int:
    return (word << bits & _MASK) | word >> (32 - bits)


def words_of_run(seed: int, run: int) -> Iterator[int]:
    """Yield the words of the points of a run, and go on beyond them."""
    return xoshiro(philox(seed, (run & _MASK, run >> 32, 0, FOR_RUN)))


def excess(word: int) -> int:
    """Return X*X + Y*Y less what it is below if the whole cell is inside."""
    x, y = _signed(word & 0xFFFF), _signed(word >> 16)
    return x * x + y * y - SURELY


def _signed(half: int) -> int:
    return half - 2**16 if half >> 15 else half


def is_inside(seed: int, number: int, word: int) -> bool:
    """Tell whether a point is inside, exactly.

    The middle (x + 1/2, y + 1/2) of a cell of the finest grid is inside a circle of radius 2**31 if
    x*x + x + y*y + y + 1/2 < 2**62, and the left side without the half is an integer.
    """
    fine = philox(seed, (number & _MASK, number >> 32, 0, FOR_POINT))[0]
    x = _distance(word & 0xFFFF) << 16 | (fine & 0xFFFF)
    y = _distance(word >> 16) << 16 | fine >> 16
    return x * (x + 1) + y * (y + 1) < 2**62


def _distance(half: int) -> int:
    """Return how many cells an axis is away, where -1 is as near as 0."""
    return half if half < 2**15 else 0xFFFF - half
