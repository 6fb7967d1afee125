"""What can be loaded, small examples of it as bytes, and what everything that was loaded must bear."""

from __future__ import annotations

import hashlib
import re
import struct
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from tries import FoundError, TrieFamily

import perfpy
from perfpy._container import unpack

HEADER = struct.Struct("<8sIIQ32sQ")
#: Seconds of the processor after which something is taken to go on for ever.
LONGEST_USE = 30.0
KEYS = np.random.default_rng(7).integers(0, 2**62, 200)


def _make(name: str, keys: Any, options: dict[str, Any]) -> Any:
    return getattr(perfpy, name)(items=keys, **options)


def _add_keys(found: Any) -> None:
    found.update(KEYS)
    found.update(["a", 1.5, None])
    found.add(b"b")


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
    make : callable, optional
        Makes a structure of the name, keys and options.
    change : callable, optional
        Adds keys.
    """

    name: str
    kind: Any
    options: tuple[dict[str, Any], ...]
    read: Callable[[Any], object]
    make: Callable[[str, Any, dict[str, Any]], Any] = _make
    change: Callable[[Any], None] = _add_keys
    #: Backends that must say the same of a file as the one in C.
    agreeing: ClassVar[tuple[str, ...]] = ("python", "numpy")
    #: How many inputs are sound ones with changes in the data only, where all data make some structure.
    corrupted: ClassVar[float] = 0.0

    def seeds(self) -> list[bytes]:
        """Return small structures as bytes: empty ones, with few keys and with many."""
        return [
            self.make(self.name, KEYS[:count], options).to_bytes()
            for options in self.options
            for count in (0, 3, 200)
        ]

    def load(self, data: bytes, *, verify: bool = True, backend: str = "c") -> Any:
        """Load bytes."""
        return self.kind._technique()[backend].from_bytes(data, verify=verify)

    def load_file(self, path: Path, *, verify: bool) -> Any:
        """Load a file, mapped into memory where that can be."""
        mapped = {"mmap": True} if self.name == "bloom_filter" else {}
        return self.kind.load(path, verify=verify, **mapped)

    def use(self, found: Any) -> None:
        """Do with a structure whatever can be done."""
        if self.load(found.to_bytes()) != found:
            raise FoundError(f"{self.name}: what it saves is not what it is")
        repr(found)
        assert found.nbytes >= 0
        self.read(found)
        if found.copy() != found:
            raise FoundError(f"{self.name}: a copy differs")
        try:
            self.change(found)
            if getattr(found, "layout", None) != "counting":
                found |= found.copy()
        except OverflowError:  # of counters that are at their ends
            if self.name != "count_min":
                raise
        self.read(found)
        found.clear()
        if found:
            raise FoundError(f"{self.name}: a cleared one is not empty")


class ScalableFamily(Family):
    """Filters that grow, whose class is the same for all backends."""

    def load(self, data: bytes, *, verify: bool = True, backend: str = "c") -> Any:
        """Load bytes."""
        return self.kind._restore(*unpack(self.kind.kind, data, verify=verify), backend)


def _read_distinct(found: Any) -> object:
    return found.count(), found.confidence(0.9), found.is_exact if hasattr(found, "is_exact") else None


def _read_bloom(found: Any) -> object:
    values = found.approximate_count(), found.expected_error(), found.fill_ratio, found.bits
    return values, 3 in found, found.contains(KEYS[:9])


def _read_morris(found: Any) -> object:
    return found.count(), found.counts().sum(), found.size, found.base


def _make_morris(name: str, keys: Any, options: dict[str, Any]) -> Any:
    return getattr(perfpy, name)(keys % options["size"], seed=1, **options)


def _count_events(found: Any) -> None:
    found.update(KEYS % found.size)
    found.add(found.size - 1)
    found.add(times=9)


FAMILIES: dict[str, Any] = {
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
        ScalableFamily(
            "scalable_bloom_filter",
            perfpy.ScalableBloomFilter,
            ({"capacity": 20}, {"capacity": 9, "layout": "classic", "error_rate": 1e-6}),
            lambda found: (_read_bloom(found), found.capacity, found.error_rate, found.layers),
            lambda _, keys, options: perfpy.bloom_filter(items=keys, scalable=True, **options),
        ),
        Family(
            "morris_counter",
            perfpy.MorrisCounter,
            ({"size": 5}, {"size": 1, "base": 1.001}),
            _read_morris,
            _make_morris,
            _count_events,
        ),
        *(TrieFamily(layout) for layout in ("compact", "fast", "sorted")),
    )
}


def judge(family: Any, data: bytes, *, verify: bool, backend: str = "c") -> str:
    """Load bytes, and use what came; return in words what happened, or raise what should not."""
    began = time.process_time()
    try:
        found = family.load(data, verify=verify, backend=backend)
    except ValueError as error:
        return re.sub(r"\d+|\{.*\}|'.*'|(?<= says of ).*", "#", str(error))
    if verify and not _checksum_is_right(data):
        raise FoundError(f"{family.name}: a damaged one was loaded")
    remark = family.use(found)
    if time.process_time() - began > LONGEST_USE:
        raise FoundError(f"{family.name}: it took {time.process_time() - began:.0f} seconds")
    return " ".join(filter(None, ("loaded" if verify else "loaded unverified", remark)))


def judge_file(family: Any, data: bytes, *, verify: bool) -> None:
    """Load a file and look at what came."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        try:
            found = family.load_file(path, verify=verify)
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
