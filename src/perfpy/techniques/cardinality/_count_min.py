"""What all count-min sketches can do, whichever backend raises and reads their counters."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from perfpy._dispatch import Technique
from perfpy._memory import aligned_zeros
from perfpy._sketch import Key, Sketch
from perfpy.hashing import counted

if TYPE_CHECKING:
    from typing_extensions import Buffer

MOST_ROWS = 32
MOST_TOTAL = 2**63 - 1


class Spec(NamedTuple):
    """What a sketch is, but for its counters.

    Attributes
    ----------
    width : int
        Counters in a row.
    depth : int
        Rows.
    conservative : bool
        Whether only those counters are raised that say too little.
    seed : int
        Of the hash.
    """

    width: int
    depth: int
    conservative: bool
    seed: int

    @property
    def words(self) -> int:
        """How many numbers it holds: the total and all counters."""
        return 1 + self.width * self.depth


class CountMin(Sketch):
    """Counts how often each key was added, never too low, and rarely much too high.

    Made by `perfpy.count_min`. Several threads may add to it at once; united it is by one that does nothing
    else meanwhile.

    Parameters
    ----------
    spec : Spec
        What sketch it is.
    memory : uint64 array
        The sum of all counts, then the rows of counters.
    key : callable, optional
        Makes of what is added or looked for what is hashed.
    """

    kind: ClassVar[str] = "count-min sketch"
    _spec: Spec
    _memory: NDArray[np.uint64]

    def __init__(self, spec: Spec, memory: NDArray[np.uint64], key: Key | None = None) -> None:
        self._spec = spec
        self._memory = memory
        self._key = key

    @classmethod
    def _technique(cls) -> Technique:
        from . import COUNT_MIN

        return COUNT_MIN

    @abstractmethod
    def add(self, key: object, count: int = 1, /) -> None:
        """Count a key, once or some times."""

    @abstractmethod
    def count(self, key: object, /) -> int:
        """Return how often a key was added: never too low, seldom too high."""

    @abstractmethod
    def _look_up(self, keys: Iterable[Any], out: NDArray[np.int64], /) -> None:
        """Write the counts of all keys of a source that is plain and has a length."""

    def counts(self, items: Iterable[Any]) -> NDArray[np.int64]:
        """Return the counts of all keys of an iterable, or of a 1-D array or column."""
        if self._key is not None:
            items = map(self._key, items)
        keys = counted(items)
        out = np.empty(len(keys), np.int64)
        self._look_up(keys, out)
        return out

    def _undividable(self) -> str:
        return (
            "a sketch with conservative=True, which depends on the order of the keys"
            if self._spec.conservative
            else ""
        )

    @property
    def total(self) -> int:
        """Sum of the counts of all keys."""
        return int(self._memory[0])

    @property
    def width(self) -> int:
        """Counters in a row."""
        return self._spec.width

    @property
    def depth(self) -> int:
        """Number of rows."""
        return self._spec.depth

    @property
    def conservative(self) -> bool:
        """Whether only those counters are raised that say too little."""
        return self._spec.conservative

    @property
    def seed(self) -> int:
        """Seed of the hash."""
        return self._spec.seed

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the counters take."""
        return self._memory.nbytes

    def error_bound(self) -> float:
        """Return by how much a count may be too high, but for keys as rare as ``exp(-depth)``."""
        return math.e / self.width * self.total

    def copy(self) -> Self:
        """Return a sketch with the same counts that can be changed by itself."""
        memory = empty_memory(self._spec)
        memory[:] = self._memory
        return type(self)(self._spec, memory, self._key)

    def clear(self) -> None:
        """Set all counts to 0."""
        self._memory[:] = 0

    def merge(self, other: CountMin) -> None:
        """Add the counts of another sketch of the same form and seed, of any backend.

        The result is that of adding all keys to one sketch, but where they are conservative: then counts are
        still never too low, and may be a little higher than so.
        """
        if not isinstance(other, CountMin):
            raise TypeError(f"other must be a CountMin, not {type(other).__name__}")
        if self._spec != other._spec:
            raise ValueError(f"other must have the same form and seed: {other._spec} is not {self._spec}")
        if self.total + other.total > MOST_TOTAL:
            raise OverflowError("other must keep the total below 2**63")
        self._memory += other._memory

    def __ior__(self, other: object) -> Self:
        if not isinstance(other, CountMin):
            return NotImplemented
        self.merge(other)
        return self

    def __or__(self, other: object) -> Self:
        if not isinstance(other, CountMin):
            return NotImplemented
        united = self.copy()
        united.merge(other)
        return united

    def __eq__(self, other: object) -> bool:
        """Tell whether two sketches have the same form, seed and counters, whatever their backends."""
        if not isinstance(other, CountMin):
            return NotImplemented
        return self._spec == other._spec and np.array_equal(self._memory, other._memory)

    __hash__ = None  # it changes; a class with an __eq__ does not inherit this

    def __bool__(self) -> bool:
        """Tell whether any key was added."""
        return self.total > 0

    def __repr__(self) -> str:
        form = "conservative, " if self.conservative else ""
        return (
            f"<{type(self).__name__} of {self.depth} x {self.width:,} counters: total {self.total:,}, "
            f"{form}{self.nbytes:,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        return self._spec._asdict(), self._memory.astype("<u8", copy=False).data

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        spec = _spec_from(meta, len(data))
        memory = empty_memory(spec)
        memory[:] = np.frombuffer(data, "<u8")
        if memory[0] > MOST_TOTAL or memory[1:].max() > memory[0]:
            raise ValueError(f"this {cls.kind} is damaged: its counters do not fit their total")
        return cls(spec, memory)


def empty_memory(spec: Spec) -> NDArray[np.uint64]:
    """Return memory for a sketch without keys."""
    return aligned_zeros((spec.words,), np.uint64)


def _spec_from(meta: dict[str, Any], payload: int) -> Spec:
    """Check what a container says about its sketch."""
    try:
        spec = Spec(**meta)
    except TypeError:
        raise ValueError(f"this {CountMin.kind} is damaged: it says of itself {meta}") from None
    whole = all(type(number) is int for number in (spec.width, spec.depth, spec.seed))
    sensible = whole and type(spec.conservative) is bool and 0 <= spec.seed < 2**64
    if not sensible or spec.width < 1 or not 1 <= spec.depth <= MOST_ROWS or 8 * spec.words != payload:
        raise ValueError(
            f"this {CountMin.kind} is damaged: it says of itself {meta}, and has {payload} bytes"
        )
    return spec
