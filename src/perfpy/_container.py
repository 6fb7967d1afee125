"""Data structures as bytes: a header, what it is in JSON, the data, and a checksum over all of it.

A reader trusts nothing: lengths are checked against what is there, the checksum against the content, and what
the JSON says is checked by the structure that it belongs to.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MAGIC = b"\x93PERFPY\n"
_VERSION = 1
_HEADER = struct.Struct("<8sIIQ32sQ")  # magic, version, bytes of JSON, bytes of data, checksum, nothing
_ALIGNMENT = 64
_LARGEST_META = 1 << 20
_MOST_NESTED = 100  # lists and objects of JSON; thousands, one in the other, are more than Python can read


class Content(NamedTuple):
    """What was in a container.

    Attributes
    ----------
    meta : dict
        What describes the data.
    data : memoryview
        The data, in the memory of the container, 64 bytes or a multiple of that from its beginning.
    """

    meta: dict[str, Any]
    data: memoryview


def pack(kind: str, meta: Mapping[str, Any], data: Buffer) -> list[Buffer]:
    """Return a container in parts, which are to be written one after the other."""
    text = json.dumps({"kind": kind, **meta}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    view = memoryview(data).cast("B")
    checksum = _checksum(text, view)
    return [_HEADER.pack(_MAGIC, _VERSION, len(text), len(view), checksum, 0), text, view]


def unpack(kind: str, container: Buffer, *, verify: bool = True) -> Content:
    """Return what is in a container, or raise a `ValueError` that says what is wrong with it."""
    view = memoryview(container).cast("B")
    if len(view) < _HEADER.size or view[: len(_MAGIC)] != _MAGIC:
        raise ValueError(f"this is no {kind} that perfpy saved: it does not begin as one")
    _, version, meta_size, data_size, checksum, nothing = _HEADER.unpack_from(view)
    if version != _VERSION:
        raise ValueError(f"this {kind} has format {version}; this perfpy reads format {_VERSION} only")
    data_start = _HEADER.size + meta_size
    if meta_size > _LARGEST_META or len(view) != data_start + data_size:
        raise ValueError(
            f"this {kind} is damaged: it has {len(view)} bytes, and its header says {data_start + data_size}"
        )
    text, data = view[_HEADER.size : data_start], view[data_start:]
    if nothing or (verify and _checksum(text, data) != checksum):
        raise ValueError(f"this {kind} is damaged: its content does not match its checksum")
    written = bytes(text)
    try:
        if written.count(b"[") + written.count(b"{") > _MOST_NESTED:
            raise ValueError
        meta = json.loads(written)
    except ValueError:
        raise ValueError(f"this {kind} is damaged: what it says about itself cannot be read") from None
    if not isinstance(meta, dict) or meta.pop("kind", None) != kind:
        raise ValueError(f"this is no {kind}, but something else that perfpy saved")
    return Content(meta, data)


def _checksum(text: Buffer, data: Buffer) -> bytes:
    hasher = hashlib.blake2b(text, digest_size=32)
    hasher.update(data)
    return hasher.digest()
