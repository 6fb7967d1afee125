"""Tries as bytes and files: what is saved comes back, mapped into memory if that is wanted."""

from __future__ import annotations

import inspect
import mmap as _mmap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from perfpy._container import pack, unpack
from perfpy._dispatch import BackendUnavailable, Technique
from perfpy._files import write_atomically

from ._order import decoded, encoded

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: Backends that read what a layout has for data, the first of them where none is named.
_READERS = {"compact": ("c",), "fast": ("c",), "sorted": ("numpy", "python")}


class Saved(ABC):
    """Can be saved, by `_content`, and comes back by `_restore`."""

    kind: ClassVar[str] = "trie"
    backend: ClassVar[str]

    @classmethod
    def _technique(cls) -> Technique:
        from . import TRIE

        return TRIE

    @abstractmethod
    def _content(self) -> tuple[dict[str, Any], Buffer]:
        """Return what describes the data, and the data, little-endian."""

    @classmethod
    @abstractmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        """Make one of what a container has, all of which is to be checked; of a class that is a backend's."""

    @classmethod
    def _class_for(cls, meta: dict[str, Any]) -> type[Saved]:
        """Return this class, or of the family the class of the backend that reads the data."""
        if not inspect.isabstract(cls):
            return cls
        if "values" in meta:
            from ._map import TrieMap

            return TrieMap
        readers = _READERS.get(str(meta.get("layout")))
        if readers is None:
            raise ValueError(f"this {cls.kind} is damaged: it says of itself {meta}")
        found: type[Saved] = cls._technique()[readers[0]]  # type: ignore[assignment]  # a kernel that is a class
        return found

    def _container(self) -> list[Buffer]:
        return pack(self.kind, *self._content())

    def to_bytes(self) -> bytes:
        """Return it as bytes, with a checksum; `from_bytes` makes the same of them again."""
        return b"".join(self._container())

    @classmethod
    def from_bytes(cls, data: Any, *, verify: bool = True) -> Self:
        """Make one of what `to_bytes` returned, in whose memory it then is.

        Parameters
        ----------
        data : bytes or other buffer
            The bytes; a `ValueError` says what is wrong with them. They must not be changed afterwards.
        verify : bool, default: True
            Check the checksum, which reads all of them.
        """
        content = unpack(cls.kind, data, verify=verify)
        made: Self = cls._class_for(content.meta)._restore(*content)  # type: ignore[assignment]  # of the family
        return made

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, which is there whole or not at all."""
        parts = self._container()
        write_atomically(Path(path), lambda file: file.writelines(parts))

    @classmethod
    def load(cls, path: str | PathLike[str], *, mmap: bool = True, verify: bool | None = None) -> Self:
        """Read one from a file that `save` wrote.

        Parameters
        ----------
        path : path
            The file.
        mmap : bool, default: True
            Map the file into memory instead of reading it: pages are read when they are looked at, and
            processes share them.
        verify : bool, optional
            Check the checksum, which reads the whole file; left out, it is checked where the file is not
            mapped.
        """
        with Path(path).open("rb") as file:
            if not mmap:
                return cls.from_bytes(file.read(), verify=verify is not False)
            try:
                data = _mmap.mmap(file.fileno(), 0, access=_mmap.ACCESS_READ)
            except ValueError:
                raise ValueError(f"this is no {cls.kind} that perfpy saved: {str(path)!r} is empty") from None
        return cls.from_bytes(data, verify=bool(verify))

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (self.backend, self.to_bytes())


def restored(backend: str, data: bytes) -> Saved:
    """Unpickle one, with another backend where its own is not there."""
    from ._trie import Trie

    try:
        kernel: Any = Trie._technique()[backend]
    except (BackendUnavailable, ValueError):
        kernel = Trie
    made: Saved = kernel.from_bytes(data)
    return made


def pack_sorted(keys: Sequence[Any], *, text: bool) -> tuple[dict[str, Any], Buffer]:
    """Return sorted keys as a layout: offsets of eight bytes each, one more than keys, then their bytes."""
    parts = [encoded(key) for key in keys]
    offsets = np.zeros(len(parts) + 1, "<u8")
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    return sorted_meta(len(parts), text=text), b"".join([offsets.tobytes(), *parts])


def sorted_meta(count: int, *, text: bool) -> dict[str, Any]:
    """Describe such data."""
    return {"layout": "sorted", "keys": "str" if text else "bytes", "count": count}


def checked_meta(meta: dict[str, Any], layouts: tuple[str, ...]) -> tuple[str, bool, int]:
    """Return the layout, whether keys are str, and how many there are; or complain."""
    layout, keys, count = (meta.get(name) for name in ("layout", "keys", "count"))
    known = keys in ("str", "bytes") and set(meta) == {"layout", "keys", "count"}
    if not known or not isinstance(layout, str) or type(count) is not int or not 0 <= count < 2**48:
        raise ValueError(f"this trie is damaged: it says of itself {meta}")
    if layout not in layouts:
        raise ValueError(f"this trie is {layout}, which another backend reads; use load_trie()")
    return layout, keys == "str", count


def unpack_sorted(meta: dict[str, Any], data: memoryview) -> tuple[list[Any], bool]:
    """Return the sorted keys that such data is, and whether they are str; checks all of it."""
    offsets, content, text = sorted_sections(meta, data)
    ends = offsets.tolist()
    try:
        keys = [decoded(content[a:b].tobytes(), text=text) for a, b in pairwise(ends)]
    except UnicodeDecodeError as error:
        raise ValueError(f"this trie is damaged: {error}") from None
    if any(a >= b for a, b in pairwise(keys)):
        raise ValueError("this trie is damaged: its keys are not in order")
    return keys, text


def sorted_sections(meta: dict[str, Any], data: memoryview) -> tuple[Any, memoryview, bool]:
    """Return the offsets, the bytes of the keys, and whether they are str; checks that no key is outside."""
    _, text, count = checked_meta(meta, ("sorted",))
    size = (count + 1) * 8
    if len(data) < size:
        raise ValueError(f"this trie is damaged: it has {len(data)} bytes for {count} keys")
    offsets = np.frombuffer(data[:size], "<u8")
    if offsets[0] != 0 or offsets[-1] != len(data) - size or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("this trie is damaged: its keys are not one after the other")
    return offsets, data[size:], text
