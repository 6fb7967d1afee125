"""A digest of a call's arguments, to see whether the call changed them."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np


def fingerprint(value: Any) -> str:
    """Return a digest that changes when an array, list, dict or other picklable value does."""
    digest = hashlib.blake2b(digest_size=16)
    _add(digest, value)
    return digest.hexdigest()


def _add(digest: hashlib.blake2b, value: Any) -> None:
    kind = f"{type(value).__qualname__}:"
    digest.update(kind.encode())
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
    elif isinstance(value, Mapping):
        digest.update(f"{len(value)}".encode())
        for key, item in value.items():
            _add(digest, key)
            _add(digest, item)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, np.ndarray) for item in value):
        digest.update(f"{len(value)}".encode())
        for item in value:
            _add(digest, item)
    else:
        digest.update(_bytes(value))


def _bytes(value: Any) -> bytes:
    try:
        return pickle.dumps(value, protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError):
        return repr(value).encode()
