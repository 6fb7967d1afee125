r"""Lines of files as keys, a block of some of them at a time.

Lines end as in a file that is open for text: at ``\n``, ``\r`` or ``\r\n``, which are no part of them.
"""

from __future__ import annotations

import codecs
import importlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

from .hashing import lines

if TYPE_CHECKING:
    from typing_extensions import TypeIs

AnyPath: TypeAlias = str | os.PathLike[str]
#: A file, or several.
Source: TypeAlias = AnyPath | BinaryIO | Iterable[AnyPath]

_BLOCK = 1 << 20  # bytes
_PART = 1 << 26  # of a file that is cut
_LINES = 1 << 14  # of text that is not UTF-8
_COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}


class Part(NamedTuple):
    """Some whole lines of a file, or all of them where there is no stop."""

    path: AnyPath
    start: int
    stop: int | None


def batches(source: Source, encoding: str | None) -> Iterator[Any]:
    """Yield the lines of all files in batches: as str in an encoding, or as bytes where that is None."""
    _check(encoding)
    if _is_file(source):
        yield from _batches_of(_binary(source), encoding)
        return
    for path in _paths(source):
        yield from batches_of_part(Part(path, 0, None), encoding)


def parts(source: Source, encoding: str | None) -> Iterator[Part]:
    """Yield files in parts that other processes can read."""
    _check(encoding)
    if _is_file(source):
        raise ValueError(
            "executor must be None or threads for a file that is open; other processes need its path"
        )
    for path in _paths(source):
        if Path(path).suffix in _COMPRESSED or not _is_utf8(encoding) or not Path(path).is_file():
            yield Part(path, 0, None)
        else:
            yield from _cut(path)


def batches_of_part(part: Part, encoding: str | None) -> Iterator[Any]:
    """Yield the lines of a part in batches."""
    path, start, stop = part
    with _opened(path) as file:
        if stop is not None:
            file.seek(start)
        try:
            yield from _batches_of(file, encoding, None if stop is None else stop - start)
        except UnicodeDecodeError as error:
            error.add_note(f"in {os.fspath(path)!r}")
            raise


def blocks(source: AnyPath | BinaryIO, encoding: str | None) -> Iterator[tuple[bytes, Any]]:
    """Yield blocks of a file in UTF-8, or of bytes, and the lines of each as keys."""
    with nullcontext(_binary(source)) if _is_file(source) else _opened(source) as file:
        for block in _blocks(file, None):
            yield block, _keys(block, encoding)


def _is_file(source: Source) -> TypeIs[BinaryIO]:
    return not isinstance(source, (str, os.PathLike)) and hasattr(source, "read")


def _check(encoding: str | None) -> None:
    if encoding is not None and not isinstance(encoding, str):
        raise TypeError(f"encoding must be a str or None, not {type(encoding).__name__}: {encoding!r}")
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(f"encoding must be one that Python knows, not {encoding!r}") from None


def _is_utf8(encoding: str | None) -> bool:
    """Tell whether lines are bytes as they are in the file, or such as text is hashed by."""
    return encoding is None or codecs.lookup(encoding).name in ("utf-8", "ascii")


def _paths(source: Any) -> Iterable[AnyPath]:
    if isinstance(source, (str, os.PathLike)):
        return [source]
    if isinstance(source, (bytes, bytearray)) or not isinstance(source, Iterable):
        raise TypeError(f"source must be a path, paths or a binary file, not {type(source).__name__}")
    return source


def _binary(file: Any) -> BinaryIO:
    if isinstance(file, io.TextIOBase):
        raise TypeError("source must be a file in binary mode: open(path, 'rb'), or sys.stdin.buffer")
    binary: BinaryIO = file
    return binary


def _opened(path: AnyPath) -> AbstractContextManager[Any]:
    module = _COMPRESSED.get(Path(path).suffix)
    if module is None:
        return Path(path).open("rb")
    opened: AbstractContextManager[Any] = importlib.import_module(module).open(path, "rb")
    return opened


def _batches_of(file: BinaryIO, encoding: str | None, size: int | None = None) -> Iterator[Any]:
    if not _is_utf8(encoding):
        text = io.TextIOWrapper(file, encoding)
        try:
            while batch := [line.removesuffix("\n") for line in islice(text, _LINES)]:
                yield batch
        finally:
            text.detach()  # the file is the caller's
        return
    for block in _blocks(file, size):
        yield _keys(block, encoding)


def _keys(block: bytes, encoding: str | None) -> Any:
    if encoding is not None and not block.isascii():
        block.decode(encoding)  # to complain where it is damaged
    return lines(block, text=encoding is not None)


def _blocks(file: BinaryIO, size: int | None) -> Iterator[bytes]:
    """Yield whole lines, of about `_BLOCK` bytes where no line is longer."""
    read = getattr(file, "read1", file.read)  # what is there, without waiting for more
    begun: list[bytes] = []  # of the line under way
    left = size
    while block := read(_BLOCK if left is None else min(_BLOCK, left)):
        left = None if left is None else left - len(block)
        end = block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, -1) + 1  # the last byte may be half of an end
        if end:
            yield b"".join((*begun, block[:end]))
            begun = [block[end:]]
        else:
            begun.append(block)
    if any(begun):
        yield b"".join(begun)


def _cut(path: AnyPath) -> Iterator[Part]:
    """Yield parts of a file that end behind a newline."""
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = 0
        while start < size:
            stop = min(start + _PART, size)
            file.seek(stop - 1)
            while (block := file.read(_BLOCK)) and b"\n" not in block:
                pass
            stop = file.tell() - len(block) + block.find(b"\n") + 1 if block else size
            yield Part(path, start, stop)
            start = stop
