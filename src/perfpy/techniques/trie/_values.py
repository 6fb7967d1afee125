"""Values by rank: ints in as few bits as the largest needs, floats, or bytes one after the other."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Sequence
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
    def pack(cls, values: Sequence[int]) -> Self:
        """Pack ints whose differences fit in 64 bits."""
        least = min(values, default=0)
        width = (max(values, default=0) - least).bit_length()
        if width > 64:
            raise ValueError("values must differ by less than 2**64")
        packed = bytearray()
        bits = np.arange(width, dtype=np.uint64)
        for start in range(0, len(values), _CHUNK):
            chunk = np.array([value - least for value in values[start : start + _CHUNK]], np.uint64)
            packed += np.packbits(chunk[:, None] >> bits & np.uint64(1), bitorder="little").tobytes()
        return cls(len(values), memoryview(bytes(packed)), least, width)

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
    def pack(cls, values: Sequence[float]) -> Self:
        """Pack floats."""
        return cls(len(values), memoryview(np.array(values, "<f8").tobytes()))

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
    def pack(cls, values: Sequence[bytes]) -> Self:
        """Pack byte strings."""
        offsets = np.zeros(len(values) + 1, "<u8")
        np.cumsum([len(value) for value in values], out=offsets[1:])
        return cls(len(values), memoryview(b"".join([offsets.tobytes(), *values])))

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


def packed(values: Sequence[Any]) -> Values:
    """Return a column of values, which must be all ints, all numbers, or all bytes."""
    if all(isinstance(value, bytes) for value in values) and values:
        return Bytes.pack(values)
    for value in values:
        if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
            raise TypeError(
                f"values must be all numbers or all bytes, not {type(value).__name__}: {value!r:.60}"
            )
    if all(hasattr(value, "__index__") for value in values):
        return Integers.pack([operator.index(value) for value in values])
    return Floats.pack([float(value) for value in values])


def restored(meta: Any, count: int, data: memoryview) -> Values:
    """Make a column of what was saved, all of which is checked."""
    for kind in _KINDS:
        if isinstance(meta, dict) and meta.get("kind") == kind.kind:
            return kind.restore(meta, count, data)
    raise ValueError(f"this trie is damaged: it says of its values {meta}")


def _check_size(found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"this trie is damaged: it has {found} bytes of values instead of {expected}")
