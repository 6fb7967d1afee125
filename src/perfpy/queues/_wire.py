"""Values as bytes that can be read without trusting them: no pickle, nothing called that was not agreed on.

A message is a container as perfpy's files are (magic, version, sizes, checksum) with a tree of JSON in front
and sections of raw bytes behind. What JSON has no words for is an object of one member, whose name says what
it is: ``{"t": [...]}`` is a tuple, ``{"a": ["<f8", [3, 2], 64]}`` an array whose elements begin 64 bytes into
the sections. Types of other rooms and names of functions are only known to those who pass a `Vocabulary`.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from perfpy._container import pack, unpack

_KIND = "message"
_ALIGNMENT = 64
_TREE_SIZE = struct.Struct("<Q")
_DEEPEST = 50  # containers in containers
_DEEPEST_TREE = 4 * _DEEPEST  # of what they are in JSON
_LARGEST_INT = 2**63  # beyond which JSON readers differ
_MOST_BITS = 1 << 26  # of an int: 8 MiB
#: Booleans, integers, floats, complex numbers, and str and bytes of a fixed length, in any byte order.
_DTYPE = re.compile(r"\|b1|[<>|]i1|[<>|]u1|[<>][iu][248]|[<>]f[248]|[<>]c(8|16)|\|S\d{1,9}|[<>]U\d{1,9}")


class Kind(NamedTuple):
    """How values of a type travel.

    Attributes
    ----------
    pack : callable
        From a value to one that can be encoded without it.
    unpack : callable
        From what was decoded to a value; it trusts nothing, and raises ValueError or TypeError.
    """

    pack: Callable[[Any], Any]
    unpack: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a message may contain besides plain values.

    Parameters
    ----------
    kinds : mapping
        From ``"module:name"`` of a type, or of one that it inherits from, to its `Kind`.
    speaks : callable
        Tells whether a function or type may be spoken of, by its name.
    find : callable
        From ``"module:name"`` to what it names, or raises a ValueError; it imports nothing.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    speaks: Callable[[Any], bool] = lambda _: False
    find: Callable[[str], Any] = lambda name: _refuse(name)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name!r:.100} is nothing that may be spoken of")


PLAIN = Vocabulary()


def encode(value: Any, vocabulary: Vocabulary = PLAIN) -> bytes:
    """Return a value as bytes.

    None, bool, int, float, complex, str, bytes, tuple, list, dict, range, slice, and scalars and arrays of
    numpy come back as they are, but for the byte order and strides of arrays, which come back contiguous.

    Raises
    ------
    TypeError
        If there is something in it that cannot be sent.
    ValueError
        If it is nested too deeply, or a number has millions of digits.
    """
    writer = _Writer(vocabulary)
    tree = json.dumps(writer.tree(value, _DEEPEST), separators=(",", ":")).encode()
    tree += b" " * (-(_TREE_SIZE.size + len(tree)) % _ALIGNMENT)
    data = b"".join([_TREE_SIZE.pack(len(tree)), tree, *writer.sections])
    return b"".join(pack(_KIND, {}, data))


def decode(data: bytes, vocabulary: Vocabulary = PLAIN) -> Any:
    """Return the value that `encode` made bytes of; raise a `ValueError` for any others."""
    content = unpack(_KIND, data).data
    if len(content) < _TREE_SIZE.size:
        raise ValueError("this message is damaged: it is too short")
    (size,) = _TREE_SIZE.unpack_from(content)
    begin = _TREE_SIZE.size + size
    if begin > len(content):
        raise ValueError("this message is damaged: it is shorter than it says")
    try:
        tree = json.loads(bytes(content[_TREE_SIZE.size : begin]))
        return _Reader(content[begin:], vocabulary).value(tree, _DEEPEST_TREE)
    except (ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise ValueError(f"this message cannot be read: {error}") from error


def address(value: Any) -> str:
    """Return ``"module:name"`` of a function or type."""
    return f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', '')}"


class _Writer:
    """Turns values into a tree, and what is large into sections."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.sections: list[bytes] = []
        self._size = 0
        self._vocabulary = vocabulary

    def tree(self, value: Any, depth: int) -> Any:
        """Return what JSON can say of a value; what it holds may be `depth` levels deep."""
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind in _SCALARS:
            return _SCALARS[kind](value)
        if depth == 0:
            raise ValueError(f"values nested more than {_DEEPEST} deep cannot be sent")
        if kind is list:
            return self._items(value, depth)
        if kind is tuple:
            return {"t": self._items(value, depth)}
        if kind is dict:
            return {"d": [self._items(pair, depth) for pair in value.items()]}
        if kind is range or kind is slice:
            return {kind.__name__[0]: self._items((value.start, value.stop, value.step), depth)}
        if kind is bytes or kind is bytearray:
            return {"b": [self._section(bytes(value)), len(value)]}
        if kind is np.ndarray:
            dtype = _sendable(value.dtype)
            return {"a": [dtype, list(value.shape), self._section(value.tobytes())]}
        if isinstance(value, np.generic):
            return {"n": [_sendable(value.dtype), value.tobytes()[: value.dtype.itemsize].hex()]}
        return self._spoken(value, depth)

    def _items(self, items: Any, depth: int) -> list[Any]:
        kinds = set(map(type, items))
        if kinds <= {str} or (kinds == {int} and _is_small(min(items)) and _is_small(max(items))):
            return list(items)  # as JSON has them: what is large is often of one kind
        return [self.tree(item, depth - 1) for item in items]

    def _spoken(self, value: Any, depth: int) -> Any:
        """Return what the vocabulary says of a value."""
        if callable(value) and self._vocabulary.speaks(value):
            return {"name": address(value)}
        for base in type(value).__mro__:
            kind = self._vocabulary.kinds.get(address(base))
            if kind is not None:
                return {"x": [address(base), self.tree(kind.pack(value), depth - 1)]}
        what = address(value) if callable(value) else type(value).__name__
        raise TypeError(f"{what} cannot be sent: {value!r:.100}")

    def _section(self, data: bytes) -> int:
        """Add bytes to the sections; return where they begin."""
        begin = self._size
        padding = -len(data) % _ALIGNMENT
        self.sections += (data, bytes(padding))
        self._size += len(data) + padding
        return begin


