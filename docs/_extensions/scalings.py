"""Directives for how techniques scale, as ``docs/measure.py`` stored it.

``scaling-chart NAME ...`` draws a panel for each data set; ``scaling-table NAME`` shows the table of one, and
what its model found a call to consist of. Role ``scaling``: the prediction of a number of workers, as a
speed-up.
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

from perfpy.lab import Scaling
from perfpy.lab.scaling_text import HEADINGS, facts, rows, title


@cache
def load(name: str) -> tuple[str, Scaling]:
    """Read a command and what it measured."""
    stored = json.loads(dataset.path(name).read_text())
    return stored["command"], Scaling.from_dict(stored["scaling"])


class ScalingTable(DataDirective):
    """The table of one scaling."""

    def show(self, name: str) -> list[nodes.Node]:
        command, found = load(name)
        machine = found.machine
        note = paragraph("", "measured-note")
        where = f"{machine.cpu}, {machine.cores} cores; {machine.python}; {found.started[:10]}."
        note += [nodes.literal("", command), nodes.Text(f" · {where}")]
        model = nodes.bullet_list()
        for fact in facts(found):
            model += nodes.list_item("", paragraph(fact))
        return [table(list(HEADINGS), [list(row) for row in rows(found)]), note, model]


class ScalingChart(DataDirective):
    """Speed-up over workers of several scalings, for light and for dark pages."""

    optional_arguments = 3

    def show(self, name: str) -> list[nodes.Node]:
        folder = Path(self.env.srcdir) / "_static" / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        found = [load(each)[1] for each in self.arguments if not dataset.is_missing(each)]
        words = "; ".join(
            f"{title(each)}: {each.speedup(n):.3g} on {n} workers" for each in found for n in (2, 64)
        )
        images: list[nodes.Node] = []
        for variant, ink in (("light", "#24292f"), ("dark", "#d0d7de")):
            file = folder / f"{name}-{variant}.svg"
            charts.scalings(found, file, ink)
            uri = f"/_static/pictures/{file.name}"
            images.append(nodes.image(uri=uri, alt=f"Speed-ups: {words}", classes=[f"only-{variant}"]))
        return images


class Predicted(Figure):
    def figure(self, name: str, *arguments: str) -> str:
        return dataset.ratio(load(name)[1].speedup(int(arguments[0])))


def setup(app: Any) -> dict[str, Any]:
    """Register the directives and the role with Sphinx."""
    app.add_directive("scaling-table", ScalingTable)
    app.add_directive("scaling-chart", ScalingChart)
    app.add_role("scaling", Predicted())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
