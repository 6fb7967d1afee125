"""Morris counters: many events counted in few bits, by counting only some of them."""

from __future__ import annotations

import math
import reprlib
import threading
from abc import abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfpy._dispatch import Technique
from perfpy._sketch import Sketch
from perfpy.executors import ExecutorLike
from perfpy.hashing import batches

from ._counter import whole
from ._tables import MORRIS_COUNTER

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: What `numpy.random.default_rng` takes.
Seed: TypeAlias = (
    int | np.random.Generator | np.random.BitGenerator | np.random.SeedSequence | np.random.RandomState | None
)
_LEAST_BASE, _MOST_BASE = 1.001, 16.0
_BYTE_BASE = 1.2  # from here on a register of one byte never overflows
_MOST_COUNTERS = 2**36
_BATCH = 1 << 14


class Spec(NamedTuple):
    """What the counters are, but for what they have counted.

    Attributes
    ----------
    size : int
        How many there are.
    base : float
        By which factor the next event that raises a register is rarer than the last.
    """

    size: int
    base: float

    @property
    def register_type(self) -> type[np.unsignedinteger[Any]]:
        """The type of a register."""
        return _register_type(self.base)


def _register_type(base: float) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if base >= _BYTE_BASE else np.uint16


@lru_cache(maxsize=16)
def _chances(base: float) -> NDArray[np.float64]:
    """Return for each value of a register how likely an event is to raise it."""
    chances = np.append(base ** -np.arange(float(np.iinfo(_register_type(base)).max)), 0.0)
    chances.setflags(write=False)
    return chances


