"""The order of keys: by code point or byte, and what comes right after all that begins with a prefix."""

from __future__ import annotations

from typing import Any

LAST_CODE_POINT = 0x10FFFF


def successor(prefix: Any) -> Any:
    """Return the first str or bytes after all that begin with `prefix`; None where nothing comes after."""
    if isinstance(prefix, bytes):
        head = prefix.rstrip(b"\xff")
        return head[:-1] + bytes((head[-1] + 1,)) if head else None
    text = prefix.rstrip(chr(LAST_CODE_POINT))
    return text[:-1] + chr(ord(text[-1]) + 1) if text else None


def common(a: Any, b: Any, most: int) -> int:
    """Return how many items two keys have in common at their beginning, at most `most`."""
    if b.startswith(a[:most]):
        return most
    count = 0
    while count < len(a) and count < len(b) and a[count] == b[count]:
        count += 1
    return count


def encoded(key: Any) -> bytes:
    """Return the bytes of a key, whose order is that of the keys; halves of surrogate pairs have three."""
    return key if isinstance(key, bytes) else key.encode("utf-8", "surrogatepass")


def decoded(data: bytes, *, text: bool) -> Any:
    """Return the key that has these bytes."""
    return data.decode("utf-8", "surrogatepass") if text else data
