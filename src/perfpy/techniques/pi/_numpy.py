"""Runs side by side in arrays: each step of xoshiro128++ is done for all of them.

The arrays stay in the second cache. One step of the generators is a row of words; the points are looked at a
block of rows at a time, so that few calls are made on small arrays.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import _python
from ._stream import (
    DOUBTFUL,
    FOR_RUN,
    PHILOX_MULTIPLIERS,
    PHILOX_ROUNDS,
    PHILOX_WEYL,
    RUN,
    SURELY,
    is_inside,
)

Words: TypeAlias = NDArray[np.uint32]

_SIDE_BY_SIDE = 4096  # runs
_ROWS = 16
_MASK = np.uint64(2**32 - 1)
_HALF = np.uint64(32)


def count_inside(seed: int, start: int, stop: int) -> int:
    """Count the points from number `start` on below `stop` that lie inside the circle."""
    begin = min(stop, -(-start // RUN) * RUN)
    end = max(begin, stop // RUN * RUN)
    inside = _python.count_inside(seed, start, begin) + _python.count_inside(seed, end, stop)
    for run in range(begin // RUN, end // RUN, _SIDE_BY_SIDE):
        inside += _count_runs(seed, run, min(_SIDE_BY_SIDE, end // RUN - run))
    return inside


def _count_runs(seed: int, run: int, runs: int) -> int:
    """Count all points of runs."""
    state = _begin(seed, run, runs)
    block = np.empty((_ROWS, runs), np.uint32)
    spare = np.empty(runs, np.uint32)
    inside = 0
    for step in range(0, RUN, _ROWS):
        for row in block:
            _next(state, row, spare)
        excesses = _excesses(block)
        inside += int(np.count_nonzero(excesses.view(np.int32) < 0))
        for row_number, lane in np.argwhere(excesses < DOUBTFUL).tolist():
            number = (run + lane) * RUN + step + row_number
            inside += is_inside(seed, number, int(block[row_number, lane]))
    return inside


def _begin(seed: int, run: int, runs: int) -> list[Words]:
    """Return the states of generators: blocks of Philox4x32-10, computed in 64 bits."""
    numbers = np.arange(runs, dtype=np.uint64) + np.uint64(run)
    a, b = numbers & _MASK, numbers >> _HALF
    c, d = np.zeros_like(a), np.full_like(a, FOR_RUN)
    for turn in range(PHILOX_ROUNDS):
        key_0, key_1 = (
            np.uint64((part + turn * step) % 2**32)
            for part, step in zip((seed % 2**32, seed >> 32), PHILOX_WEYL, strict=True)
        )
        left, right = a * np.uint64(PHILOX_MULTIPLIERS[0]), c * np.uint64(PHILOX_MULTIPLIERS[1])
        a, b = right >> _HALF ^ b ^ key_0, right & _MASK
        c, d = left >> _HALF ^ d ^ key_1, left & _MASK
    return [words.astype(np.uint32) for words in (a, b, c, d)]


def _next(state: list[Words], out: Words, spare: Words) -> None:
    """Put the next word of each generator into `out`."""
    a, b, c, d = state
    np.add(a, d, out=spare)
    np.left_shift(spare, 7, out=out)
    np.right_shift(spare, 25, out=spare)
    np.bitwise_or(out, spare, out=out)
    np.add(out, a, out=out)
    np.left_shift(b, 9, out=spare)
    np.bitwise_xor(c, a, out=c)
    np.bitwise_xor(d, b, out=d)
    np.bitwise_xor(b, c, out=b)
    np.bitwise_xor(a, d, out=a)
    np.bitwise_xor(c, spare, out=c)
    np.left_shift(d, 11, out=spare)
    np.right_shift(d, 21, out=d)
    np.bitwise_or(d, spare, out=d)


def _excesses(words: Words) -> Words:
    """Return X*X + Y*Y less what it is below if the whole cell is inside, modulo 2**32."""
    x = np.left_shift(words, 16).view(np.int32)
    np.right_shift(x, 16, out=x)
    y = np.right_shift(words.view(np.int32), 16)
    np.multiply(x, x, out=x)
    np.multiply(y, y, out=y)
    excesses = x.view(np.uint32)
    np.add(excesses, y.view(np.uint32), out=excesses)
    np.subtract(excesses, SURELY, out=excesses)
    return excesses
