"""The measured results in ``docs/data``: reads what ``docs/measure.py`` wrote and words it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from perfpy.lab import Comparison, Row, units

DATA = Path(__file__).resolve().parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One run of ``perfpy compare``, the command for it, and the steps that its workload asks for."""

    command: str
    steps: int
    comparison: Comparison

    @property
    def rows(self) -> list[Row]:
        """Return the backends that gave the right answer."""
        return [row for row in self.comparison.rows if row.verdict.timed]

    def seconds(self, name: str) -> float:
        """Return the warm time of a backend: the median of its rounds."""
        return _median(self.row(name))

    def row(self, name: str) -> Row:
        """Return the row of a backend; a `ValueError` lists those that were measured."""
        for row in self.rows:
            if row.name == name:
                return row
        raise ValueError(f"no backend {name!r} in this run: {', '.join(row.name for row in self.rows)}")


def path(name: str) -> Path:
    """Return the file of a data set."""
    return DATA / f"{name}.json"


def is_missing(name: str) -> bool:
    """Tell whether a data set has still to be measured; a `ValueError` if nothing would ever measure it."""
    if path(name).exists():
        return False
    if f'"{name}"' not in (DATA.parent / "measure.py").read_text():
        raise ValueError(f"docs/measure.py knows no data set {name!r}")
    return True


@cache
def load(name: str) -> Dataset:
    """Read a data set."""
    stored = json.loads(path(name).read_text())
    return Dataset(stored["command"], stored["steps"], Comparison.from_dict(stored["comparison"]))


def table(data: Dataset) -> tuple[list[str], list[list[str]]]:
    """Return the header and the cells of the table that README and the pages show."""
    header = ["backend", "warm", "speed-up", "cold", "memory", "lines"]
    cells = [
        [
            f"{row.name} ({row.isa})" if row.isa else row.name,
            units.time(_median(row)),
            units.ratio(row.speedup),
            units.time(row.cold_seconds),
            units.memory(row.memory_bytes),
            "" if row.lines is None else str(row.lines),
        ]
        for row in data.rows
    ]
    return header, cells


def provenance(data: Dataset) -> str:
    """Say in one line where the figures come from."""
    machine = data.comparison.machine
    versions = ", ".join(f"{package} {version}" for package, version in machine.versions.items())
    date = data.comparison.started[:10]
    return f"{machine.cpu}, {machine.cores} cores; {machine.python}, {versions}; {date}."


def rate(per_second: float) -> str:
    """Write a number per second in multiples of a million or a thousand million."""
    scale, prefix = (1e9, "G") if per_second >= 1e9 else (1e6, "M")
    return f"{units.three(per_second / scale)} {prefix}"


def ratio(value: float) -> str:
    """Write how many times one time goes into another: as a whole number from 10 on, near 1 more exactly."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 1.95 else f"{value:.2f}"


def _median(row: Row) -> float:
    assert row.timing is not None, "a verified row has been timed"
    return row.timing.median
