"""Stable 64-bit hashes of keys: the same for equal keys in every process, on every machine, by every route.

The structures that keep hashes instead of keys stand on it. Keys are str, bytes, int, float, None and tuples
of these, and the scalars of numpy that equal them. Numbers that are equal have equal hashes, as in Python:
``True``, ``1``, ``1.0`` and ``numpy.uint8(1)`` are the same key. It is not a defence against somebody who
looks for keys with equal hashes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._extension import extension
from ._inputs import Counted, batches, counted, is_iterator, lines, plain

__all__ = ["Counted", "batches", "counted", "hash64", "hash_keys", "is_iterator", "lines", "plain"]


def hash64(key: object, seed: int = 0) -> int:
    """Return the hash of a key.

    Parameters
    ----------
    key : str, bytes-like, int, float, None, or tuple of these
        What is hashed. NaN equals NaN here.
    seed : int, default: 0
        From 0 to 2**64 - 1; another seed gives a hash that is independent of this one.

    Returns
    -------
    int
        From 0 to 2**64 - 1.

    Raises
    ------
    TypeError
        If the key is of another type.
    OverflowError
        If the seed is out of range.

    See Also
    --------
    perfpy.hashing.hash_keys : The hashes of many keys.

    Notes
    -----
    Text is hashed as UTF-8, 16 bytes with one 128-bit product, in the manner of wyhash [1]_; numbers by a
    mixer of Stafford's [2]_. Every bit of the key changes every bit of the hash with probability 1/2, as far
    as tests can tell.

    References
    ----------
    .. [1] Y. Wang, "wyhash", 2019, https://github.com/wangyi-fudan/wyhash.
    .. [2] D. Stafford, "Better bit mixing: improving on MurmurHash3's 64-bit finalizer", 2011.

    Examples
    --------
    >>> from perfpy.hashing import hash64
    >>> hex(hash64("spam"))
    '0x48eba6f53fdef21f'
    >>> hash64(1) == hash64(1.0) == hash64(True)
    True
    >>> hash64("1") == hash64(b"1")
    False
    """
    return _hash_key()(key, seed)


def hash_keys(keys: Any, seed: int = 0) -> NDArray[np.uint64]:
    """Return the hashes of many keys.

    Parameters
    ----------
    keys : iterable, or 1-D array or column of numbers, str or bytes
        What is hashed. Arrays of numpy, data of Arrow (from pyarrow, polars, or whatever speaks its C data
        interface) and columns of pandas that hold such data take no detour through objects. Null is None.
    seed : int, default: 0
        As for `hash64`.

    Returns
    -------
    1-D uint64 array
        The hash of each key, as `hash64` gives it.

    Raises
    ------
    TypeError, ValueError
        If a key or the array is of a type that has no hash, or the array is not 1-D.

    Examples
    --------
    >>> import numpy as np
    >>> from perfpy.hashing import hash64, hash_keys
    >>> hashes = hash_keys(np.arange(3))
    >>> hashes.tolist() == [hash64(0), hash64(1), hash64(2)]
    True
    """
    source = counted(keys)
    compiled = extension()
    if compiled is None:
        from . import _numpy

        return _numpy.hash_keys(source, seed)
    hashes = np.empty(len(source), np.uint64)
    return hashes[: compiled.hash_keys(source, seed, hashes)]


@cache
def _hash_key() -> Callable[[object, int], int]:
    compiled = extension()
    if compiled is None:
        from . import _python

        return _python.hash64
    function: Callable[[object, int], int] = compiled.hash_key
    return function
