"""Directives and roles for what sharing between processes costs, as ``docs/measure.py ipc`` stored it.

Directives: ``sharing-table ipc OPERATION``, ``sharing-chart ipc OPERATION ...``. Roles: ``sharing`` (time of
an operation and a means), ``sharing-ratio`` (how many times as long the first takes as the second, with a
slash between) and ``sharing-lost`` (part of the updates that got lost).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import charts
import dataset
from docutils import nodes
from measured import DataDirective, Figure, paragraph, table

from perfpy.lab import IpcReport, IpcRow, units
from perfpy.lab.ipc_report import table as cells_of


@cache
def load(name: str) -> tuple[str, IpcReport]:
    """Read a command and what it measured."""
    stored = json.loads(dataset.path(name).read_text())
    return stored["command"], IpcReport.from_dict(stored["report"])


def row(name: str, *words: str) -> IpcRow:
    """Return the row of an operation and a means; a `ValueError` if it was not measured."""
    report = load(name)[1]
    try:
        found = report[words[0], " ".join(words[1:])]
    except (IndexError, KeyError):
        known = ", ".join(f"{row.operation} {row.means}" for row in report)
        raise ValueError(f"no such operation and means; there are: {known}") from None
    if found.timing is None:
        raise ValueError(f"not measured: {found.detail}")
    return found


class SharingTable(DataDirective):
    """The table of one operation."""

    required_arguments = 2

    def show(self, name: str) -> list[nodes.Node]:
        command, report = load(name)
        machine = report.machine
        note = paragraph("", "measured-note")
        where = f"{machine.cpu}, {machine.cores} cores; {machine.python}; {report.started[:10]}."
        note += [nodes.literal("", command), nodes.Text(f" · {where}")]
        return [table(*cells_of(report.of(self.arguments[1]))), note]


class SharingChart(DataDirective):
    """A bar chart of several operations, for light and for dark pages."""

    required_arguments = 2
    optional_arguments = 5

    def show(self, name: str) -> list[nodes.Node]:
        folder = Path(self.env.srcdir) / "_static" / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        report, operations = load(name)[1], self.arguments[1:]
        rows = [row for operation in operations for row in report.of(operation) if row.timing]
        words = ", ".join(f"{row.operation} {row.means} {units.time(row.timing.median)}" for row in rows)
        images: list[nodes.Node] = []
        for variant, ink in (("light", "#24292f"), ("dark", "#d0d7de")):
            file = folder / f"{name}-{variant}.svg"
            charts.sharing(report, operations, file, ink)
            uri = f"/_static/pictures/{file.name}"
            images.append(nodes.image(uri=uri, alt=f"Times: {words}", classes=[f"only-{variant}"]))
        return images


class Time(Figure):
    def figure(self, name: str, *arguments: str) -> str:
        return units.time(row(name, *arguments).timing.median)


class Ratio(Figure):
    def figure(self, name: str, *arguments: str) -> str:
        place = arguments.index("/")
        slower, faster = row(name, *arguments[:place]), row(name, *arguments[place + 1 :])
        return dataset.ratio(slower.timing.median / faster.timing.median)


class Lost(Figure):
    def figure(self, name: str, *arguments: str) -> str:
        lost = row(name, *arguments).lost
        if lost is None:
            raise ValueError("nothing was counted")
        return f"{100 * lost:.0f} %"


def setup(app: Any) -> dict[str, Any]:
    """Register the directives and roles with Sphinx."""
    app.add_directive("sharing-table", SharingTable)
    app.add_directive("sharing-chart", SharingChart)
    for name, role in {"sharing": Time, "sharing-ratio": Ratio, "sharing-lost": Lost}.items():
        app.add_role(name, role())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
