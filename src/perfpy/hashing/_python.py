"""The reference: what the hash of every key is, in plain Python.

A key is first brought to a form in which equal keys are the same: a number, bytes, None, or a tuple of such.
Each kind has a seed of its own, so that keys of different kinds have nothing to do with each other. All
arithmetic is modulo 2**64.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

import numpy as np

MASK = 2**64 - 1

#: The golden ratio, which spreads consecutive numbers, and the first digits of pi, for nothing in particular.
GOLDEN = 0x9E3779B97F4A7C15
PI = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89)


class Kind(IntEnum):
    """What kind of key is hashed; the number is part of its hash."""

    NATURAL = 1  # an integer from 0 to 2**64 - 1
    NEGATIVE = 2  # an integer from -2**63 to -1
    REAL = 3  # a float that is not an integer
    TEXT = 4
    BYTES = 5
    LARGE = 6  # an integer from 2**64 on
    LARGE_NEGATIVE = 7  # an integer below -2**63
    TUPLE = 8
    NONE = 9


def mix(x: int) -> int:
    """Return a permutation of the 64-bit numbers in which every bit depends on every bit.

    This is variant 13 of the finalisers in D. Stafford, "Better bit mixing" (2011).
    """
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def fold(a: int, b: int) -> int:
    """Return the lower half of a 128-bit product xor the upper half."""
    product = a * b
    return (product ^ product >> 64) & MASK


def seed_of(kind: Kind, seed: int) -> int:
    """Return the seed of a kind of keys."""
    return mix(seed + kind * GOLDEN & MASK)


def hash_bytes(data: bytes, seed: int) -> int:
    """Hash a string of bytes, 16 at a time, the last ones filled up with zeros."""
    size = len(data)
    state = seed ^ size * GOLDEN & MASK
    for start in range(0, max(size, 1), 16):
        low, high = struct.unpack("<QQ", data[start : start + 16].ljust(16, b"\0"))
        turned = (state << 32 | state >> 32) & MASK
        state = fold(low ^ PI[0] ^ state, high ^ PI[1] ^ turned)
    return fold(state ^ PI[2], size ^ PI[3])


def hash64(key: Any, seed: int = 0) -> int:
    """Return the hash of a key, a number from 0 to 2**64 - 1."""
    if isinstance(key, str):
        return hash_bytes(key.encode("utf-8", "surrogatepass"), seed_of(Kind.TEXT, seed))
    if isinstance(key, (int, np.integer, np.bool_)):
        return _hash_integer(int(key), seed)
    if isinstance(key, (float, np.floating)):
        return _hash_real(float(key), seed)
    if isinstance(key, (bytes, bytearray, memoryview)):
        return hash_bytes(bytes(key), seed_of(Kind.BYTES, seed))
    if key is None:
        return mix(seed_of(Kind.NONE, seed))
    if isinstance(key, tuple):
        return _hash_tuple(key, seed)
    raise TypeError(
        f"keys must be str, bytes, int, float, None or tuples of these, not {type(key).__name__}: "
        f"{repr(key)[:60]}; turn them into one of these first"
    )


def _hash_integer(number: int, seed: int) -> int:
    if 0 <= number <= MASK:
        return mix(number ^ seed_of(Kind.NATURAL, seed))
    if -(2**63) <= number < 0:
        return mix(number & MASK ^ seed_of(Kind.NEGATIVE, seed))
    kind = Kind.LARGE if number > 0 else Kind.LARGE_NEGATIVE
    magnitude = abs(number)
    data = magnitude.to_bytes(-(-magnitude.bit_length() // 8), "little")
    return hash_bytes(data, seed_of(kind, seed))


def _hash_real(number: float, seed: int) -> int:
    if number.is_integer():  # as 1.0 == 1
        return _hash_integer(int(number), seed)
    (bits,) = struct.unpack("<Q", struct.pack("<d", number))
    if number != number:
        bits = 0x7FF8000000000000  # there are many, and to look for one is to look for any
    return mix(bits ^ seed_of(Kind.REAL, seed))


def _hash_tuple(items: tuple[Any, ...], seed: int) -> int:
    state = seed_of(Kind.TUPLE, seed)
    for item in items:
        state = mix((state ^ hash64(item, seed)) + GOLDEN & MASK)
    return mix(state ^ len(items))
