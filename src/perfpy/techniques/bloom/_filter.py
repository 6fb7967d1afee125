"""What all Bloom filters of one geometry can do, whichever backend sets and tests their bits."""

from __future__ import annotations

import math
import mmap as _mmap
from abc import abstractmethod
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from perfpy import executors
from perfpy._container import unpack
from perfpy._dispatch import Technique
from perfpy._memory import aligned_zeros
from perfpy._sketch import Key, Sketch, available
from perfpy.hashing import Counted, counted

from ._sizing import BLOCK_WORDS, MOST_PROBES, WORD_BITS, Geometry, count_from_fill, mean_error

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Spec(NamedTuple):
    """What a filter is, but for its bits.

    Attributes
    ----------
    capacity : int
        For how many keys it was sized.
    error_rate : float
        With that many keys in it.
    geometry : Geometry
        Layout, size, probes.
    seed : int
        Of the hash.
    """

    capacity: int
    error_rate: float
    geometry: Geometry
    seed: int


class BloomFilter(Sketch):
    """A set of keys that may take a key for a member that is none, and never the other way round.

    Made by `perfpy.bloom_filter`. ``key in filter``, `add` and `update` are what it is for; filters of one
    geometry and seed can be united with ``|`` and, less exactly, intersected with ``&``. What it does to keys
    depends on neither process nor machine. Several threads may add to it at once.

    Parameters
    ----------
    spec : Spec
        What filter it is.
    memory : uint64 array
        Its bits, aligned to 64 bytes.
    key : callable, optional
        Makes of what is added or looked for what is hashed.
    """

    __slots__ = ()
    kind: ClassVar[str] = "Bloom filter"
    #: Whether the bits are those that perfpy sets, so that they can be compared and combined.
    _own_bits: ClassVar[bool] = True
    _spec: Spec
    _memory: NDArray[np.uint64]

    def __init__(self, spec: Spec, memory: NDArray[np.uint64], key: Key | None = None) -> None:
        self._spec = spec  # type: ignore[misc]  # slots are a matter of the classes of the backends
        self._memory = memory  # type: ignore[misc]
        self._key = key  # type: ignore[misc]

    @classmethod
    def _technique(cls) -> Technique:
        from . import BLOOM_FILTER

        return BLOOM_FILTER

    @abstractmethod
    def remove(self, key: object, /) -> None:
        """Take away a key that was added; only of a counting filter."""

    @abstractmethod
    def __contains__(self, key: object, /) -> bool:
        """Tell whether a key was added, rightly if it was, and with the error rate if it was not."""

    @abstractmethod
    def _test(self, keys: Counted, found: NDArray[np.bool_], /) -> None:
        """Look keys of a source up that is plain and has a length."""

    def contains(self, items: Iterable[Any]) -> NDArray[np.bool_]:
        """Look up all keys of an iterable, or of a 1-D array or column of numpy, Arrow, pandas or polars.

        Returns
        -------
        bool array
            Whether each is in the filter.
        """
        if self._key is not None:
            items = map(self._key, items)
        keys = counted(items)
        found = np.empty(len(keys), np.bool_)
        self._test(keys, found)
        return found

    @property
    def capacity(self) -> int:
        """For how many keys the filter was sized."""
        return self._spec.capacity

    @property
    def error_rate(self) -> float:
        """Highest rate at which strangers are found, with `capacity` keys in the filter."""
        return self._spec.error_rate

    @property
    def layout(self) -> str:
        """``"blocked"``, ``"classic"`` or ``"counting"``."""
        return self._spec.geometry.layout

    @property
    def seed(self) -> int:
        """Seed of the hash."""
        return self._spec.seed

    @property
    def bits(self) -> int:
        """Number of bits, or of counters."""
        return self._spec.geometry.bits

    @property
    def probes(self) -> int:
        """How many bits belong to a key."""
        return self._spec.geometry.probes

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the bits take."""
        return self._memory.nbytes

    @property
    def fill_ratio(self) -> float:
        """Part of the bits that are set, or of the counters that are not 0."""
        return int(self._bits_set().sum()) / self.bits

    def approximate_count(self) -> float:
        """Estimate from the bits how many different keys were added; infinite where all bits are set."""
        return count_from_fill(self._spec.geometry, self.fill_ratio)

    def expected_error(self) -> float:
        """Return the probability, by the bits as they are now, that a key is found which was not added."""
        if self.layout == "classic":
            return self.fill_ratio**self.probes
        return mean_error(self._bits_set().reshape(-1, BLOCK_WORDS) / WORD_BITS, self.probes)

    def _bits_set(self) -> NDArray[np.int64]:
        """Count the bits that are set in each word of 32, or the counters that are not 0 in each 32."""
        words = self._memory.view(np.uint32)
        if self.layout == "counting":  # any of the four bits, moved to the lowest
            words = words | words >> np.uint32(2)
            words = (words | words >> np.uint32(1)) & np.uint32(0x11111111)
        counts: NDArray[np.int64] = np.bitwise_count(words).astype(np.int64)
        return counts.reshape(-1, 4).sum(axis=1) if self.layout == "counting" else counts

    def copy(self) -> Self:
        """Return a filter with the same bits that can be changed by itself."""
        memory = empty_memory(self._spec.geometry)
        memory[:] = self._memory
        return type(self)(self._spec, memory, self._key)

    def _blank(self) -> Self:
        return type(self)(self._spec, empty_memory(self._spec.geometry), self._key)

    def _recipe(self) -> tuple[Callable[..., Sketch], tuple[Any, ...]]:
        return (_empty, (self.backend, self._spec)) if self._key is None else super()._recipe()

    def _undividable(self) -> str:
        return "a filter with counting=True" if self.layout == "counting" else ""

    def clear(self) -> None:
        """Take out all keys."""
        if not self._memory.flags.writeable:
            raise ValueError("the filter is read-only, as it was loaded so; change a copy()")
        self._memory[:] = 0

    def _combine(self, other: object, operation: np.ufunc, into: NDArray[np.uint64]) -> bool:
        """Combine the bits of two filters, if both are filters; complain if they do not fit together."""
        if not isinstance(other, BloomFilter):
            return False
        mine, theirs = self._spec, other._spec
        if not other._own_bits:
            raise ValueError(f"filters must be perfpy's own, not of backend {other.backend!r}")
        if (mine.geometry, mine.seed) != (theirs.geometry, theirs.seed):
            raise ValueError(
                f"filters must have the same geometry and seed: {mine.geometry}, seed {mine.seed} is not "
                f"{theirs.geometry}, seed {theirs.seed}"
            )
        if self.layout == "counting":
            raise ValueError("counting filters cannot be combined; make filters with counting=False")
        if not into.flags.writeable:
            raise ValueError("the filter is read-only, as it was loaded so; change a copy()")
        operation(self._memory, other._memory, out=into)
        return True

    def __or__(self, other: object) -> Self:
        result = self.copy()
        return result if result._combine(other, np.bitwise_or, result._memory) else NotImplemented

    def __ior__(self, other: object) -> Self:
        return self if self._combine(other, np.bitwise_or, self._memory) else NotImplemented

    def __and__(self, other: object) -> Self:
        result = self.copy()
        return result if result._combine(other, np.bitwise_and, result._memory) else NotImplemented

    def __iand__(self, other: object) -> Self:
        return self if self._combine(other, np.bitwise_and, self._memory) else NotImplemented

    def __eq__(self, other: object) -> bool:
        """Tell whether two filters have the same geometry, seed and bits, whatever their backends."""
        if not isinstance(other, BloomFilter):
            return NotImplemented
        mine, theirs = self._spec, other._spec
        same = (mine.geometry, mine.seed) == (theirs.geometry, theirs.seed)
        return other._own_bits and same and np.array_equal(self._memory, other._memory)

    __hash__ = None  # it changes; a class with an __eq__ does not inherit this

    def __bool__(self) -> bool:
        """Tell whether any key was added."""
        return bool(self._memory.any())

    def __repr__(self) -> str:
        count = self.approximate_count()
        keys = f"about {round(count):,} keys" if math.isfinite(count) else "overfull"
        return (
            f"<{type(self).__name__} for {self.capacity:,} keys at error rate {self.error_rate:g}: {keys}, "
            f"{self.layout}, {self.nbytes:,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        return _meta(self._spec), self._memory.view(np.uint32).astype("<u4", copy=False).data

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        spec = _fitting_spec(meta, len(data))
        memory = empty_memory(spec.geometry)
        memory.view(np.uint32)[:] = np.frombuffer(data, "<u4")
        return cls(spec, memory)

    @classmethod
    def load(cls, path: str | PathLike[str], *, mmap: bool = False, verify: bool = True) -> Self:
        """Read a filter from a file that `save` wrote.

        Parameters
        ----------
        path : path
            The file.
        mmap : bool, default: False
            Map the file into memory instead of reading it: pages are read when they are looked at, processes
            share them, and the filter is read-only.
        verify : bool, default: True
            Check the checksum, which reads the whole file.
        """
        if not mmap or np.dtype("<u4") != np.dtype(np.uint32):
            return super().load(path, verify=verify)
        with Path(path).open("rb") as file:
            try:
                data = _mmap.mmap(file.fileno(), 0, access=_mmap.ACCESS_READ)
            except ValueError:
                raise ValueError(f"this is no {cls.kind} that perfpy saved: {str(path)!r} is empty") from None
        meta, payload = unpack(cls.kind, data, verify=verify)
        spec = _fitting_spec(meta, len(payload))
        return cls._backend_class()(spec, np.frombuffer(payload, np.uint64))


def _empty(backend: str, spec: Spec) -> BloomFilter:
    kind = available(BloomFilter, backend)  # type: ignore[type-abstract]
    made: BloomFilter = kind(spec, empty_memory(spec.geometry))
    return made


def empty_memory(geometry: Geometry) -> NDArray[np.uint64]:
    """Return memory for a filter without keys."""
    return aligned_zeros((geometry.nbytes // 8,), np.uint64)


def _meta(spec: Spec) -> dict[str, Any]:
    """Return what a container says about a filter."""
    return {
        "capacity": spec.capacity,
        "error_rate": spec.error_rate,
        "layout": spec.geometry.layout,
        "size": spec.geometry.size,
        "probes": spec.geometry.probes,
        "seed": spec.seed,
    }


def spec_from(meta: dict[str, Any]) -> Spec:
    """Check what a container says about its filter."""
    try:
        numbers = [meta[name] for name in ("capacity", "size", "probes", "seed")]
        layout, rate = meta["layout"], meta["error_rate"]
    except KeyError as missing:
        raise ValueError(f"this {BloomFilter.kind} is damaged: it does not say its {missing}") from None
    typed = all(type(number) is int for number in numbers) and type(layout) is str and type(rate) is float
    if not typed or layout not in MOST_PROBES:
        raise ValueError(f"this {BloomFilter.kind} is damaged: it says of itself {meta}")
    capacity, size, probes, seed = numbers
    sensible = size >= 1 and 1 <= probes <= MOST_PROBES[layout] and 0 <= seed < 2**64 and capacity >= 1
    if not sensible or not 0 < rate < 1:
        raise ValueError(f"this {BloomFilter.kind} is damaged: it says of itself {meta}")
    return Spec(capacity, rate, Geometry(layout, size, probes), seed)


def _fitting_spec(meta: dict[str, Any], payload: int) -> Spec:
    """Check also that there are as many bytes as there must be."""
    spec = spec_from(meta)
    if spec.geometry.nbytes != payload:
        raise ValueError(
            f"this {BloomFilter.kind} is damaged: it says of itself {meta}, and has {payload} bytes"
        )
    return spec


executors.sendable_name(_empty)
executors.sendable_type(Spec, _meta, spec_from)
