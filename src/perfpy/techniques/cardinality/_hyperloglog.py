"""What all HyperLogLog sketches can do, whichever backend takes the keys in."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfpy._dispatch import Technique
from perfpy._sketch import Key, Sketch

from . import _estimate

if TYPE_CHECKING:
    from typing_extensions import Buffer

LEAST_PRECISION = 4
MOST_PRECISION = 24

#: What a sketch holds: the hashes of its keys, ascending, or the ranks of its registers.
State: TypeAlias = NDArray[np.uint64] | NDArray[np.uint8]


class Spec(NamedTuple):
    """What a sketch is, but for its keys.

    Attributes
    ----------
    precision : int
        Binary logarithm of the number of registers.
    seed : int
        Of the hash.
    """

    precision: int
    seed: int

    @property
    def registers(self) -> int:
        """Number of registers."""
        return 1 << self.precision

    @property
    def most_hashes(self) -> int:
        """How many hashes are kept, in as many bytes as registers have, before these take their place."""
        return self.registers // 8

    @property
    def highest_rank(self) -> int:
        """The rank of a hash whose bits are all 0."""
        return 65 - self.precision


class HyperLogLog(Sketch):
    """Counts different keys, in memory that does not grow with them.

    Made by `perfpy.hyperloglog`. While there are few keys the count is exact; then it has a relative standard
    deviation of ``1.04 / sqrt(2**precision)``. What a sketch holds depends on the set of its keys only: not
    on their order, nor on how often each was added, nor on how they were divided among sketches that were
    united with ``|`` later. Several threads may add to it at once.

    Parameters
    ----------
    spec : Spec
        What sketch it is.
    key : callable, optional
        Makes of what is added what is hashed.
    """

    kind: ClassVar[str] = "HyperLogLog sketch"
    _spec: Spec

    def __init__(self, spec: Spec, key: Key | None = None) -> None:
        self._spec = spec
        self._key = key

    @classmethod
    def _technique(cls) -> Technique:
        from . import HYPERLOGLOG

        return HYPERLOGLOG

    @abstractmethod
    def _take(self, hashes: NDArray[np.uint64], /) -> None:
        """Add keys that are hashed."""

    @abstractmethod
    def _raise(self, ranks: NDArray[np.uint8], /) -> None:
        """Raise each register to the rank that another sketch has there."""

    @abstractmethod
    def _state(self) -> State:
        """Return a copy of what the sketch holds."""

    @abstractmethod
    def _reset(self, precision: int, /) -> None:
        """Take all keys out, and set the precision of what is kept from now on."""

    @property
    def precision(self) -> int:
        """Binary logarithm of the number of registers."""
        return self._spec.precision

    @property
    def seed(self) -> int:
        """Seed of the hash."""
        return self._spec.seed

    @property
    def is_exact(self) -> bool:
        """Whether there were so few keys that they could be counted one by one."""
        return _is_exact(self._state())

    @property
    def nbytes(self) -> int:
        """Bytes of what the sketch holds, which is what a file of it has after its header."""
        return self._state().nbytes

    def count(self) -> float:
        """Return how many different keys were added, exactly or about."""
        return self._count_of(self._state())

    def _count_of(self, state: State) -> float:
        if _is_exact(state):
            return float(state.size)
        counts = np.bincount(state, minlength=self._spec.highest_rank + 1)
        return _estimate.estimate(counts.tolist())

    def confidence(self, level: float = 0.95) -> tuple[float, float]:
        """Return between which bounds the true count is, with this probability.

        Parameters
        ----------
        level : float, default: 0.95
            Between 0 and 1.

        Returns
        -------
        low, high : float
            The bounds, which are equal while the count is exact.
        """
        if not 0 < level < 1:
            raise ValueError(f"level must be between 0 and 1, not {level}")
        state = self._state()
        count = self._count_of(state)
        return (count, count) if _is_exact(state) else _estimate.interval(count, self.precision, level)

    def copy(self) -> Self:
        """Return a sketch with the same keys that can be changed by itself."""
        return self._holding(self._spec, self._state(), self._key)

    @classmethod
    def _holding(cls, spec: Spec, state: State, key: Key | None = None) -> Self:
        made = cls(spec, key)
        made._absorb(spec, state)
        return made

    def _absorb(self, spec: Spec, state: State) -> None:
        """Add the keys of another sketch, whose precision is not below this one's."""
        if _is_exact(state):
            self._take(state.astype(np.uint64, copy=False))
        else:
            self._raise(folded(state.astype(np.uint8, copy=False), spec.precision, self.precision))

    def clear(self) -> None:
        """Take out all keys."""
        self._reset(self.precision)

    def merge(self, other: HyperLogLog) -> None:
        """Add all keys of another sketch.

        Where it has a lower precision, this one takes that on; nobody else may use it meanwhile.

        Parameters
        ----------
        other : HyperLogLog
            Of the same seed, and of any precision and backend.
        """
        if not isinstance(other, HyperLogLog):
            raise TypeError(f"other must be a HyperLogLog, not {type(other).__name__}")
        if self.seed != other.seed:
            raise ValueError(f"other must have the same seed: {other.seed} is not {self.seed}")
        mine, theirs = self._spec, other._spec
        absorbed = other._state()
        if theirs.precision < mine.precision:
            held = self._state()
            self._spec = theirs
            self._reset(theirs.precision)
            self._absorb(mine, held)
        self._absorb(theirs, absorbed)

    def __ior__(self, other: object) -> Self:
        if not isinstance(other, HyperLogLog):
            return NotImplemented
        self.merge(other)
        return self

    def __or__(self, other: object) -> Self:
        if not isinstance(other, HyperLogLog):
            return NotImplemented
        united = self.copy()
        united.merge(other)
        return united

    def __eq__(self, other: object) -> bool:
        """Tell whether two sketches have the same precision, seed and content, whatever their backends."""
        if not isinstance(other, HyperLogLog):
            return NotImplemented
        if self._spec != other._spec:
            return False
        mine, theirs = self._state(), other._state()
        return mine.dtype == theirs.dtype and np.array_equal(mine, theirs)

    __hash__ = None  # it changes; a class with an __eq__ does not inherit this

    def __bool__(self) -> bool:
        """Tell whether any key was added."""
        return bool(self._state().size)

    def __repr__(self) -> str:
        state = self._state()
        number = self._count_of(state)
        about = "" if _is_exact(state) else "about "
        count = f"{about}{round(number):,}" if math.isfinite(number) else "countless"
        return (
            f"<{type(self).__name__} of precision {self.precision}: {count} different keys, "
            f"{state.nbytes:,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        state = self._state()
        meta = {"precision": self.precision, "seed": self.seed, "exact": _is_exact(state)}
        return meta, state.astype(state.dtype.newbyteorder("<"), copy=False).data

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        spec, exact = _spec_from(meta)
        return cls._holding(spec, _hashes_from(spec, data) if exact else _ranks_from(spec, data))


def _is_exact(state: State) -> bool:
    return state.dtype == np.uint64


def folded(ranks: NDArray[np.uint8], precision: int, wanted: int) -> NDArray[np.uint8]:
    """Return the registers as they are at a lower precision.

    Of a hash, bits that chose the register now precede the rest: where they are not all 0, they alone say the
    rank, and else they add as many zeros to it.
    """
    fewer = precision - wanted
    moved = np.arange(1 << fewer)
    lead = fewer - np.frexp(moved)[1]  # zeros that the moved bits begin with
    groups = ranks.reshape(1 << wanted, 1 << fewer)
    raised = np.where(moved > 0, lead + 1, groups + fewer)
    result: NDArray[np.uint8] = np.where(groups > 0, raised, 0).max(axis=1).astype(np.uint8)
    return result


def _damaged(reason: str) -> ValueError:
    return ValueError(f"this {HyperLogLog.kind} is damaged: {reason}")


def _spec_from(meta: dict[str, Any]) -> tuple[Spec, bool]:
    """Check what a container says about its sketch."""
    try:
        precision, seed, exact = meta["precision"], meta["seed"], meta["exact"]
    except KeyError as missing:
        raise _damaged(f"it does not say its {missing}") from None
    sensible = type(precision) is int and type(seed) is int and type(exact) is bool
    if not (sensible and LEAST_PRECISION <= precision <= MOST_PRECISION and 0 <= seed < 2**64):
        raise _damaged(f"it says of itself {meta}")
    return Spec(precision, seed), exact


def _hashes_from(spec: Spec, data: memoryview) -> NDArray[np.uint64]:
    if len(data) % 8 or len(data) // 8 > spec.most_hashes:
        raise _damaged(f"it has {len(data)} bytes of hashes at precision {spec.precision}")
    hashes = np.frombuffer(data, "<u8").astype(np.uint64)
    if (hashes[1:] <= hashes[:-1]).any():
        raise _damaged("its hashes are not in order")
    return hashes


def _ranks_from(spec: Spec, data: memoryview) -> NDArray[np.uint8]:
    if len(data) != spec.registers:
        raise _damaged(f"it has {len(data)} registers at precision {spec.precision}")
    ranks = np.frombuffer(data, np.uint8)
    if ranks.max() > spec.highest_rank:
        raise _damaged(f"a register is at {ranks.max()}, and {spec.highest_rank} is the highest rank")
    if not ranks.any():
        raise _damaged("its registers are empty")
    return ranks
