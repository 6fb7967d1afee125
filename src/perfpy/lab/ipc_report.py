"""What `perfpy.lab.ipc` measured: a row for each means of sharing and each thing to do with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from . import units
from .machine import Machine
from .text import aligned, spread
from .timing import Timing

SCHEMA = 1
#: What is done, and what it is in words.
OPERATIONS = {
    "read": "look at a flag",
    "add": "add one to a counter, one process alone",
    "contend": "add one to a counter, two processes at once; time per addition of either",
    "send": "send a number to another process, one after the other",
    "ask": "send a number, and wait for the answer",
    "array": "hand an array to another process, which reads a word of each page of it",
}


@dataclass(frozen=True, slots=True)
class IpcRow:
    """One means of sharing or sending, and what one thing done with it takes.

    Attributes
    ----------
    operation : str
        What is done: ``"read"``, ``"add"``, ``"contend"``, ``"send"``, ``"ask"`` or ``"array"``.
    means : str
        What it is done with, as ``"RawValue"`` or ``"Pipe"``.
    timing : Timing, optional
        Seconds per operation over the rounds; None if it could not be measured.
    count : int
        Operations of a round, those of all processes.
    payload : int
        Bytes that an operation hands over, 0 where they are a few.
    made, counted : int
        Additions of all rounds, and how many of them the counter knows of; 0 if nothing was counted.
    detail : str
        Why it could not be measured.
    """

    operation: str
    means: str
    timing: Timing | None = None
    count: int = 0
    payload: int = 0
    made: int = 0
    counted: int = 0
    detail: str = ""

    @property
    def nanoseconds(self) -> float | None:
        """Median time of an operation."""
        return None if self.timing is None else 1e9 * self.timing.median

    @property
    def bandwidth(self) -> float | None:
        """Bytes per second, where the payload is large."""
        return None if self.timing is None or not self.payload else self.payload / self.timing.median

    @property
    def lost(self) -> float | None:
        """Part of the additions that the counter does not know of, from 0 to 1."""
        return 1 - self.counted / self.made if self.made else None


@dataclass(frozen=True, slots=True)
class IpcReport:
    """What sharing and sending cost on this machine; what `perfpy.lab.ipc` returns.

    Attributes
    ----------
    rows : tuple of IpcRow
        Those of one operation together.
    machine : Machine
        What the figures were measured on.
    started : str
        Date and time, ISO 8601.
    seconds : float
        How long it took.
    """

    rows: tuple[IpcRow, ...]
    machine: Machine
    started: str
    seconds: float
    schema: int = field(default=SCHEMA)

    def __iter__(self) -> Iterator[IpcRow]:
        return iter(self.rows)

    def __getitem__(self, key: tuple[str, str]) -> IpcRow:
        """Return the row of an operation and a means: ``report["read", "RawValue"]``."""
        for row in self.rows:
            if (row.operation, row.means) == key:
                return row
        raise KeyError(key)

    def of(self, operation: str) -> list[IpcRow]:
        """Return the rows of an operation."""
        return [row for row in self.rows if row.operation == operation]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, strings and numbers."""
        content = asdict(self)
        content["rows"] = list(content["rows"])
        content["machine"]["isas"] = list(content["machine"]["isas"])
        return content

    def to_json(self) -> str:
        """Return everything as JSON; `from_json` reads it back."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> IpcReport:
        """Rebuild a report from what `to_dict` gave."""
        if content.get("schema") != SCHEMA:
            raise ValueError(f"expected a report of schema {SCHEMA}, not {content.get('schema')!r}")
        return cls(
            rows=tuple(_row(row) for row in content["rows"]),
            machine=Machine(**{**content["machine"], "isas": tuple(content["machine"]["isas"])}),
            started=content["started"],
            seconds=content["seconds"],
        )

    @classmethod
    def from_json(cls, text: str) -> IpcReport:
        """Rebuild a report from what `to_json` gave."""
        return cls.from_dict(json.loads(text))

    def __str__(self) -> str:
        """Show a table for each operation."""
        parts = []
        for operation in dict.fromkeys(row.operation for row in self.rows):
            header, cells = table(self.of(operation))
            lines = aligned([header, *cells], [False, *[True] * (len(header) - 1)])
            why = [f"{row.means}: {row.detail}" for row in self.of(operation) if row.detail]
            parts.append("\n".join([f"{operation}: {OPERATIONS[operation]}", "", *lines, *why]))
        machine = self.machine
        busy = "; busy: trust ratios, not times" if machine.busy else ""
        parts.append(f"{machine.cpu}, {machine.cores} cores; {machine.python}; load {machine.load:g}{busy}")
        return "\n\n".join(parts)


def table(rows: list[IpcRow]) -> tuple[list[str], list[list[str]]]:
    """Return the header and the cells of a table of one operation, with the columns that say something."""
    columns = {
        "means": [row.means for row in rows],
        "time": [units.time(row.timing.median) if row.timing else "" for row in rows],
        "±": [spread(row.timing) for row in rows],
        "minimum": [units.time(row.timing.minimum) if row.timing else "" for row in rows],
        "per second": [f"{units.memory(row.bandwidth)}/s" if row.bandwidth else "" for row in rows],
        "lost": ["" if row.lost is None else f"{100 * row.lost:.3g} %" for row in rows],
    }
    used = {heading: texts for heading, texts in columns.items() if any(texts)}
    return list(used), [list(cells) for cells in zip(*used.values(), strict=True)]


def _row(content: Mapping[str, Any]) -> IpcRow:
    timing = content["timing"]
    return IpcRow(**{**content, "timing": Timing(**timing) if timing else None})