def _int(value: int) -> Any:
    if value.bit_length() > _MOST_BITS:
        raise ValueError(f"an int of {value.bit_length()} bits cannot be sent")
    return value if _is_small(value) else {"i": hex(value)}


def _is_small(value: int) -> bool:
    return -_LARGEST_INT <= value < _LARGEST_INT


def _float(value: float) -> Any:
    return value if math.isfinite(value) else {"f": str(value)}


_SCALARS: dict[type, Callable[[Any], Any]] = {
    int: _int,
    float: _float,
    complex: lambda value: {"c": [_float(value.real), _float(value.imag)]},
}


def _sendable(dtype: np.dtype[Any]) -> str:
    if dtype.fields is not None or not _DTYPE.fullmatch(dtype.str):
        raise TypeError(f"numpy values of dtype {dtype} cannot be sent")
    return dtype.str


class _Reader:
    """Turns a tree into values again, and believes nothing of it."""

    def __init__(self, sections: memoryview, vocabulary: Vocabulary) -> None:
        self._sections = sections
        self._vocabulary = vocabulary

    def value(self, tree: Any, depth: int) -> Any:
        if depth < 0:
            raise ValueError("it is nested too deeply")
        if isinstance(tree, list):
            return [self.value(item, depth - 1) for item in tree] if _has_objects(tree) else tree
        if not isinstance(tree, dict):
            if isinstance(tree, float) and not math.isfinite(tree):
                raise ValueError("a number is not finite")
            return tree
        if len(tree) != 1:
            raise ValueError("an object has not one member")
        ((name, content),) = tree.items()
        read = _READ.get(name)
        if read is None:
            raise ValueError(f"there is nothing called {name!r:.20}")
        return read(self, content, depth - 1)

    def _list(self, content: Any, depth: int, length: int | None = None) -> list[Any]:
        """Return a list of decoded items, perhaps of a certain length."""
        if not isinstance(content, list) or (length is not None and len(content) != length):
            raise ValueError("a list is expected")
        found: list[Any] = self.value(content, depth)
        return found

    def _tuple(self, content: Any, depth: int) -> tuple[Any, ...]:
        return tuple(self._list(content, depth))

    def _dict(self, content: Any, depth: int) -> dict[Any, Any]:
        pairs = self._list(content, depth)
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            raise ValueError("pairs are expected")
        return dict(pairs)

    def _range(self, content: Any, depth: int) -> range:
        return range(*self._list(content, depth, 3))

    def _slice(self, content: Any, depth: int) -> slice:
        return slice(*self._list(content, depth, 3))

    def _int(self, content: Any, _: int) -> int:
        return int(_text(content), 16)

    def _float(self, content: Any, _: int) -> float:
        if _text(content) not in _NOT_FINITE:
            raise ValueError("a float is expected that JSON has no word for")
        return _NOT_FINITE[content]

    def _complex(self, content: Any, depth: int) -> complex:
        real, imaginary = self._list(content, depth, 2)
        if not (isinstance(real, float) and isinstance(imaginary, float)):
            raise ValueError("two floats are expected")
        return complex(real, imaginary)

    def _bytes(self, content: Any, depth: int) -> bytes:
        begin, size = self._list(content, depth, 2)
        return bytes(self._section(begin, size))

    def _array(self, content: Any, depth: int) -> np.ndarray:
        name, shape, begin = self._list(content, depth, 3)
        dtype = _dtype(name)
        if not isinstance(shape, list) or len(shape) > 32 or not all(map(_is_size, shape)):
            raise ValueError("an array has no such shape")
        elements = self._section(begin, dtype.itemsize * math.prod(shape))
        if dtype.itemsize == 0:
            return np.zeros(shape, dtype)
        return np.frombuffer(elements, dtype).reshape(shape).copy()

    def _scalar(self, content: Any, depth: int) -> np.generic:
        name, digits = self._list(content, depth, 2)
        dtype, data = _dtype(name), bytes.fromhex(_text(digits))
        if len(data) != dtype.itemsize:
            raise ValueError("a number has not its size")
        found: np.generic = np.frombuffer(data, dtype)[0] if data else dtype.type()
        return found

    def _name(self, content: Any, _: int) -> Any:
        return self._vocabulary.find(_text(content))

    def _other(self, content: Any, depth: int) -> Any:
        name, packed = self._list(content, depth, 2)
        kind = self._vocabulary.kinds.get(_text(name))
        if kind is None:
            raise ValueError(f"{name!r:.100} is no type that may be sent")
        try:
            return kind.unpack(packed)
        except Exception as error:  # whatever it trips over, it is the message's fault
            raise ValueError(f"this is no {name.partition(':')[2]}: {error}") from error

    def _section(self, begin: Any, size: Any) -> memoryview:
        if not (_is_size(begin) and _is_size(size) and begin + size <= len(self._sections)):
            raise ValueError("it has not as many bytes as it says")
        return self._sections[begin : begin + size]


_READ: dict[str, Callable[[_Reader, Any, int], Any]] = {
    "t": _Reader._tuple,
    "d": _Reader._dict,
    "r": _Reader._range,
    "s": _Reader._slice,
    "i": _Reader._int,
    "f": _Reader._float,
    "c": _Reader._complex,
    "b": _Reader._bytes,
    "a": _Reader._array,
    "n": _Reader._scalar,
    "name": _Reader._name,
    "x": _Reader._other,
}
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _has_objects(items: list[Any]) -> bool:
    """Tell whether a list of JSON holds more than strings, whole numbers, booleans and None."""
    return not set(map(type, items)) <= {str, int, bool, type(None)}


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise ValueError("a string is expected")
    return content


def _is_size(number: Any) -> bool:
    return type(number) is int and 0 <= number < 2**62


def _dtype(name: Any) -> np.dtype[Any]:
    if not _DTYPE.fullmatch(_text(name)):
        raise ValueError(f"numbers of dtype {name!r:.20} are none that may be sent")
    dtype: np.dtype[Any] = np.dtype(name)
    return dtype
