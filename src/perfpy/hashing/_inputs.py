"""Keys as callers have them, brought to what the hash takes: objects, a plain 1-D array, or a column."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ._extension import extension

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from perfpy._ext.hashing._c import Column

_BATCH = 1 << 14

#: Keys whose number is known, and that can be cut.
Counted: TypeAlias = "list[Any] | tuple[Any, ...] | np.ndarray[Any, Any] | Column"


def plain(keys: Any, name: str = "keys") -> Counted | Iterator[Any]:
    """Return an iterator over keys, or a list, tuple, column, or 1-D aligned native array of them.

    Data of Arrow and columns of pandas that hold such data are taken as they are; others that know how to
    become an array of numpy do so. Errors call the keys by `name`.
    """
    if isinstance(keys, (list, tuple)):
        return keys
    if isinstance(keys, np.ndarray):
        return _plain_array(keys, name)
    if isinstance(keys, _column_type()):
        return keys
    if isinstance(keys, (str, bytes, bytearray)):
        raise TypeError(
            f"{name} must be an iterable of {name}, not a single {type(keys).__name__}; put it into a list"
        )
    arrow = _arrow_data(keys)
    if arrow is not None:
        return _column(arrow)
    if hasattr(keys, "to_numpy"):
        return _plain_array(np.asarray(keys.to_numpy()), name)
    if isinstance(keys, memoryview):
        return list(keys.tolist())
    if hasattr(keys, "__array_interface__"):
        return _plain_array(np.asarray(keys), name)
    try:
        iterator: Iterator[Any] = iter(keys)
        return iterator
    except TypeError:
        raise TypeError(f"{name} must be an iterable of {name}, not {type(keys).__name__}") from None


def counted(keys: Any) -> Counted:
    """Return keys as `plain` does, those of an iterator as a list."""
    source = plain(keys)
    return list(source) if is_iterator(source) else source


def is_iterator(keys: Counted | Iterable[Any]) -> TypeIs[Iterator[Any]]:
    """Tell whether the number of keys is not known."""
    return hasattr(keys, "__next__")  # Iterator asks for an __iter__ too, which not all have


def _arrow_data(keys: Any) -> Any:
    """Return what exports the keys as Arrow data, or None where they are nothing of that kind.

    A column of pandas exports its data even where that is an array of numpy, but with null for NaN.
    """
    extension: Any = getattr(keys, "array", None)
    of_pandas = hasattr(extension, "dtype") and hasattr(keys, "to_numpy")  # a Series or an Index
    holder = extension if of_pandas else keys
    if hasattr(holder, "__arrow_array__"):
        try:
            return holder.__arrow_array__()
        except ImportError:
            return None  # pandas does it with pyarrow
    exports = hasattr(keys, "__arrow_c_stream__") or hasattr(keys, "__arrow_c_array__")
    return keys if exports and not of_pandas else None


@cache
def _column_type() -> type[Column] | tuple[()]:
    """Return the type of columns, or what no object is an instance of."""
    compiled = extension()
    column: type[Column] | tuple[()] = () if compiled is None else compiled.Column
    return column


def _column(arrow: Any) -> Counted:
    make = _column_type()
    return make(arrow) if isinstance(make, type) else _objects(arrow)


def _objects(arrow: Any) -> list[Any]:
    """Return what Arrow data hold as objects of Python, for an installation without extensions."""
    for name in ("to_pylist", "to_list"):
        if hasattr(arrow, name):
            return list(getattr(arrow, name)())
    import pyarrow

    stream = hasattr(arrow, "__arrow_c_stream__")
    return list((pyarrow.chunked_array if stream else pyarrow.array)(arrow).to_pylist())


def _plain_array(array: np.ndarray[Any, Any], name: str) -> Counted:
    if array.ndim != 1:
        raise ValueError(
            f"{name} must be a 1-D array, not {array.ndim}-D of shape {array.shape}; use ravel()"
        )
    if np.ma.is_masked(array):
        raise ValueError(f"{name} must have no masked elements; use compressed()")
    if array.dtype.kind in "OT":
        return list(array.tolist())
    if array.dtype.kind not in "biufSU":
        raise TypeError(f"{name} cannot be of dtype {array.dtype}; convert them to integers or str")
    dtype = array.dtype.newbyteorder("=")
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        dtype = np.dtype(np.float64)
    array = np.ascontiguousarray(np.asarray(array), dtype=dtype)
    return array if array.flags.aligned else array.copy()


def batches(keys: Iterable[Any]) -> Iterator[Any]:
    """Yield keys in batches; where the next one cannot be had, those before it first."""
    if not is_iterator(keys):
        known = counted(keys)
        for start in range(0, len(known), _BATCH):
            yield known[start : start + _BATCH]
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


def lines(data: bytes, *, text: bool) -> Counted:
    """Return the lines of text, as str of UTF-8, which is to be valid, or as bytes."""
    make = _column_type()
    if isinstance(make, type):
        return make.lines(data, text)
    if not text:
        return data.splitlines()
    return [line.removesuffix("\n") for line in io.TextIOWrapper(io.BytesIO(data), "utf-8")]
