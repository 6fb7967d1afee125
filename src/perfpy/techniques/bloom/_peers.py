"""Filters of other packages, as far as they can do what those of perfpy can."""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Callable, Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from perfpy._sketch import Key

from ._filter import BloomFilter, Spec

if TYPE_CHECKING:
    from typing_extensions import Buffer


class PeerBloomFilter(BloomFilter):
    """An adapter: size, layout, hash and bits are another package's; what it cannot do is a `ValueError`."""

    _own_bits = False
    #: Whether two of them can be intersected.
    intersects: ClassVar[bool] = True
    _filter: Any

    def __init__(self, spec: Spec, _memory: NDArray[np.uint64], key: Key | None = None) -> None:
        if spec.seed:
            raise ValueError(
                f"seed must be 0 with backend {self.backend!r}, which has a hash of its own, not {spec.seed}"
            )
        self._spec = spec
        self._key = key
        self._filter = self._make(spec.capacity, spec.error_rate)

    @staticmethod
    @abstractmethod
    def _make(capacity: int, error_rate: float) -> Any:
        """Make an empty filter of the other package."""

    @abstractmethod
    def __bool__(self) -> bool:
        """Tell whether any key was added."""

    def _cannot(self, what: str) -> NoReturn:
        able = [row.name for row in self._technique().table.values() if not row.peer]
        raise ValueError(f"backend {self.backend!r} cannot {what}; backends that can: {', '.join(able)}")

    @property
    def _memory(self) -> NDArray[np.uint64]:  # type: ignore[override]  # others have it as an attribute
        self._cannot("tell which bits are set")

    def add(self, key: Any, /) -> None:
        """Add a key."""
        self._filter.add(key if self._key is None else self._key(key))

    def remove(self, _key: object, /) -> None:
        """Complain: there are no counters."""
        self._cannot("remove keys")

    def __contains__(self, key: Any, /) -> bool:
        return (key if self._key is None else self._key(key)) in self._filter

    def _update(self, keys: Iterable[Any], /) -> None:
        self._filter.update(as_objects(keys))

    def _test(self, keys: Iterable[Any], found: NDArray[np.bool_], /) -> None:
        found[:] = [key in self._filter for key in as_objects(keys)]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the bits take."""
        return -(-self.bits // 8)

    @property
    def probes(self) -> int:
        """Not known."""
        self._cannot("tell its number of probes")

    def approximate_count(self) -> float:
        """Not known."""
        self._cannot("estimate its number of keys")

    def copy(self) -> Self:
        """Return a filter with the same keys that can be changed by itself."""
        return self._with(self._filter.copy())

    def _with(self, filter_: Any) -> Self:
        other = type(self).__new__(type(self))
        other._spec, other._key, other._filter = self._spec, self._key, filter_
        return other

    def _undividable(self) -> str:
        return f"backend {self.backend!r}"

    def clear(self) -> None:
        """Take out all keys."""
        self._filter = self._make(self.capacity, self.error_rate)

    def _combined(self, other: object, operation: Callable[[Any, Any], Any]) -> Self:
        if not isinstance(other, BloomFilter):
            return NotImplemented  # type: ignore[no-any-return]
        if not isinstance(other, type(self)) or other._spec != self._spec:
            raise ValueError(
                f"filters must have the same backend, capacity and error rate: {self} is not {other}"
            )
        return self._with(operation(self._filter, other._filter))

    def __or__(self, other: object) -> Self:
        return self._combined(other, operator.or_)

    def __and__(self, other: object) -> Self:
        if not self.intersects:
            self._cannot("intersect filters")
        return self._combined(other, operator.and_)

    # New filters take their places, as not all packages change one in place.
    __ior__ = __or__
    __iand__ = __and__

    def __eq__(self, other: object) -> bool:
        """Tell whether two filters of the same package have the same size and bits."""
        if not isinstance(other, BloomFilter):
            return NotImplemented
        return type(other) is type(self) and other._spec == self._spec and self._same(other._filter)

    __hash__ = None

    def _same(self, filter_: Any) -> bool:
        return bool(self._filter == filter_)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} for {self.capacity:,} keys at error rate {self.error_rate:g}: "
            f"{self.nbytes:,} bytes, backend {self.backend}>"
        )

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        self._cannot("save filters")

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:  # noqa: ARG003  # of the base
        raise ValueError(f"backend {cls.backend!r} cannot read filters that perfpy saved; use BloomFilter")

    @classmethod
    def load(cls, path: str | PathLike[str], **_options: Any) -> Self:  # noqa: ARG003
        """Complain: files are those of perfpy."""
        return cls._restore({}, memoryview(b""))


def as_objects(keys: Iterable[Any]) -> Iterable[Any]:
    """Return keys as objects of Python, which hash quicker than scalars of numpy."""
    return keys.tolist() if isinstance(keys, np.ndarray) else keys
