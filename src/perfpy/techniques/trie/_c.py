"""The C extension: layouts of a few bytes per key, searched and enumerated without objects of Python."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from perfpy._ext.trie import _c
from perfpy._ext.trie._c import ISA as ISA

from ._ranges import KeyRange
from ._saving import checked_meta
from ._trie import Trie

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: Sorted keys in files: where they begin, and their bytes.
_Run: TypeAlias = "tuple[Buffer, Buffer]"

_MOST_RUNS = 64  # merged at a time
_LEAST_LIMIT = 1 << 16  # bytes; a run of fewer keys costs more than it saves


class CKeyRange(_c.Range, KeyRange):
    """Keys of consecutive ranks, counted and enumerated without Python."""

    __slots__ = ()


_c.use_ranges(CKeyRange)


class CTrie(_c.Trie, Trie):
    """Keys in one of the layouts of the C extension."""

    backend = "c"
    spills = True

    def __new__(cls, keys: Iterable[Any], layout: str, memory_limit: int | None = None) -> CTrie:
        """Build the layout; the keys need not fit in memory."""
        collector = _c.Collector()
        made = super().__new__(cls, _built(collector, keys, layout, memory_limit), layout, collector.text)
        assert isinstance(made, CTrie)
        return made

    def __init__(self, keys: Iterable[Any], layout: str, memory_limit: int | None = None) -> None:
        pass  # all is done

    def _content(self) -> tuple[dict[str, Any], Buffer]:
        keys = self.key_type.__name__
        return {"layout": self.layout, "keys": keys, "count": len(self)}, self._memory

    @classmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        layout, text, count = checked_meta(meta, ("compact", "fast"))
        made = _c.Trie.__new__(cls, data, layout, text)
        if len(made) != count:
            raise ValueError(f"this trie is damaged: it has {len(made)} keys, and says that it has {count}")
        return made


def _built(collector: _c.Collector, keys: Iterable[Any], layout: str, limit: int | None) -> _c.Payload:
    """Collect keys, in files where they take more bytes than the limit, and build the layout."""
    runs = _runs(collector, keys, limit)
    if not runs:
        return collector.build(layout)
    return _c.build(*_joined(collector, runs), layout)


def sorted_run(keys: Iterable[Any], limit: int | None) -> _Run:
    """Sort keys into a file, each once; in memory, only as many as the limit allows."""
    collector = _c.Collector()
    return _joined(collector, _runs(collector, keys, limit))


def _runs(collector: _c.Collector, keys: Iterable[Any], limit: int | None) -> tuple[_Run, ...]:
    """Collect and sort keys; whenever they take more bytes than the limit, in a file."""
    most = 2**63 if limit is None else max(limit, _LEAST_LIMIT)
    source: Any = keys if type(keys) in (list, tuple) else iter(keys)
    runs: tuple[_Run, ...] = ()
    place = 0
    while (place := collector.extend(source, most, place)) >= 0:
        collector.sort()
        runs = (*runs, _spilled(collector))
        if len(runs) == _MOST_RUNS:
            runs = (_merged(runs),)
    collector.sort()
    return runs


def _joined(collector: _c.Collector, runs: tuple[_Run, ...]) -> _Run:
    """Merge files and what is left in the collector."""
    if collector.count:
        runs = (*runs, _spilled(collector))
    return runs[0] if len(runs) == 1 else _merged(runs)


def _spilled(collector: _c.Collector) -> _Run:
    with ExitStack() as stack:
        offsets, content = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        collector.spill(offsets.fileno(), content.fileno())
        return _mapped(offsets), _mapped(content)


def _merged(runs: tuple[_Run, ...]) -> _Run:
    with ExitStack() as stack:
        offsets, content = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        _c.merge(runs, offsets.fileno(), content.fileno())
        return _mapped(offsets), _mapped(content)


def _mapped(file: Any) -> Buffer:
    """Map a file into memory, which is there until nobody uses it."""
    if file.seek(0, 2) == 0:
        return b""
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