class MorrisCounter(Sketch):
    """Counts events with registers of one or two bytes, for one thing or for an array of them.

    Made by `perfpy.morris_counter`. The mean of a count is right, and its relative standard deviation is
    ``sqrt((base - 1) / 2)``. Several threads may count at once.

    Parameters
    ----------
    spec : Spec
        What counters they are.
    generator : numpy.random.Generator
        Where chance comes from.
    """

    kind: ClassVar[str] = "Morris counter"
    added: ClassVar[str] = "indices"

    def __init__(self, spec: Spec, generator: np.random.Generator) -> None:
        self._spec = spec
        self._generator = generator
        self._key = None
        self._registers = np.zeros(spec.size, spec.register_type)
        self._chances = _chances(spec.base)
        self._lock = threading.Lock()

    @classmethod
    def _technique(cls) -> Technique:
        return MORRIS_COUNTER

    @abstractmethod
    def _count_all(self, indices: NDArray[np.intp]) -> None:
        """Count events at these counters, with a random number for each, in this order."""

    def add(self, index: Any = 0, /, times: int = 1) -> None:
        """Count an event at a counter.

        Parameters
        ----------
        index : int, default: 0
            Which of the counters.
        times : int, default: 1
            How many events.
        """
        place = whole("index", index, (0, self.size - 1))
        left = whole("times", times, (0, 2**63 - 1))
        if left == 1:  # without an array
            with self._lock:
                self._registers[place] += self._generator.random() < self._chances[self._registers[place]]
            return
        while left:
            count = min(left, _BATCH)
            with self._lock:
                self._count_all(np.full(count, place))
            left -= count

    def _undividable(self) -> str:
        return "Morris counters, which are random in parts, too"

    def update(self, items: Iterable[Any], *, executor: ExecutorLike = None) -> None:
        """Count an event at each of the counters whose indices are in an iterable or a 1-D array.

        Where one of them is no index, those before it have been counted.
        """
        _check_type(items)
        super().update(items, executor=executor)

    def _update(self, keys: Iterable[Any], /) -> None:
        for batch in batches(keys):
            indices, flaw = _checked(batch, self.size)
            with self._lock:
                self._count_all(indices)
            if flaw is not None:
                raise flaw

    def count(self, index: Any = 0) -> float:
        """Return about how many events a counter has counted."""
        register = self._registers[whole("index", index, (0, self.size - 1))]
        return float(self._estimates(register))

    def counts(self) -> NDArray[np.float64]:
        """Return about how many events each counter has counted."""
        return self._estimates(self._registers)

    def _estimates(self, registers: Any) -> NDArray[np.float64]:
        """Return (base**register - 1) / (base - 1)."""
        base = self._spec.base
        estimates: NDArray[np.float64] = np.expm1(math.log(base) * registers) / (base - 1)
        return estimates

    @property
    def size(self) -> int:
        """How many counters there are."""
        return self._spec.size

    @property
    def base(self) -> float:
        """By which factor the next event that raises a register is rarer than the last."""
        return self._spec.base

    @property
    def nbytes(self) -> int:
        """Bytes of the registers, which is what a file has after its header."""
        return self._registers.nbytes

    def copy(self) -> Self:
        """Return counters that stand where these do; both draw from the same random generator."""
        made = type(self)(self._spec, self._generator)
        with self._lock:
            made._registers[:] = self._registers
        return made

    def clear(self) -> None:
        """Set all counters to 0."""
        self._registers[:] = 0

    def merge(self, other: MorrisCounter) -> None:
        """Add what other counters have counted, as many and of the same base, of any backend.

        The counts are distributed as if all events had been counted here: what raised the lower of two
        registers from j to j + 1 raises the higher one, at h, with the probability ``base**(j - h)``.
        """
        if not isinstance(other, MorrisCounter):
            raise TypeError(f"other must be a MorrisCounter, not {type(other).__name__}")
        if self._spec != other._spec:
            raise ValueError(f"other must have the same size and base: {other._spec} is not {self._spec}")
        theirs = other._registers.copy()
        with self._lock:
            low = np.minimum(self._registers, theirs).astype(np.intp)
            high = np.maximum(self._registers, theirs).astype(np.intp)
            for step in range(int(low.max())):
                active = np.flatnonzero(low > step)
                chances = self._chances[high[active] - step] * (high[active] < self._chances.size - 1)
                high[active] += self._generator.random(active.size) < chances
            self._registers[:] = high

    def __ior__(self, other: object) -> Self:
        if not isinstance(other, MorrisCounter):
            return NotImplemented
        self.merge(other)
        return self

    def __or__(self, other: object) -> Self:
        if not isinstance(other, MorrisCounter):
            return NotImplemented
        united = self.copy()
        united.merge(other)
        return united

    def __eq__(self, other: object) -> bool:
        """Tell whether two have the same size, base and registers, whatever their backends and generators."""
        if not isinstance(other, MorrisCounter):
            return NotImplemented
        return self._spec == other._spec and np.array_equal(self._registers, other._registers)

    __hash__ = None  # it changes; a class with an __eq__ does not inherit this

    def __bool__(self) -> bool:
        """Tell whether any event was counted."""
        return bool(self._registers.any())

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of size {self.size:,} and base {self.base:g}: about "
            f"{round(float(self.counts().sum())):,} events, {self.nbytes:,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        registers = self._registers
        return self._spec._asdict(), registers.astype(registers.dtype.newbyteorder("<")).data

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        spec = _spec_from(meta, len(data))
        made = cls(spec, np.random.default_rng())
        made._registers[:] = np.frombuffer(data, np.dtype(spec.register_type).newbyteorder("<"))
        return made


def _spec_from(meta: dict[str, Any], payload: int) -> Spec:
    """Check what a container says about its counters."""
    try:
        spec = Spec(**meta)
    except TypeError:
        raise ValueError(f"this {MorrisCounter.kind} is damaged: it says of itself {meta}") from None
    typed = type(spec.size) is int and type(spec.base) is float
    if not (typed and 1 <= spec.size <= _MOST_COUNTERS and _LEAST_BASE <= spec.base <= _MOST_BASE):
        raise ValueError(f"this {MorrisCounter.kind} is damaged: it says of itself {meta}")
    if payload != spec.size * np.dtype(spec.register_type).itemsize:
        raise ValueError(f"this {MorrisCounter.kind} is damaged: it has {payload} bytes for {spec}")
    return spec


def _check_type(items: Any) -> None:
    """Refuse what would be keys, but has no integers."""
    if isinstance(items, (str, bytes, bytearray)):
        kind = type(items).__name__
        raise TypeError(f"indices must be an iterable of int, not {kind}: {reprlib.repr(items)}")
    if isinstance(items, np.ndarray) and items.size and items.dtype.kind not in "iuO":
        raise TypeError(f"indices must be integers, not of dtype {items.dtype}")


