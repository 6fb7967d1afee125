"""HyperLogLog sketches of other packages, as far as they can do what those of perfpy can."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key, checked_level

from . import _estimate
from ._distinct import LEAST_PRECISION, DistinctSketch, Registers, Spec, State
from ._hyperloglog import HyperLogLog

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PeerHyperLogLog(HyperLogLog):
    """An adapter: hash, registers and estimate are another package's; what it cannot do is a `ValueError`."""

    _tells_state = False
    #: The highest precision that there is.
    most_precision: ClassVar[int]
    _sketch: Any

    def __init__(self, spec: Spec, key: Key | None = None) -> None:
        super().__init__(spec, key)
        if spec.seed:
            raise ValueError(
                f"seed must be 0 with backend {self.backend!r}, which has a hash of its own, not {spec.seed}"
            )
        if spec.precision > self.most_precision:
            raise ValueError(
                f"precision must be from {LEAST_PRECISION} to {self.most_precision} with backend "
                f"{self.backend!r}, not {spec.precision}"
            )
        self._reset(spec.precision)

    @staticmethod
    @abstractmethod
    def _make(precision: int) -> Any:
        """Make an empty sketch of the other package."""

    @abstractmethod
    def _put(self, key: Any) -> None:
        """Add a key to the sketch."""

    @abstractmethod
    def _united(self, other: Any) -> Any:
        """Return a new sketch with the keys of this one and another."""

    @abstractmethod
    def _registers(self) -> bytes:
        """Return bytes that are the same for the same registers."""

    @abstractmethod
    def __bool__(self) -> bool:
        """Tell whether any key was added."""

    def _cannot(self, what: str) -> NoReturn:
        able = [row.name for row in self._technique().table.values() if not row.peer]
        raise ValueError(f"backend {self.backend!r} cannot {what}; backends that can: {', '.join(able)}")

    def _reset(self, precision: int, /) -> None:
        self._sketch = self._make(precision)

    def add(self, key: Any, /) -> None:
        """Add a key."""
        self._put(key if self._key is None else self._key(key))

    def _update(self, keys: Iterable[Any], /) -> None:
        for key in keys.tolist() if isinstance(keys, np.ndarray) else keys:
            self._put(key)

    def _take(self, _hashes: NDArray[np.uint64], /) -> None:
        self._cannot("take keys that are hashed")

    def _absorb_registers(self, _registers: Registers, /) -> None:
        self._cannot("take registers")

    def _state(self) -> State:
        self._cannot("tell what it holds")

    @property
    def nbytes(self) -> int:
        """Bytes of the registers."""
        return len(self._registers())

    @property
    def is_exact(self) -> bool:
        """Not known."""
        self._cannot("tell whether a count is exact")

    def confidence(self, level: float = 0.95) -> tuple[float, float]:
        """Return between which bounds the true count is, with this probability, if all is as in theory.

        Parameters
        ----------
        level : float, default: 0.95
            Between 0 and 1.

        Returns
        -------
        low, high : float
            The bounds.
        """
        return _estimate.interval(self.count(), self.precision, checked_level(level))

    def copy(self) -> Self:
        """Return a sketch with the same keys that can be changed by itself."""
        made = type(self)(self._spec, self._key)
        made._sketch = made._united(self._sketch)
        return made

    def _undividable(self) -> str:
        return f"backend {self.backend!r}"

    def merge(self, other: DistinctSketch) -> None:
        """Add all keys of another sketch of the same package and precision."""
        if not isinstance(other, HyperLogLog):
            raise TypeError(f"other must be of type HyperLogLog, not {type(other).__name__}")
        if not isinstance(other, type(self)) or other._spec != self._spec:
            raise ValueError(f"other must have the same backend and precision: {other} is not {self}")
        self._sketch = self._united(other._sketch)

    def __eq__(self, other: object) -> bool:
        """Tell whether two sketches of the same package have the same precision and registers."""
        if not isinstance(other, DistinctSketch):
            return NotImplemented
        same = isinstance(other, type(self)) and other._spec == self._spec
        return same and other._registers() == self._registers()  # type: ignore[attr-defined]

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of precision {self.precision}: about {round(self.count()):,} different "
            f"keys, {self.nbytes:,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        self._cannot("save sketches")

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:  # noqa: ARG003  # of the base
        raise ValueError(f"backend {cls.backend!r} cannot read sketches that perfpy saved; use HyperLogLog")

    @classmethod
    def load(cls, path: str | PathLike[str], **_options: Any) -> Self:  # noqa: ARG003
        """Complain: files are those of perfpy."""
        return cls._restore({}, memoryview(b""))
