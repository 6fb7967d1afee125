"""Values by rank: ints in as few bits as the largest needs, floats, or bytes one after the other."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 14  # ints packed at a time
_WINDOW = 9  # bytes in which 64 bits are, wherever they begin


class Values(ABC):
    """A column of values of one type that cannot be changed."""

    kind: ClassVar[str]

    def __init__(self, count: int, data: memoryview) -> None:
        self.count = count
        self.data = data

    @abstractmethod
    def __getitem__(self, rank: int) -> Any: ...

    def meta(self) -> dict[str, Any]:
        """Describe the column."""
        return {"kind": self.kind}

    @classmethod
    @abstractmethod
    def restore(cls, meta: dict[str, Any], count: int, data: memoryview) -> Self:
        """Make a column of what was saved, all of which is checked."""


class Integers(Values):
    """Ints, as the difference from the smallest, in bits."""

    kind = "int"

    def __init__(self, count: int, data: memoryview, least: int, width: int) -> None:
        super().__init__(count, data)
        self._least = least
        self._width = width

    @classmethod
    def pack(cls, values: Iterable[Any], count: int, least: int, greatest: int) -> Self:
        """Pack ints whose differences fit in 64 bits."""
        width = (greatest - least).bit_length()
        if width > 64:
            raise ValueError("values must differ by less than 2**64")
        packed = bytearray()
        bits = np.arange(width, dtype=np.uint64)
        source = iter(values)
        while chunk := [operator.index(value) - least for value in islice(source, _CHUNK)]:
            numbers = np.array(chunk, np.uint64)
            packed += np.packbits(numbers[:, None] >> bits & np.uint64(1), bitorder="little").tobytes()
        return cls(count, memoryview(packed).toreadonly(), least, width)

    def __getitem__(self, rank: int) -> int:
        place, shift = divmod(rank * self._width, 8)
        window = int.from_bytes(self.data[place : place + _WINDOW], "little")
        return (window >> shift & ((1 << self._width) - 1)) + self._least

    def meta(self) -> dict[str, Any]:
        """Describe the column."""
        return {"kind": self.kind, "least": self._least, "width": self._width}

    @classmethod
    def restore(cls, meta: dict[str, Any], count: int, data: memoryview) -> Self:
        """Make a column of what was saved, all of which is checked."""
        least, width = meta.get("least"), meta.get("width")
        if type(least) is not int or type(width) is not int or not 0 <= width <= 64:
            raise ValueError(f"this trie is damaged: it says of its values {meta}")
        _check_size(len(data), (count * width + 7) // 8)
        return cls(count, data, least, width)


class Floats(Values):
    """Floats of 64 bits."""

    kind = "float"

    def __init__(self, count: int, data: memoryview) -> None:
        super().__init__(count, data)
        self._array: NDArray[np.float64] = np.frombuffer(data, "<f8")

    @classmethod
    def pack(cls, values: Iterable[Any], count: int) -> Self:
        """Pack numbers."""
        return cls(count, memoryview(np.fromiter(map(float, values), "<f8", count).tobytes()))

    def __getitem__(self, rank: int) -> float:
        return float(self._array[rank])

    @classmethod
    def restore(cls, meta: dict[str, Any], count: int, data: memoryview) -> Self:  # noqa: ARG003
        """Make a column of what was saved, all of which is checked."""
        _check_size(len(data), count * 8)
        return cls(count, data)


class Bytes(Values):
    """Byte strings: where each ends, then all of them."""

    kind = "bytes"

    def __init__(self, count: int, data: memoryview) -> None:
        super().__init__(count, data)
        self._offsets: NDArray[np.uint64] = np.frombuffer(data[: (count + 1) * 8], "<u8")
        self._content = data[(count + 1) * 8 :]

    @classmethod
    def pack(cls, values: Iterable[bytes]) -> Self:
        """Pack byte strings."""
        ends = array("Q", (0,))
        content = bytearray()
        for value in values:
            content += value
            ends.append(len(content))
        offsets = np.frombuffer(ends, np.uint64).astype("<u8").tobytes()
        return cls(len(ends) - 1, memoryview(b"".join([offsets, content])))

    def __getitem__(self, rank: int) -> bytes:
        return bytes(self._content[int(self._offsets[rank]) : int(self._offsets[rank + 1])])

    @classmethod
    def restore(cls, meta: dict[str, Any], count: int, data: memoryview) -> Self:  # noqa: ARG003
        """Make a column of what was saved, all of which is checked."""
        size = (count + 1) * 8
        if len(data) < size:
            _check_size(len(data), size)
        offsets = np.frombuffer(data[:size], "<u8")
        if offsets[0] != 0 or (offsets[1:] < offsets[:-1]).any():
            raise ValueError("this trie is damaged: its values are not one after the other")
        _check_size(len(data), size + int(offsets[-1]))
        return cls(count, data)


_KINDS: tuple[type[Values], ...] = (Integers, Floats, Bytes)


def plain_value(value: Any) -> Any:
    """Return a value as an int, a float or bytes, of Python; complain of others."""
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise TypeError(f"values must be all numbers or all bytes, not {type(value).__name__}: {value!r:.60}")
    return operator.index(value) if hasattr(value, "__index__") else float(value)


def packed(values: Callable[[], Iterable[Any]]) -> Values:
    """Return a column of what a function returns, twice: values, all ints, all numbers, or all bytes."""
    kinds: set[type[Any]] = set()
    count, least, greatest = 0, None, None
    for value in map(plain_value, values()):
        count += 1
        kinds.add(type(value))
        if type(value) is int:
            least = value if least is None or value < least else least
            greatest = value if greatest is None or value > greatest else greatest
    if bytes not in kinds:
        if float in kinds:
            return Floats.pack(values(), count)
        return Integers.pack(values(), count, least or 0, greatest or 0)
    if len(kinds) > 1:
        raise TypeError("values must be all numbers or all bytes, not some of these and some of those")
    return Bytes.pack(values())


def restored(meta: Any, count: int, data: memoryview) -> Values:
    """Make a column of what was saved, all of which is checked."""
    for kind in _KINDS:
        if isinstance(meta, dict) and meta.get("kind") == kind.kind:
            return kind.restore(meta, count, data)
    raise ValueError(f"this trie is damaged: it says of its values {meta}")


def _check_size(found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"this trie is damaged: it has {found} bytes of values instead of {expected}")
