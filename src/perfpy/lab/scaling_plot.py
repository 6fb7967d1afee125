"""The speed-up of a technique over the number of workers, drawn by matplotlib."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from perfpy._files import write_atomically

from .scaling_result import Scaling
from .scaling_text import title

_MODEL, _MEASURED, _REHEARSED, _IDEAL = "#1f6fc4", "#c0262d", "#e9a23b", "0.6"


def draw(scaling: Scaling, path: Path) -> None:
    """Draw one scaling into a file."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            'drawing needs the package matplotlib; install it with: pip install "perfpy[plot]"'
        ) from None
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    kind = path.suffix.lower().lstrip(".") or "png"
    known = figure.canvas.get_supported_filetypes()
    if kind not in known:
        raise ValueError(f"cannot draw into {path.name!r}: expected one of {', '.join(sorted(known))}")
    axes = figure.subplots()
    curves(axes, scaling)
    axes.set_title(f"{title(scaling)}\n{scaling.description}", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=150))


def curves(axes: Any, scaling: Scaling) -> None:
    """Draw what was measured, what the model says, and what was rehearsed, on logarithmic axes."""
    most = max(*scaling.workers, *scaling.predict, *scaling.rehearsed, 2)
    counts = sorted({*(round(most ** (k / 40)) for k in range(41)), most})
    bounds = [scaling.interval(workers) for workers in counts]
    axes.plot([1, most], [1, most], ":", color=_IDEAL, lw=1, label="as many times as workers")
    axes.fill_between(counts, *zip(*bounds, strict=True), color=_MODEL, alpha=0.2, lw=0)
    axes.plot(counts, [scaling.speedup(n) for n in counts], color=_MODEL, label="model")
    alone = statistics.median(scaling.alone)
    rehearsed = [(n, alone / seconds) for n, seconds in sorted(scaling.rehearsed.items())]
    if rehearsed:
        axes.plot(*zip(*rehearsed, strict=True), "s", color=_REHEARSED, mfc="none", label="rehearsed")
    measured = [
        (sample.workers, alone / sample.seconds)
        for sample in scaling.samples
        if sample.asked == scaling.longest
    ]
    axes.plot(*zip(*measured, strict=True), ".", color=_MEASURED, label="measured")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("workers")
    axes.set_ylabel("speed-up over one thread without an executor")
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
