"""Charts of measured results, in one colour of ink on a transparent ground."""

from __future__ import annotations

from pathlib import Path

import dataset
import matplotlib as mpl
from matplotlib.figure import Figure
from pictures import style

from perfpy.lab import units

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
