"""The hash of many keys at once: arithmetic modulo 2**64 is what uint64 arrays do by themselves."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._inputs import Counted
from ._python import GOLDEN, PI, Kind, hash64, seed_of

Words: TypeAlias = NDArray[np.uint64]

_LOWER = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def hash_keys(keys: Counted, seed: int) -> Words:
    """Return the hashes of all keys; those of an array without a loop over its elements."""
    if isinstance(keys, np.ndarray):
        kind = keys.dtype.kind
        if kind in "biu":
            return _hash_integers(keys, seed)
        if kind == "f":
            return _hash_reals(keys.astype(np.float64), seed)
        if kind == "S":
            return _hash_strings(keys, seed_of(Kind.BYTES, seed))
    return np.fromiter((hash64(key, seed) for key in keys), np.uint64, len(keys))


def mix(x: Words) -> Words:
    """Mix the bits of each number."""
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)


def upper_half(a: Words, b: Words | np.uint64) -> Words:
    """Return the upper 64 bits of each product, which is made of four products of halves."""
    a_low, a_high, b_low, b_high = a & _LOWER, a >> _HALF, b & _LOWER, b >> _HALF
    middle = a_high * b_low + (a_low * b_low >> _HALF)
    other = a_low * b_high + (middle & _LOWER)
    upper: Words = a_high * b_high + (middle >> _HALF) + (other >> _HALF)
    return upper


def fold(a: Words, b: Words) -> Words:
    """Return the lower xor the upper half of each product."""
    lower: Words = a * b
    return lower ^ upper_half(a, b)


def _hash_integers(keys: NDArray[Any], seed: int) -> Words:
    natural, negative = (np.uint64(seed_of(kind, seed)) for kind in (Kind.NATURAL, Kind.NEGATIVE))
    if keys.dtype.kind == "i":
        return mix(keys.astype(np.int64).view(np.uint64) ^ np.where(keys < 0, negative, natural))
    return mix(keys.astype(np.uint64) ^ natural)


def _hash_reals(keys: NDArray[np.float64], seed: int) -> Words:
    keys = np.where(np.isnan(keys), np.nan, keys)
    hashes = mix(keys.view(np.uint64) ^ np.uint64(seed_of(Kind.REAL, seed)))
    with np.errstate(invalid="ignore"):
        whole = (keys == np.floor(keys)) & np.isfinite(keys)
    small = whole & (np.abs(keys) < 2.0**63)
    hashes[small] = _hash_integers(keys[small].astype(np.int64), seed)
    for index in np.flatnonzero(whole & ~small):
        hashes[index] = hash64(float(keys[index]), seed)
    return hashes


def _hash_strings(keys: NDArray[np.bytes_], seed: int) -> Words:
    """Hash strings of bytes, block by block, those that are long enough for a block."""
    sizes = np.strings.str_len(keys).astype(np.uint64)
    width = -(-keys.dtype.itemsize // 16) * 16 or 16
    blocks = keys.astype(f"S{width}").view("<u8").astype(np.uint64).reshape(len(keys), width // 8)
    state = np.uint64(seed) ^ sizes * np.uint64(GOLDEN)
    for block in range(width // 16):
        active = (sizes > np.uint64(16 * block)) | (block == 0)
        turned = state << _HALF | state >> _HALF
        low = blocks[:, 2 * block] ^ np.uint64(PI[0]) ^ state
        state = np.where(active, fold(low, blocks[:, 2 * block + 1] ^ np.uint64(PI[1]) ^ turned), state)
    return fold(state ^ np.uint64(PI[2]), sizes ^ np.uint64(PI[3]))
