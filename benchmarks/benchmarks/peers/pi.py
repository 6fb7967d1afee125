"""Pi from random points as others do it: numpy's generator in chunks, vectorised xoshiro128++ in Numba."""

from __future__ import annotations

import numpy as np

SEED = 2025
_CHUNK = 2**14  # points whose coordinates stay in the nearest caches


def numpy_chunked(samples):
    """Return how many points of numpy's PCG64, in single precision, are in a quarter of the circle."""
    generator = np.random.default_rng(SEED)
    block = np.empty((2, _CHUNK), np.float32)
    inside = 0
    for first in range(0, samples, _CHUNK):
        count = min(_CHUNK, samples - first)
        generator.random(dtype=np.float32, out=block)
        x, y = block[:, :count]
        np.multiply(x, x, out=x)
        np.multiply(y, y, out=y)
        np.add(x, y, out=x)
        inside += np.count_nonzero(x < 1)
    return 4 * inside / samples


def numba_xoshiro():
    """Return a compiled function that counts with 512 generators in step, two words for a point."""
    import numba

    @numba.njit(error_model="numpy")
    def step(a, b, c, d, out):
        for lane in range(a.size):
            a0, b0, c0, d0 = a[lane], b[lane], c[lane], d[lane]
            total = np.uint32(a0 + d0)
            turned = np.uint32(np.uint32(total << np.uint32(7)) | np.uint32(total >> np.uint32(25)))
            out[lane] = np.float32(np.int32(np.uint32(turned + a0) >> np.uint32(8))) * np.float32(2**-24)
            other = np.uint32(b0 ^ d0)
            a[lane] = a0 ^ other
            b[lane] = a0 ^ b0 ^ c0
            c[lane] = a0 ^ c0 ^ np.uint32(b0 << np.uint32(9))
            d[lane] = np.uint32(other << np.uint32(11)) | np.uint32(other >> np.uint32(21))

    @numba.njit(error_model="numpy")
    def count(x, y):
        inside = np.uint32(0)
        for lane in range(x.size):
            inside = np.uint32(inside + np.uint32(x[lane] * x[lane] + y[lane] * y[lane] < np.float32(1)))
        return inside

    @numba.njit(error_model="numpy")
    def estimate(state, steps):
        lanes = state.shape[1]
        x, y = np.empty(lanes, np.float32), np.empty(lanes, np.float32)
        inside = 0
        for _ in range(steps):
            step(state[0], state[1], state[2], state[3], x)
            step(state[0], state[1], state[2], state[3], y)
            inside += count(x, y)
        return 4 * inside / (steps * lanes)

    def run(samples):
        state = np.random.default_rng(SEED).integers(0, 2**32, (4, 512), np.uint32)
        return estimate(state, -(-samples // 512))

    return run
