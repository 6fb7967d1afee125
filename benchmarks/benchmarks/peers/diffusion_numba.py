"""Periodic diffusion as one would write it with Numba: two arrays with ghost cells, rows in parallel.

The innermost loop runs over slices of rows, which LLVM vectorises; written with indices, it would check each
of them for being negative. The order of operations is perfpy's, so results are equal bit for bit.
"""

from __future__ import annotations

import numba
import numpy as np

PACKAGE = "numba"


@numba.njit(parallel=True)
def _line(one, two, steps, k):
    n = one.size - 2
    double = one.dtype.type(2)
    block = 1 << 16
    for _ in range(steps):
        one[0], one[n + 1] = one[n], one[1]
        for part in numba.prange((n + block - 1) // block):
            begin, end = 1 + part * block, min(1 + (part + 1) * block, n + 1)
            before, cells, after = one[begin - 1 : end - 1], one[begin:end], one[begin + 1 : end + 1]
            result = two[begin:end]
            for i in range(result.size):
                result[i] = cells[i] + k * ((before[i] + after[i]) - double * cells[i])
        one, two = two, one
    return one


@numba.njit(parallel=True)
def _plane(one, two, steps, k):
    n, m = one.shape[0] - 2, one.shape[1] - 2
    four = one.dtype.type(4)
    for _ in range(steps):
        one[0], one[n + 1] = one[n], one[1]
        for i in numba.prange(1, n + 1):
            row = one[i]
            row[0], row[m + 1] = row[m], row[1]
            above, below = one[i - 1, 1:-1], one[i + 1, 1:-1]
            left, cells, right = row[:-2], row[1:-1], row[2:]
            result = two[i, 1:-1]
            for j in range(m):
                total = ((above[j] + below[j]) + left[j]) + right[j]
                result[j] = cells[j] + k * (total - four * cells[j])
        one, two = two, one
    return one


@numba.njit(parallel=True)
def _volume(one, two, steps, k):
    n, m, r = one.shape[0] - 2, one.shape[1] - 2, one.shape[2] - 2
    six = one.dtype.type(6)
    for _ in range(steps):
        for i in numba.prange(1, n + 1):
            one[i, 0], one[i, m + 1] = one[i, m], one[i, 1]
            for j in range(m + 2):
                one[i, j, 0], one[i, j, r + 1] = one[i, j, r], one[i, j, 1]
        one[0], one[n + 1] = one[n], one[1]
        for i in numba.prange(1, n + 1):
            for j in range(1, m + 1):
                a, b = one[i - 1, j, 1:-1], one[i + 1, j, 1:-1]
                c, d = one[i, j - 1, 1:-1], one[i, j + 1, 1:-1]
                e, cells, f = one[i, j, :-2], one[i, j, 1:-1], one[i, j, 2:]
                result = two[i, j, 1:-1]
                for q in range(r):
                    total = ((((a[q] + b[q]) + c[q]) + d[q]) + e[q]) + f[q]
                    result[q] = cells[q] + k * (total - six * cells[q])
        one, two = two, one
    return one


def diffuse(field, steps, dt, threads):
    """Return the field after all steps; spacing and diffusivity are 1."""
    numba.set_num_threads(threads)
    inner = (slice(1, -1),) * field.ndim
    one, two = (np.zeros([size + 2 for size in field.shape], field.dtype) for _ in range(2))
    one[inner] = field
    kernel = (_line, _plane, _volume)[field.ndim - 1]
    return kernel(one, two, steps, field.dtype.type(dt))[inner]
