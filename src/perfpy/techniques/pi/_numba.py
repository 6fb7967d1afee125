"""Runs side by side in loops that Numba's compiler turns into vector code.

Numba computes with 64 bits unless it is told otherwise, which would halve the lanes: hence the casts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from . import _stream
from ._batches import in_batches


def _compiled(function: Callable[..., Any]) -> Any:
    """Compile a function, and keep the machine code for later processes where there is a place for it."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # no directory to keep it in
        return numba.njit(nogil=True, error_model="numpy")(function)


_MOST = np.uint64(512)  # runs side by side: their states stay in the nearest cache
_RUN = np.uint64(_stream.RUN)
_SURELY = np.uint32(_stream.SURELY)
_DOUBTFUL = np.uint32(_stream.DOUBTFUL)
_M0, _M1 = (np.uint64(multiplier) for multiplier in _stream.PHILOX_MULTIPLIERS)
_W0, _W1 = (np.uint64(step) for step in _stream.PHILOX_WEYL)
_ROUNDS = _stream.PHILOX_ROUNDS
_FOR_RUN, _FOR_POINT = np.uint64(_stream.FOR_RUN), np.uint64(_stream.FOR_POINT)
_MASK, _HALF = np.uint64(2**32 - 1), np.uint64(32)
_SHORT, _SHORT_BITS, _SIGN = np.uint64(0xFFFF), np.uint64(16), np.uint64(2**15)
_UNIT, _LIMIT = np.uint64(1), np.uint64(2**62)


@_compiled
def _philox(key: Any, counter: Any, use: Any) -> Any:
    a, b, c, d = counter & _MASK, counter >> _HALF, np.uint64(0), use
    key_0, key_1 = key & _MASK, key >> _HALF
    for _ in range(_ROUNDS):
        left, right = _M0 * a, _M1 * c
        a, b = (right >> _HALF) ^ b ^ key_0, right & _MASK
        c, d = (left >> _HALF) ^ d ^ key_1, left & _MASK
        key_0, key_1 = (key_0 + _W0) & _MASK, (key_1 + _W1) & _MASK
    return a, b, c, d


@_compiled
def _distance(coordinate: Any) -> Any:
    return coordinate if coordinate < _SIGN else _SHORT - coordinate


@_compiled
def _is_inside(seed: Any, number: Any, word: Any) -> Any:
    fine = _philox(seed, number, _FOR_POINT)[0]
    x = _distance(word & _SHORT) << _SHORT_BITS | (fine & _SHORT)
    y = _distance(word >> _SHORT_BITS) << _SHORT_BITS | fine >> _SHORT_BITS
    return x * (x + _UNIT) + y * (y + _UNIT) < _LIMIT


@_compiled
def _step(a: Any, b: Any, c: Any, d: Any, words: Any, excesses: Any) -> Any:
    """Take a step with each generator; return how many points are surely inside, and how many in doubt."""
    surely, doubtful = np.uint32(0), np.uint32(0)
    for lane in range(a.size):
        a0, b0, c0, d0 = a[lane], b[lane], c[lane], d[lane]
        total = np.uint32(a0 + d0)
        word = np.uint32(np.uint32(np.uint32(total << np.uint32(7)) | np.uint32(total >> np.uint32(25))) + a0)
        other = np.uint32(b0 ^ d0)
        a[lane] = a0 ^ other
        b[lane] = a0 ^ b0 ^ c0
        c[lane] = a0 ^ c0 ^ np.uint32(b0 << np.uint32(9))
        d[lane] = np.uint32(other << np.uint32(11)) | np.uint32(other >> np.uint32(21))
        x, y = np.int32(np.int16(word)), np.int32(np.int16(np.uint32(word >> np.uint32(16))))
        excess = np.uint32(np.uint32(np.int32(x * x)) + np.uint32(np.int32(y * y)) - _SURELY)
        words[lane] = word
        excesses[lane] = excess
        surely = np.uint32(surely + np.uint32(excess >> np.uint32(31)))
        doubtful = np.uint32(doubtful + np.uint32(excess < _DOUBTFUL))
    return surely, doubtful


@_compiled
def _count_runs(seed: Any, run: Any, runs: int, start: int, stop: int) -> Any:
    """Count the points from `start` on below `stop` in each of some runs."""
    state = np.empty((4, runs), np.uint32)
    words, excesses = np.empty(runs, np.uint32), np.empty(runs, np.uint32)
    for lane in range(runs):
        state[0, lane], state[1, lane], state[2, lane], state[3, lane] = _philox(
            seed, run + np.uint64(lane), _FOR_RUN
        )
    inside = 0
    for step in range(stop):
        surely, doubtful = _step(state[0], state[1], state[2], state[3], words, excesses)
        if step < start:
            continue
        inside += surely
        if doubtful:
            for lane in range(runs):
                if excesses[lane] < _DOUBTFUL:
                    number = (run + np.uint64(lane)) * _RUN + np.uint64(step)
                    inside += _is_inside(seed, number, np.uint64(words[lane]))
    return inside


@_compiled
def _count(seed: Any, start: Any, stop: Any) -> Any:
    run, end = start // _RUN, stop // _RUN
    begin, rest = np.int64(start % _RUN), np.int64(stop % _RUN)
    if run == end:
        return _count_runs(seed, run, 1, begin, rest)
    inside = 0
    if begin:
        inside += _count_runs(seed, run, 1, begin, np.int64(_RUN))
        run += _UNIT
    while run < end:
        runs = int(min(end - run, _MOST))
        inside += _count_runs(seed, run, runs, 0, np.int64(_RUN))
        run += np.uint64(runs)
    return inside + _count_runs(seed, end, 1, 0, rest)


def count_inside(seed: int, start: int, stop: int) -> int:
    """Count the points from number `start` on below `stop` that lie inside the circle."""
    return in_batches(_count_some, seed, start, stop)


def _count_some(seed: int, start: int, stop: int) -> int:
    return int(_count(np.uint64(seed), np.uint64(start), np.uint64(stop)))
