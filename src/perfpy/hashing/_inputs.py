"""Keys as callers have them, brought to what the hash takes: objects, or a plain 1-D array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

_BATCH = 1 << 14

#: Keys whose number is known.
Counted: TypeAlias = list[Any] | tuple[Any, ...] | np.ndarray[Any, Any]


def plain(keys: Any) -> Counted | Iterator[Any]:
    """Return an iterable of keys, or a 1-D, contiguous, aligned array of them in native byte order.

    Columns of pandas and others that know how to become an array of numpy do so.
    """
    if isinstance(keys, (list, tuple)):
        return keys
    if isinstance(keys, np.ndarray):
        return _plain_array(keys)
    if hasattr(keys, "to_numpy"):
        return _plain_array(np.asarray(keys.to_numpy()))
    if isinstance(keys, (str, bytes, bytearray)):
        raise TypeError(
            f"keys must be an iterable of keys, not a single {type(keys).__name__}; put it into a list"
        )
    if isinstance(keys, memoryview):
        return list(keys.tolist())
    if hasattr(keys, "__array_interface__"):
        return _plain_array(np.asarray(keys))
    try:
        iterator: Iterator[Any] = iter(keys)
        return iterator
    except TypeError:
        raise TypeError(f"keys must be an iterable of keys, not {type(keys).__name__}") from None


def _plain_array(array: np.ndarray[Any, Any]) -> Counted:
    if array.ndim != 1:
        raise ValueError(f"keys must be a 1-D array, not {array.ndim}-D of shape {array.shape}; use ravel()")
    if np.ma.is_masked(array):
        raise ValueError("keys must have no masked elements; use compressed()")
    if array.dtype.kind in "OT":
        return list(array.tolist())
    if array.dtype.kind not in "biufSU":
        raise TypeError(f"keys cannot be of dtype {array.dtype}; convert them to integers or str")
    dtype = array.dtype.newbyteorder("=")
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        dtype = np.dtype(np.float64)
    array = np.ascontiguousarray(np.asarray(array), dtype=dtype)
    return array if array.flags.aligned else array.copy()


def batches(keys: Iterable[Any]) -> Iterator[Any]:
    """Yield keys in batches; where the next one cannot be had, those before it first."""
    if isinstance(keys, (list, tuple, np.ndarray)):
        for start in range(0, len(keys), _BATCH):
            yield keys[start : start + _BATCH]
        return
    batch: list[Any] = []
    try:
        for key in keys:
            batch.append(key)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    except Exception:
        yield batch
        raise
    yield batch
