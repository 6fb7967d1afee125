"""Arrays that begin where a line of the cache begins, so that no vector of a kernel lies across two lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_LINE = 64  # bytes


def aligned_empty(shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
    """Return a new C-contiguous array whose content is anything."""
    return _aligned(np.empty, shape, np.dtype(dtype))


def aligned_zeros(shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
    """Return a new C-contiguous array of zeros, whose memory is taken when it is first written to."""
    return _aligned(np.zeros, shape, np.dtype(dtype))


def _aligned(make: Callable[..., Any], shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    size = math.prod(shape)
    spare = _LINE // dtype.itemsize
    memory = make(size + spare, dtype)
    start = -memory.ctypes.data % _LINE // dtype.itemsize
    array: NDArray[Any] = memory[start : start + size].reshape(shape)
    return array
