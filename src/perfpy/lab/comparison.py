"""The result of a comparison: a row per backend, and the forms in which it can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from .machine import Machine
from .timing import Timing

SCHEMA = 1


class Verdict(StrEnum):
    """What became of a backend."""

    REFERENCE = "reference"  #: the others are held against it
    EQUAL = "equal"  #: same result, bit for bit
    WITHIN = "within bound"  #: differs by no more than the backend declares
    DIFFERS = "differs"  #: a wrong result
    MUTATES = "mutates input"  #: changed the caller's data
    RAISED = "raised"  #: ended in an exception
    CRASHED = "crashed"  #: took its process down
    TIMEOUT = "timed out"  #: gave no answer in time
    UNVERIFIED = "unverified"  #: not run, there being no reference to hold it against
    SKIPPED = "skipped"  #: cannot do this workload, or would take minutes and is run when named
    MISSING = "missing"  #: cannot be used in this installation

    @property
    def timed(self) -> bool:
        """Whether the backend's figures count."""
        return self in (Verdict.REFERENCE, Verdict.EQUAL, Verdict.WITHIN)

    @property
    def failed(self) -> bool:
        """Whether something is wrong with the backend, rather than absent."""
        return self in (
            Verdict.DIFFERS,
            Verdict.MUTATES,
            Verdict.RAISED,
            Verdict.CRASHED,
            Verdict.TIMEOUT,
            Verdict.UNVERIFIED,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One backend in a comparison.

    Attributes
    ----------
    name : str
        The backend.
    verdict : Verdict
        Whether its result can be trusted, or what went wrong.
    detail : str
        The difference, the exception, or why it is missing and how to install it.
    version, isa : str
        Of the package it is built on; the instruction set of the kernel that was chosen.
    peer : bool
        Whether it is another package, there to be compared with.
    timing : Timing, optional
        Seconds of a warm call.
    import_seconds, first_seconds : float, optional
        Cold: to import the backend, and its first call with whatever is compiled in it.
    speedup : float, optional
        Median of the reference over median of this backend.
    rank : int, optional
        1 + how many are faster by more than the noise; backends that tie share a rank.
    ties : tuple of str
        Backends whose time differs from this one's by no more than the noise.
    memory_bytes : int, optional
        Peak of one call over what its process held before.
    largest_difference : float, optional
        From the reference.
    lines : int, optional
        Lines of code: without blank lines, comments and docstrings.
    """

    name: str
    verdict: Verdict
    detail: str = ""
    version: str = ""
    isa: str = ""
    peer: bool = False
    timing: Timing | None = None
    import_seconds: float | None = None
    first_seconds: float | None = None
    speedup: float | None = None
    rank: int | None = None
    ties: tuple[str, ...] = ()
    memory_bytes: int | None = None
    largest_difference: float | None = None
    lines: int | None = None

    @property
    def cold_seconds(self) -> float | None:
        """Import and first call together."""
        if self.import_seconds is None or self.first_seconds is None:
            return None
        return self.import_seconds + self.first_seconds


@dataclass(frozen=True, slots=True)
class Comparison:
    """The backends of one technique on one workload; what `perfpy.compare` returns.

    Attributes
    ----------
    technique, workload, description : str
        What was compared, on which input.
    executor : str, optional
        Where the calls ran; None is the calling thread.
    reference : str
        The backend that the others were held against.
    rows : tuple of Row
        A row per backend, the reference first.
    machine : Machine
        What the figures were measured on.
    started : str
        Date and time, ISO 8601.
    seconds : float
        How long the comparison took.
    """

    technique: str
    workload: str
    description: str
    executor: str | None
    reference: str
    rows: tuple[Row, ...]
    machine: Machine
    started: str
    seconds: float
    schema: int = field(default=SCHEMA)

    @property
    def ok(self) -> bool:
        """Whether no backend disagreed, mutated its input, raised, crashed or hung; missing is no fault."""
        return not any(row.verdict.failed for row in self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, backend: str) -> Row:
        """Return the row of a backend."""
        for row in self.rows:
            if row.name == backend:
                return row
        raise KeyError(backend)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as dicts, lists, strings and numbers."""
        content = asdict(self)
        content["rows"] = list(content["rows"])
        for row in content["rows"]:
            row["verdict"] = str(row["verdict"])
            row["ties"] = list(row["ties"])
        content["machine"]["isas"] = list(content["machine"]["isas"])
        return content

    def to_json(self) -> str:
        """Return everything as JSON; `from_json` reads it back."""
        return json.dumps(_finite(self.to_dict()), indent=2, allow_nan=False)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Comparison:
        """Rebuild a comparison from what `to_dict` gave."""
        if content.get("schema") != SCHEMA:
            raise ValueError(f"expected a comparison of schema {SCHEMA}, not {content.get('schema')!r}")
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in content.items() if name in known}
        values["rows"] = tuple(_row(row) for row in content["rows"])
        values["machine"] = Machine(**{**content["machine"], "isas": tuple(content["machine"]["isas"])})
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> Comparison:
        """Rebuild a comparison from what `to_json` gave."""
        return cls.from_dict(json.loads(text))

    def to_markdown(self) -> str:
        """Return the table for a README or an issue."""
        from .markdown import render

        return render(self)

    def to_html(self) -> str:
        """Return a report with charts: one page that needs nothing else."""
        from .html import page

        return page([self])

    def plot(self, path: str | Path) -> None:
        """Draw times and memory with matplotlib into a PNG, SVG or PDF file."""
        from .plot import draw

        draw([self], Path(path))

    def __str__(self) -> str:
        """Show the table as plain text."""
        from .text import render

        return render(self)

    def _repr_html_(self) -> str:
        from .html import fragment

        return fragment(self)


def _row(content: Mapping[str, Any]) -> Row:
    values = dict(content)
    values["verdict"] = Verdict(values["verdict"])
    values["ties"] = tuple(values["ties"])
    values["timing"] = Timing(**values["timing"]) if values["timing"] else None
    difference = values["largest_difference"]
    values["largest_difference"] = None if difference is None else float(difference)
    return Row(**values)


def _finite(value: Any) -> Any:
    """Replace the numbers that JSON has not by their names; `float` reads them back."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value
