"""What counters of different keys have in common, whichever rule they follow and backend takes keys in."""

from __future__ import annotations

import math
import operator
from abc import abstractmethod
from collections.abc import Callable, Iterable
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfpy._dispatch import Technique
from perfpy._sketch import Key, Sketch, checked_key, checked_level, checked_seed, filled
from perfpy.executors import ExecutorLike

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: What a counter holds: bytes of bits or ranks, or hashes in ascending order.
State: TypeAlias = NDArray[Any]


class Spec(NamedTuple):
    """What a counter is, but for its keys.

    Attributes
    ----------
    size : int
        Its bits, registers or hashes.
    seed : int
        Of the hash.
    """

    size: int
    seed: int


class DistinctCounter(Sketch):
    """Counts different keys by what it keeps of their hashes.

    What that is depends on the set of keys only: not on their order, nor on how often each was added, nor on
    how they were divided among counters that were united with ``|`` later. Several threads may add at once.

    Parameters
    ----------
    spec : Spec
        What counter it is.
    key : callable, optional
        Makes of what is added what is hashed.
    """

    #: What the size is called, and the bounds that it has.
    size_name: ClassVar[str]
    size_bounds: ClassVar[tuple[int, int]]
    #: Of what a counter holds.
    state_type: ClassVar[str]
    _spec: Spec

    def __init__(self, spec: Spec, key: Key | None = None) -> None:
        self._spec = spec
        self._key = key

    @classmethod
    @abstractmethod
    def _technique(cls) -> Technique:
        """Return the table of the family's backends."""

    @abstractmethod
    def _take(self, hashes: NDArray[np.uint64], /) -> None:
        """Add keys that are hashed."""

    @abstractmethod
    def _unite(self, state: State, /) -> None:
        """Add the keys of what another counter of the same size holds."""

    @abstractmethod
    def _state(self) -> State:
        """Return a copy of what the counter holds."""

    @abstractmethod
    def _reset(self, size: int, /) -> None:
        """Take all keys out, and set the size."""

    @abstractmethod
    def _estimate(self, state: State) -> float:
        """Return how many keys left a counter with this."""

    @abstractmethod
    def _deviation(self, count: float, /) -> float:
        """Return the relative standard deviation of the count of so many keys."""

    @classmethod
    @abstractmethod
    def _flaw(cls, spec: Spec, state: State) -> str:
        """Say what is wrong with what a file has, or nothing."""

    @property
    def seed(self) -> int:
        """Seed of the hash."""
        return self._spec.seed

    @property
    def nbytes(self) -> int:
        """Bytes of what the counter holds, which is what a file of it has after its header."""
        return self._state().nbytes

    def count(self) -> float:
        """Return about how many different keys were added."""
        return self._estimate(self._state())

    def confidence(self, level: float = 0.95) -> tuple[float, float]:
        """Return between which bounds the true count is, with this probability.

        Parameters
        ----------
        level : float, default: 0.95
            Between 0 and 1.

        Returns
        -------
        low, high : float
            The bounds, from the standard deviation that the count has by theory.
        """
        level = checked_level(level)
        count = self.count()
        if not 0 < count < math.inf:
            return (0.0, count)
        reach = NormalDist().inv_cdf((1 + level) / 2) * self._deviation(count)
        return count / (1 + reach), count / (1 - reach) if reach < 1 else math.inf

    def copy(self) -> Self:
        """Return a counter with the same keys that can be changed by itself."""
        made = type(self)(self._spec, self._key)
        made._unite(self._state())
        return made

    def clear(self) -> None:
        """Take out all keys."""
        self._reset(self._spec.size)

    @classmethod
    def _family(cls) -> type[DistinctCounter]:
        return next(base for base in cls.__mro__ if "kind" in vars(base))

    def _is_like(self, other: object) -> bool:
        return isinstance(other, DistinctCounter) and other._family() is self._family()

    def merge(self, other: DistinctCounter) -> None:
        """Add all keys of another counter of the same kind, size and seed, of any backend."""
        if not self._is_like(other):
            raise TypeError(f"other must be of type {self._family().__name__}, not {type(other).__name__}")
        if self.seed != other.seed:
            raise ValueError(f"other must have the same seed: {other.seed} is not {self.seed}")
        self._fit(other._spec.size)
        self._unite(other._state())

    def _fit(self, size: int) -> None:
        """Make room for what a counter of another size holds, or complain."""
        if size != self._spec.size:
            raise ValueError(
                f"other must have the same {self.size_name}: {size:,} are not {self._spec.size:,}"
            )

    def __ior__(self, other: DistinctCounter) -> Self:
        if not self._is_like(other):
            return NotImplemented
        self.merge(other)
        return self

    def __or__(self, other: DistinctCounter) -> Self:
        if not self._is_like(other):
            return NotImplemented
        united = self.copy()
        united.merge(other)
        return united

    def __eq__(self, other: object) -> bool:
        """Tell whether two counters have the same size, seed and content, whatever their backends."""
        if not isinstance(other, DistinctCounter) or not self._is_like(other):
            return NotImplemented
        return self._spec == other._spec and np.array_equal(self._state(), other._state())

    __hash__ = None  # it changes; a class with an __eq__ does not inherit this

    def __bool__(self) -> bool:
        """Tell whether any key was added."""
        return bool(self._state().any())

    def __repr__(self) -> str:
        count = self.count()
        about = f"about {round(count):,}" if math.isfinite(count) else "countless"
        return (
            f"<{type(self).__name__} of {self._spec.size:,} {self.size_name}: {about} different keys, "
            f"{self.nbytes:,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        return self._spec._asdict(), self._state().astype(self.state_type, copy=False).data

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        try:
            spec = Spec(**meta)
        except TypeError:
            raise cls._damaged(f"it says of itself {meta}") from None
        least, most = cls.size_bounds
        whole = type(spec.size) is int and type(spec.seed) is int
        if not (whole and least <= spec.size <= most and 0 <= spec.seed < 2**64):
            raise cls._damaged(f"it says of itself {meta}")
        if len(data) % np.dtype(cls.state_type).itemsize:
            raise cls._damaged(f"it has {len(data)} bytes")
        state = np.frombuffer(data, cls.state_type)
        flaw = cls._flaw(spec, state)
        if flaw:
            raise cls._damaged(flaw)
        made = cls(spec)
        made._unite(state.astype(state.dtype.newbyteorder("=")))
        return made

    @classmethod
    def _damaged(cls, reason: str) -> ValueError:
        return ValueError(f"this {cls.kind} is damaged: {reason}")


def made(
    technique: Technique,
    items: Iterable[Any] | None,
    size: int,
    seed: int,
    key: Callable[[Any], object] | None,
    backend: str,
    executor: ExecutorLike,
) -> Any:
    """Make a counter with a backend, and add the first keys."""
    counter: DistinctCounter = technique[backend](Spec(size, checked_seed(seed)), checked_key(key))
    return filled(counter, items, executor)


def whole(name: str, value: Any, bounds: tuple[int, int]) -> int:
    """Return an argument that is an int within bounds, or complain."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an int, not {type(value).__name__}: {value!r}") from None
    if not bounds[0] <= number <= bounds[1]:
        raise ValueError(f"{name} must be from {bounds[0]} to {bounds[1]}, not {number}")
    return number
