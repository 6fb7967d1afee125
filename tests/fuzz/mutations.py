"""Containers, altered at random: blindly, or so that the checksum is right and only the sense is wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

from structures import HEADER, parts, sealed

NUMBERS = (
    0,
    1,
    2,
    3,
    4,
    5,
    16,
    24,
    25,
    63,
    64,
    65,
    255,
    2**16,
    2**31,
    2**32 - 1,
    2**32,
    2**63 - 1,
    2**64 - 1,
)
VALUES = (
    *NUMBERS,
    *(-number for number in NUMBERS),
    2**64,
    10**400,
    0.0,
    0.5,
    1.0,
    5e-324,
    1e308,
    float("nan"),
    float("inf"),
    True,
    False,
    None,
    "",
    "blocked",
    "classic",
    "counting",
    [],
    {},
    [[1]],
    {"a": 1},
    "a" * 1000,
)
LONGEST = 1 << 16

Mutation = Callable[[random.Random, bytes], bytes]


def _flip(random: random.Random, data: bytes) -> bytes:
    where = random.randrange(len(data) or 1)
    return (
        data[:where]
        + bytes(byte ^ 1 << random.randrange(8) for byte in data[where : where + 1])
        + data[where + 1 :]
    )


def _replace(random: random.Random, data: bytes) -> bytes:
    start, size = random.randrange(len(data) + 1), random.choice((1, 1, 2, 4, 8, 40))
    byte = random.choice((0, 1, 127, 128, 255))
    new = bytes([byte]) * size if random.random() < 0.5 else random.randbytes(size)
    return data[:start] + new + data[start + size :]


def _cut(random: random.Random, data: bytes) -> bytes:
    start, size = random.randrange(len(data) + 1), random.choice((1, 7, 8, 64, 1000))
    return data[:start] + data[start + size :]


def _insert(random: random.Random, data: bytes) -> bytes:
    start, size = random.randrange(len(data) + 1), random.choice((1, 7, 8, 64))
    return data[:start] + random.randbytes(size) + data[start:]


def _repeat(random: random.Random, data: bytes) -> bytes:
    start, size = random.randrange(len(data) + 1), random.choice((1, 8, 64))
    return data[: start + size] + data[start:]


def _word(random: random.Random, data: bytes) -> bytes:
    """Set a number of the header or of the data."""
    size = random.choice((4, 8))
    start = random.choice((8, 12, 16, 56, random.randrange(len(data) + 1)))
    number = random.choice(NUMBERS) + random.choice((0, 0, -1, 1))
    return data[:start] + (number % 256**size).to_bytes(size, "little") + data[start + size :]


BLIND: Sequence[Mutation] = (_flip, _replace, _cut, _insert, _repeat, _word)


def _meta(random: random.Random, text: bytes) -> bytes:
    """Change what a structure says of itself."""
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(meta, dict) or not meta:
        return text
    name = random.choice(sorted(meta))
    how = random.randrange(8)
    if how == 0:
        del meta[name]
    elif how == 1:
        meta[random.choice(("kind", "more", "self", "", "seed"))] = random.choice(VALUES)
    elif how == 2 and type(meta[name]) in (int, float):
        meta[name] += random.choice((-1, 1, -8, 8, 64))
    elif how == 3:
        return random.choice(
            (b"", b"[]", b"0", b"null", b'"' + text, b"[" * 2000, b"[" * LONGEST, b'{"kind":' * 3000)
        )
    else:
        meta[name] = random.choice(VALUES)
    return json.dumps(meta).encode() + b" " * random.choice((0, 1, 63))


def _copy(random: random.Random, data: bytes) -> bytes:
    """Write a part of the data over another."""
    size = random.choice((1, 2, 4, 8, 40))
    source, start = (random.randrange(len(data) or 1) for _ in range(2))
    return data[:start] + data[source : source + size] + data[start + size :]


def corrupt(random: random.Random, data: bytes) -> bytes:
    """Return a container that is altered only in its data, which stay as long as they are."""
    text, content = parts(data)
    size = len(content)
    for _ in range(random.choice((1, 1, 1, 2, 5, 20))):
        content = random.choice((_flip, _flip, _replace, _word, _copy))(random, content)
        content = content[:size].ljust(size, b"\0")
    return sealed(text, content)


def mutate(random: random.Random, data: bytes, other: bytes) -> bytes:
    """Return an altered container; `other` is one from which parts may come."""
    sort = random.random()
    if sort < 0.35:  # damage
        for _ in range(random.choice((1, 1, 2, 5))):
            data = random.choice(BLIND)(random, data)
        if random.random() < 0.1:
            where = random.randrange(len(data) + 1)
            data = data[:where] + other[where:]
        return data[:LONGEST]
    text, content = parts(data)
    if sort < 0.75:
        text = _meta(random, text)
    if sort > 0.6:
        for _ in range(random.choice((1, 1, 2, 5))):
            content = random.choice(BLIND)(random, content)
    if random.random() < 0.1:
        content = parts(other)[1]
    if random.random() < 0.05:
        text = random.choice(BLIND)(random, text)
    return sealed(text[: 2 * LONGEST], content[:LONGEST], version=random.choice((1,) * 20 + (0, 2)))


__all__ = ["HEADER", "corrupt", "mutate"]
