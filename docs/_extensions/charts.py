"""Charts of measured results, in one colour of ink on a transparent ground."""

from __future__ import annotations

from pathlib import Path

import dataset
import matplotlib as mpl
from matplotlib.figure import Figure
from pictures import style

from perfpy.lab import IpcReport, Scaling, units
from perfpy.lab.ipc_report import OPERATIONS
from perfpy.lab.scaling_plot import curves
from perfpy.lab.scaling_text import title

BAR, FASTEST = "#219ebc", "#e76f51"


def times(data: dataset.Dataset, file: Path, ink: str) -> None:
    """Write a bar chart of the warm times on a logarithmic axis."""
    with mpl.rc_context(style(ink)):
        figure = Figure(figsize=(8.2, 0.42 * len(data.rows) + 0.7), layout="constrained")
        axes = figure.subplots()
        names = [row.name for row in reversed(data.rows)]
        seconds = [data.seconds(name) for name in names]
        fastest = min(seconds)
        colours = [FASTEST if value == fastest else BAR for value in seconds]
        bars = axes.barh(names, [value * 1e3 for value in seconds], color=colours, height=0.66)
        axes.bar_label(bars, labels=[f" {units.time(value)}" for value in seconds], color=ink)
        axes.set_xscale("log")
        axes.set_xlim(fastest * 1e3 / 3, max(seconds) * 1e3 * 2.5)
        axes.set_xlabel("milliseconds per call, logarithmic")
        axes.tick_params(left=False)
        axes.spines["left"].set_visible(False)
        figure.savefig(file, metadata={"Date": None})


def sharing(report: IpcReport, operations: list[str], file: Path, ink: str) -> None:
    """Write a bar chart of what sharing costs, a panel for each operation, on one logarithmic axis."""
    panels = {
        operation: [(row.means, row.timing.median) for row in report.of(operation) if row.timing]
        for operation in operations
    }
    heights = [len(rows) for rows in panels.values()]
    every = [seconds for rows in panels.values() for _, seconds in rows]
    with mpl.rc_context(style(ink)):
        figure = Figure(figsize=(8.2, 0.3 * sum(heights) + 0.5 * len(panels) + 0.5), layout="constrained")
        axes = figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for panel, (operation, rows) in zip(axes, panels.items(), strict=True):
            names, seconds = zip(*reversed(rows), strict=True)
            bars = panel.barh(names, seconds, color=BAR, height=0.66)
            panel.bar_label(bars, labels=[f" {units.time(value)}" for value in seconds], color=ink)
            panel.set_title(OPERATIONS[operation].partition(";")[0], loc="left", fontsize=11, color=ink)
            panel.tick_params(left=False)
            panel.tick_params(which="both", bottom=panel is axes[-1])
            panel.spines[["left", "bottom"]].set_visible(False)
        axes[-1].set_xscale("log")
        axes[-1].set_xlim(min(every) / 3, max(every) * 8)
        axes[-1].xaxis.set_major_formatter(lambda value, _: units.time_tick(value))
        figure.savefig(file, metadata={"Date": None})


def scalings(found: list[Scaling], file: Path, ink: str) -> None:
    """Write speed-up over workers, a panel for each scaling."""
    with mpl.rc_context(style(ink)):
        figure = Figure(figsize=(8.2, 3.4), layout="constrained")
        panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
        for panel, scaling in zip(panels, found, strict=True):
            curves(panel, scaling)
            panel.grid(color=ink, alpha=0.15)
            panel.set_title(title(scaling), loc="left", fontsize=10, color=ink)
            panel.label_outer()
        panels[0].legend(frameon=False, fontsize=8, labelcolor=ink)
        panels[0].set_ylabel("speed-up")
        figure.savefig(file, metadata={"Date": None})
