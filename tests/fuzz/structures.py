"""What can be loaded, small examples of it as bytes, and what everything that was loaded must bear."""

from __future__ import annotations

import hashlib
import re
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import perfpy

HEADER = struct.Struct("<8sIIQ32sQ")
KEYS = np.random.default_rng(7).integers(0, 2**62, 200)


@dataclass(frozen=True)
class Family:
    """A kind of structure.

    Parameters
    ----------
    name : str
        Of the function that makes one.
    kind : type
        The class that loads one.
    options : sequence of dict
        Arguments of that function for small structures.
    read : callable
        Calls whatever only looks at a structure.
    """

    name: str
    kind: Any
    options: tuple[dict[str, Any], ...]
    read: Callable[[Any], object]

    def seeds(self) -> list[bytes]:
        """Return small structures as bytes: empty ones, with few keys and with many."""
        make = getattr(perfpy, self.name)
        return [
            make(items=KEYS[:count], **options).to_bytes()
            for options in self.options
            for count in (0, 3, 200)
        ]


def _read_distinct(found: Any) -> object:
    return found.count(), found.confidence(0.9), found.is_exact if hasattr(found, "is_exact") else None


def _read_bloom(found: Any) -> object:
    values = found.approximate_count(), found.expected_error(), found.fill_ratio, found.bits
    return values, 3 in found, found.contains(KEYS[:9])


FAMILIES = {
    family.name: family
    for family in (
        Family(
            "bloom_filter",
            perfpy.BloomFilter,
            (
                {"capacity": 20},
                {"capacity": 20, "layout": "classic"},
                {"capacity": 20, "counting": True},
                {"capacity": 3, "error_rate": 1e-6, "seed": 2**64 - 1},
            ),
            _read_bloom,
        ),
        Family("hyperloglog", perfpy.HyperLogLog, ({"precision": 4}, {"precision": 7}), _read_distinct),
        Family("exaloglog", perfpy.ExaLogLog, ({"precision": 4}, {"precision": 6}), _read_distinct),
        Family(
            "count_min",
            perfpy.CountMin,
            ({"error": 0.1}, {"error": 0.3, "failure": 0.2, "conservative": True}),
            lambda found: (found.total, found.count(3), found.counts(KEYS[:9]), found.error_bound()),
        ),
        Family("linear_counting", perfpy.LinearCounting, ({"bits": 77}, {"bits": 8}), _read_distinct),
        Family("loglog", perfpy.LogLog, ({"precision": 4},), _read_distinct),
        Family("superloglog", perfpy.SuperLogLog, ({"precision": 5},), _read_distinct),
        Family("k_minimum_values", perfpy.KMinimumValues, ({"k": 9}, {"k": 1000}), _read_distinct),
    )
}


class FoundError(AssertionError):
    """Something that the loaders must not do."""


def judge(family: Family, data: bytes, *, verify: bool, backend: str = "c") -> str:
    """Load bytes, and use what came; return in words what happened, or raise what should not."""
    kind = family.kind._technique()[backend]
    try:
        found = kind.from_bytes(data, verify=verify)
    except ValueError as error:
        return re.sub(r"\d+|\{.*\}|'.*'", "#", str(error))
    if verify and not _checksum_is_right(data):
        raise FoundError(f"{family.name}: a damaged one was loaded")
    written = found.to_bytes()
    if kind.from_bytes(written) != found:
        raise FoundError(f"{family.name}: what it saves is not what it is")
    _use(family, found)
    return "loaded" if verify else "loaded unverified"


def _use(family: Family, found: Any) -> None:
    """Do with a structure whatever can be done."""
    repr(found)
    assert found.nbytes >= 0
    family.read(found)
    if found.copy() != found:
        raise FoundError(f"{family.name}: a copy differs")
    try:
        found.update(KEYS)
        found.update(["a", 1.5, None])
        found.add(b"b")
        if getattr(found, "layout", None) != "counting":
            found |= found.copy()
    except OverflowError:  # of counters that are at their ends
        if family.name != "count_min":
            raise
    family.read(found)
    found.clear()
    if found:
        raise FoundError(f"{family.name}: a cleared one is not empty")


def judge_file(family: Family, data: bytes, *, verify: bool) -> None:
    """Load a file, mapped into memory where that can be, and look at what came."""
    mapped = {"mmap_mode": True} if family.name == "bloom_filter" else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        try:
            found = family.kind.load(path, verify=verify, **mapped)
        except ValueError:
            return
        family.read(found)
        del found  # before its file


def sealed(text: bytes, data: bytes, version: int = 1) -> bytes:
    """Return a container whose sizes and checksum are right, whatever is in it."""
    checksum = hashlib.blake2b(text + data, digest_size=32).digest()
    return HEADER.pack(b"\x93PERFPY\n", version, len(text), len(data), checksum, 0) + text + data


def parts(container: bytes) -> tuple[bytes, bytes]:
    """Return what a container says of itself, and its data, as far as its header can be believed."""
    size = HEADER.unpack_from(container)[2] if len(container) >= HEADER.size else 0
    return container[HEADER.size : HEADER.size + size], container[HEADER.size + size :]


def _checksum_is_right(container: bytes) -> bool:
    return sealed(*parts(container)) == container