def _checked(batch: Any, size: int) -> tuple[NDArray[np.intp], Exception | None]:
    """Return those of some indices that come before the first that is none, and what is wrong with that."""
    try:
        indices = np.asarray(batch)
    except ValueError:  # of sequences that are not equally long
        return _leading(batch, size)
    if indices.dtype.kind not in "iu" or indices.ndim != 1:
        return _leading(batch, size)
    outside = (indices < 0) | (indices >= size)
    if outside.any():
        first = int(outside.argmax())
        flaw = ValueError(f"indices must be from 0 to {size - 1}, not {indices[first]}")
        return indices[:first].astype(np.intp), flaw
    return indices.astype(np.intp), None


def _leading(batch: Iterable[Any], size: int) -> tuple[NDArray[np.intp], Exception | None]:
    """Do the same one by one."""
    found: list[int] = []
    for index in batch:
        try:
            found.append(whole("indices", index, (0, size - 1)))
        except (TypeError, ValueError) as flaw:
            return np.array(found, np.intp), flaw
    return np.array(found, np.intp), None


def morris_counter(
    indices: Iterable[Any] | None = None,
    *,
    size: int = 1,
    base: float = 2.0,
    seed: Seed = None,
    backend: str = "auto",
) -> MorrisCounter:
    """Count events in a byte or two each, up to any number of them, about right.

    Parameters
    ----------
    indices : iterable or 1-D array of int, optional
        Events to begin with: at which of the counters each happened.
    size : int, default: 1
        How many counters there are, from 1 to 2**36.
    base : float, default: 2.0
        From 1.001 to 16: the relative standard deviation of a count is ``sqrt((base - 1) / 2)``, 71 % at 2,
        22 % at 1.1, 2.2 % at 1.001. A counter has a byte, or below 1.2 two.
    seed : int, Generator or other, optional
        Where chance comes from: what `numpy.random.default_rng` takes. Counters with the same seed count the
        same events alike, whatever the backend, and however the events are divided among calls.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All of perfpy's own hold the same.

    Returns
    -------
    MorrisCounter
        With ``add``, ``update``, ``count``, ``counts``, ``|`` and more.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such backend.
    TypeError
        If an argument is of the wrong type.
    MemoryError
        If the counters do not fit in memory.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.count_min : Counts of keys whose number is not known.

    Notes
    -----
    A counter at c is raised by an event with the probability ``base**-c``, and the count is
    ``(base**c - 1) / (base - 1)`` [1]_, which is right in the mean; its variance after n events is
    ``(base - 1) * n * (n - 1) / 2`` [2]_. Without the 1 that is taken away the count begins at 1 and is too
    high by that for ever. What is saved or pickled are the counters, without the state of the generator: what
    is loaded draws new numbers.

    References
    ----------
    .. [1] R. Morris, "Counting large numbers of events in small registers", Communications of the ACM 21,
       1978.
    .. [2] P. Flajolet, "Approximate counting: a detailed analysis", BIT 25, 1985.

    Examples
    --------
    >>> import perfpy
    >>> one = perfpy.morris_counter(base=1.01, seed=1)
    >>> one.add()
    >>> one.count()
    1.0
    >>> one.add(times=1_000_000)
    >>> abs(one.count() / 1_000_001 - 1) < 0.3
    True
    >>> many = perfpy.morris_counter([0, 2, 2, 0, 0], size=3, base=1.001, seed=1)
    >>> many.counts().round()
    array([3., 0., 2.])
    """
    kind = MORRIS_COUNTER[backend]
    spec = Spec(whole("size", size, (1, _MOST_COUNTERS)), _base(base))
    made: MorrisCounter = kind(spec, _generator(seed))
    if indices is not None:
        made.update(indices)
    return made


def _base(base: Any) -> float:
    if isinstance(base, (str, bytes)) or not hasattr(base, "__float__"):
        raise TypeError(f"base must be a float, not {type(base).__name__}: {base!r}")
    number = float(base)
    if not _LEAST_BASE <= number <= _MOST_BASE:
        raise ValueError(f"base must be from {_LEAST_BASE} to {_MOST_BASE:g}, not {number}")
    return number


def _generator(seed: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"seed must be what numpy.random.default_rng takes, not {seed!r}: {error}"
        ) from None
