"""Directives and roles that put measured figures on a page, so that no figure is typed by hand.

Directives take a data set's name: ``measured-table``, ``measured-chart``, ``rate-table``, ``limit-table``
and ``stored-table``.
Roles stand in a sentence: ``measured`` (time of a backend), ``cold``, ``rate`` (steps per second), ``ratio``
(how many times as fast the second backend is as the first), ``measured-steps`` and ``limit-cycles``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import charts
import dataset
from docutils import nodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

from perfpy.lab import units


def paragraph(text: str, *classes: str) -> nodes.paragraph:
    return nodes.paragraph("", text, classes=list(classes))


def table(header: list[str], cells: list[list[str]]) -> nodes.table:
    """Build a table of plain text."""
    table = nodes.table(classes=["measured"])
    group = nodes.tgroup(cols=len(header))
    table += group
    group += [nodes.colspec(colwidth=1) for _ in header]
    head, body = nodes.thead(), nodes.tbody()
    group += [head, body]
    for parent, texts in [(head, header), *((body, row) for row in cells)]:
        row = nodes.row()
        row += [nodes.entry("", paragraph(text)) for text in texts]
        parent += row
    return table


class DataDirective(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        file = dataset.path(self.arguments[0])
        self.env.note_dependency(str(file))
        try:
            if not dataset.is_missing(file.stem):
                return self.show(file.stem)
        except ValueError as error:
            raise self.error(str(error)) from None
        note = paragraph("Not measured yet: ", "measured-note")
        note += nodes.literal("", f"python docs/measure.py {file.stem}")
        return [note]

    def show(self, name: str) -> list[nodes.Node]:
        raise NotImplementedError


class MeasuredTable(DataDirective):
    """The table of a comparison with the command that made it."""

    def show(self, name: str) -> list[nodes.Node]:
        data = dataset.load(name)
        note = paragraph("", "measured-note")
        note += [nodes.literal("", data.command), nodes.Text(f" · {dataset.provenance(data)}")]
        return [table(*dataset.table(data)), note]


class RateTable(DataDirective):
    """Steps per second of each backend."""

    def show(self, name: str) -> list[nodes.Node]:
        data = dataset.load(name)
        cells = [[row.name, f"{dataset.rate(data.steps / data.seconds(row.name))}/s"] for row in data.rows]
        return [table(["backend", "steps per second"], cells)]


class MeasuredChart(DataDirective):
    """A bar chart of the warm times, for light and for dark pages."""

    def show(self, name: str) -> list[nodes.Node]:
        folder = Path(self.env.srcdir) / "_static" / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        data = dataset.load(name)
        images: list[nodes.Node] = []
        for variant, ink in (("light", "#24292f"), ("dark", "#d0d7de")):
            file = folder / f"{name}-{variant}.svg"
            charts.times(data, file, ink)
            words = ", ".join(f"{row.name} {units.time(data.seconds(row.name))}" for row in data.rows)
            image = nodes.image(
                uri=f"/_static/pictures/{file.name}",
                alt=f"Time of each backend: {words}",
                classes=[f"only-{variant}"],
            )
            images.append(image)
        return images


class LimitTable(DataDirective):
    """Steps per second of bare arithmetic by vector width (columns) and chains in flight (rows)."""

    def show(self, name: str) -> list[nodes.Node]:
        stored = json.loads(dataset.path(name).read_text())
        rates = {(run["chains"], run["lanes"]): run["steps_per_second"] for run in stored["runs"]}
        lanes = sorted({lane for _, lane in rates})
        header = ["chains", *(f"{lane} double{'s' * (lane > 1)}" for lane in lanes)]
        cells = [
            [str(chains), *(f"{dataset.rate(rates[chains, lane])}/s" for lane in lanes)]
            for chains in sorted({chain for chain, _ in rates})
        ]
        clock = max(run["clock"] for run in stored["runs"])
        note = (
            f"Steps per second of one core at {clock / 1e9:.2f} GHz; {stored['machine']}; {stored['date']}."
        )
        return [table(header, cells), paragraph(note, "measured-note")]


class StoredTable(DataDirective):
    """A table that was stored as it came out of its command."""

    def show(self, name: str) -> list[nodes.Node]:
        stored = json.loads(dataset.path(name).read_text())
        note = paragraph("", "measured-note")
        note += [
            nodes.literal("", stored["command"]),
            nodes.Text(f" · {stored['machine']}; {stored['date']}."),
        ]
        return [table(stored["header"], stored["cells"]), note]


class Figure(SphinxRole):
    """Role ``name: data set, then arguments``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        name, *arguments = self.text.split()
        self.env.note_dependency(str(dataset.path(name)))
        try:
            figure = "(not measured yet)" if dataset.is_missing(name) else self.figure(name, *arguments)
            return [nodes.inline(self.text, figure, classes=["measured-figure"])], []
        except (ValueError, TypeError, FileNotFoundError) as error:
            message = self.inliner.reporter.error(f"{self.name} {self.text!r}: {error}")
            return [nodes.problematic(self.text, self.text)], [message]

    def figure(self, name: str, *arguments: str) -> str:
        raise NotImplementedError


class Measured(Figure):
    def figure(self, name: str, *arguments: str) -> str:
        return units.time(dataset.load(name).seconds(*arguments))


class Cold(Figure):
    def figure(self, name: str, *arguments: str) -> str:
        return units.time(dataset.load(name).row(*arguments).cold_seconds)


class Rate(Figure):
    def figure(self, name: str, *arguments: str) -> str:
        data = dataset.load(name)
        return dataset.rate(data.steps / data.seconds(*arguments))


class Ratio(Figure):
    def figure(self, name: str, *arguments: str) -> str:
        slower, faster = map(dataset.load(name).seconds, arguments)
        return dataset.ratio(slower / faster)


class Steps(Figure):
    def figure(self, name: str, *_arguments: str) -> str:
        return f"{dataset.load(name).steps:,}"


class LimitCycles(Figure):
    """Clock cycles that a step of a chain takes, given chains and lanes."""

    def figure(self, name: str, *arguments: str) -> str:
        chains, lanes = map(int, arguments)
        runs = json.loads(dataset.path(name).read_text())["runs"]
        run = next(run for run in runs if (run["chains"], run["lanes"]) == (chains, lanes))
        return f"{run['clock'] * chains * lanes / run['steps_per_second']:.1f}"


def setup(app: Any) -> dict[str, Any]:
    """Register the directives and roles with Sphinx."""
    app.add_directive("measured-table", MeasuredTable)
    app.add_directive("measured-chart", MeasuredChart)
    app.add_directive("rate-table", RateTable)
    app.add_directive("limit-table", LimitTable)
    app.add_directive("stored-table", StoredTable)
    roles = {"measured": Measured, "cold": Cold, "rate": Rate, "ratio": Ratio, "measured-steps": Steps}
    for name, role in (roles | {"limit-cycles": LimitCycles}).items():
        app.add_role(name, role())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
