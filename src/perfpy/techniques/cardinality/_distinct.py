"""What the sketches have in common that keep hashes while there are few keys, and registers from then on."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key, Sketch, checked_level

if TYPE_CHECKING:
    from typing_extensions import Buffer

LEAST_PRECISION = 4
MOST_PRECISION = 24

#: Registers of a sketch, in the family's own type.
Registers: TypeAlias = NDArray[Any]
#: What a sketch holds: the hashes of its keys, ascending, as uint64; or registers, of another type.
State: TypeAlias = NDArray[Any]


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


class DistinctSketch(Sketch):
    """Counts different keys, in memory that does not grow with them.

    What a sketch holds depends on the set of its keys only: not on their order, nor on how often each was
    added, nor on how they were divided among sketches that were united with ``|`` later. Several threads may
    add to it at once.

    Parameters
    ----------
    spec : Spec
        What sketch it is.
    key : callable, optional
        Makes of what is added what is hashed.
    """

    #: Bits that a register has in a file.
    register_bits: ClassVar[int]
    #: The type of a register as a number.
    register_type: ClassVar[type[np.unsignedinteger[Any]]]
    #: Whether a sketch says what it holds, as those of other packages do not.
    _tells_state: ClassVar[bool] = True
    _spec: Spec

    def __init__(self, spec: Spec, key: Key | None = None) -> None:
        self._spec = spec
        self._key = key

    @abstractmethod
    def _take(self, hashes: NDArray[np.uint64], /) -> None:
        """Add keys that are hashed."""

    @abstractmethod
    def _absorb_registers(self, registers: Registers, /) -> None:
        """Add the keys of registers, which are as many as this sketch has."""

    @abstractmethod
    def _state(self) -> State:
        """Return a copy of what the sketch holds."""

    @abstractmethod
    def _reset(self, precision: int, /) -> None:
        """Take all keys out, and set the precision of what is kept from now on."""

    @abstractmethod
    def _estimate(self, registers: Registers) -> float:
        """Return how many keys left these registers, or infinity."""

    @abstractmethod
    def _interval(self, count: float, level: float) -> tuple[float, float]:
        """Return between which bounds the true count is with a probability, given an estimate."""

    @staticmethod
    @abstractmethod
    def _folded(registers: Registers, precision: int, wanted: int) -> Registers:
        """Return the registers as they are at a lower precision."""

    @staticmethod
    @abstractmethod
    def _packed(registers: Registers) -> NDArray[np.uint8]:
        """Return the bytes that a file has of registers."""

    @staticmethod
    @abstractmethod
    def _unpacked(data: NDArray[np.uint8]) -> Registers:
        """Make registers of the bytes of a file, which are as many as they should."""

    @staticmethod
    @abstractmethod
    def _flaw(registers: Registers, precision: int) -> str | None:
        """Return what shows that no keys can have left these registers."""

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
        return self._bytes_of(self._state())

    @classmethod
    def _bytes_of(cls, state: State) -> int:
        return state.nbytes if _is_exact(state) else state.size * cls.register_bits // 8

    @classmethod
    def _most_hashes(cls, precision: int) -> int:
        """Return how many hashes are kept, in the bytes of the registers that take their place then."""
        return (cls.register_bits << precision) // 64

    def count(self) -> float:
        """Return how many different keys were added, exactly or about."""
        return self._count_of(self._state())

    def _count_of(self, state: State) -> float:
        return float(state.size) if _is_exact(state) else self._estimate(state)

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
        level = checked_level(level)
        state = self._state()
        count = self._count_of(state)
        return (count, count) if _is_exact(state) else self._interval(count, level)

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
            self._take(state)
        else:
            self._absorb_registers(self._folded(state, spec.precision, self.precision))

    def clear(self) -> None:
        """Take out all keys."""
        self._reset(self.precision)

    @classmethod
    def _family(cls) -> type[DistinctSketch]:
        return next(base for base in cls.__mro__ if "kind" in vars(base))

    def merge(self, other: Self) -> None:
        """Add all keys of another sketch.

        Where it has a lower precision, this one takes that on; nobody else may use it meanwhile.

        Parameters
        ----------
        other : sketch
            Of the same kind and seed, and of any precision and backend.
        """
        family = self._family()
        if not isinstance(other, family):
            raise TypeError(f"other must be of type {family.__name__}, not {type(other).__name__}")
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

    def __ior__(self, other: Self) -> Self:
        if not isinstance(other, self._family()):
            return NotImplemented
        self.merge(other)
        return self

    def __or__(self, other: Self) -> Self:
        if not isinstance(other, self._family()):
            return NotImplemented
        united = self.copy()
        united.merge(other)
        return united

    def __eq__(self, other: object) -> bool:
        """Tell whether two sketches have the same precision, seed and content, whatever their backends."""
        if not isinstance(other, DistinctSketch) or not isinstance(other, self._family()):
            return NotImplemented
        if self._spec != other._spec or not other._tells_state:
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
            f"{self._bytes_of(state):,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        state = self._state()
        exact = _is_exact(state)
        meta = {"precision": self.precision, "seed": self.seed, "exact": exact}
        return meta, (state.astype("<u8", copy=False) if exact else self._packed(state)).data

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        spec, exact = cls._spec_from(meta)
        return cls._holding(spec, cls._hashes_from(spec, data) if exact else cls._registers_from(spec, data))

    @classmethod
    def _damaged(cls, reason: str) -> ValueError:
        return ValueError(f"this {cls.kind} is damaged: {reason}")

    @classmethod
    def _spec_from(cls, meta: dict[str, Any]) -> tuple[Spec, bool]:
        """Check what a container says about its sketch."""
        try:
            precision, seed, exact = meta["precision"], meta["seed"], meta["exact"]
        except KeyError as missing:
            raise cls._damaged(f"it does not say its {missing}") from None
        sensible = type(precision) is int and type(seed) is int and type(exact) is bool
        if not (sensible and LEAST_PRECISION <= precision <= MOST_PRECISION and 0 <= seed < 2**64):
            raise cls._damaged(f"it says of itself {meta}")
        return Spec(precision, seed), exact

    @classmethod
    def _hashes_from(cls, spec: Spec, data: memoryview) -> NDArray[np.uint64]:
        if len(data) % 8 or len(data) // 8 > cls._most_hashes(spec.precision):
            raise cls._damaged(f"it has {len(data)} bytes of hashes at precision {spec.precision}")
        hashes = np.frombuffer(data, "<u8").astype(np.uint64)
        if (hashes[1:] <= hashes[:-1]).any():
            raise cls._damaged("its hashes are not in order")
        return hashes

    @classmethod
    def _registers_from(cls, spec: Spec, data: memoryview) -> Registers:
        if len(data) * 8 != spec.registers * cls.register_bits:
            raise cls._damaged(f"it has {len(data)} bytes of registers at precision {spec.precision}")
        registers = cls._unpacked(np.frombuffer(data, np.uint8))
        flaw = cls._flaw(registers, spec.precision) if registers.any() else "its registers are empty"
        if flaw:
            raise cls._damaged(flaw)
        return registers


def _is_exact(state: State) -> bool:
    return state.dtype == np.uint64
