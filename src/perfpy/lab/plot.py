"""The charts of a report drawn by matplotlib: PNG, SVG or PDF for a slide or a paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perfpy._files import write_atomically

from . import units
from .charts import decades
from .comparison import Comparison, Row, Verdict
from .text import subtitle, title

_BAR, _BEST, _REFERENCE, _WRONG = "#8fb0d6", "#1f6fc4", "#a9b2bd", "#c0262d"
_LABEL = 0.2  # share of the width of a chart that a label takes


def draw(comparisons: Sequence[Comparison], path: Path) -> None:
    """Draw times and memory of each comparison, a row of two charts each, into one file."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            'drawing needs the package matplotlib; install it with: pip install "perfpy[plot]"'
        ) from None
    heights = [1.6 + 0.34 * len(comparison.rows) for comparison in comparisons]
    figure = Figure(figsize=(11, sum(heights)), layout="constrained")
    kind = path.suffix.lower().lstrip(".") or "png"
    known = figure.canvas.get_supported_filetypes()
    if kind not in known:
        raise ValueError(f"cannot draw into {path.name!r}: expected one of {', '.join(sorted(known))}")
    axes = figure.subplots(
        len(comparisons), 2, squeeze=False, gridspec_kw={"height_ratios": heights, "width_ratios": [3, 2]}
    )
    for comparison, (left, right) in zip(comparisons, axes, strict=True):
        _times(left, comparison)
        _memory(right, comparison)
    write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=150))


def _times(axes: Any, comparison: Comparison) -> None:
    timings = [row.timing for row in comparison.rows if row.timing]
    colds = [row.cold_seconds for row in comparison.rows if row.cold_seconds]
    scale = decades([*(timing.median for timing in timings), *colds] or [1.0])
    longest = max([*(timing.high for timing in timings), *colds, 10 * scale.low])
    span = (longest / scale.low) ** (1 / (1 - _LABEL))  # with room for a label at the end
    for place, row in enumerate(comparison.rows):
        if row.timing is None:
            color = _WRONG if row.verdict.failed else "0.4"
            position = {"xy": (0, place), "xycoords": ("axes fraction", "data")}
            axes.annotate(f" {row.verdict}", **position, va="center", fontsize=8, color=color)
            continue
        median = row.timing.median
        reach = [[median - row.timing.low], [row.timing.high - median]]
        axes.barh(place, median, 0.6, color=_color(row), xerr=reach, error_kw={"lw": 1, "capsize": 2})
        if row.cold_seconds:
            axes.plot(row.cold_seconds, place, "o", mfc="white", mec="0.4", ms=5)
        label = f" {units.time(median)}, {units.ratio(row.speedup)}"
        cold = row.cold_seconds or 0.0
        between = cold > row.timing.high * span**_LABEL  # there is room between bar and dot
        end = row.timing.high if between else max(row.timing.high, cold)
        axes.annotate(label, (end, place), (5, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(scale.low, scale.low * span)
    axes.xaxis.set_major_formatter(lambda value, _: units.time_tick(value))
    _finish(axes, comparison, f"{title(comparison)}: time per call\n{subtitle(comparison)}")
    axes.set_xlabel("median of warm rounds; dot: cold, import and first call", fontsize=8)


def _memory(axes: Any, comparison: Comparison) -> None:
    for place, row in enumerate(comparison.rows):
        if row.memory_bytes is not None:
            size = row.memory_bytes / 2**20
            axes.barh(place, size, 0.6, color=_color(row))
            axes.annotate(
                f" {units.memory(row.memory_bytes)}",
                (size, place),
                va="center",
                fontsize=8,
                annotation_clip=False,
            )
    axes.margins(x=0.25)
    axes.set_xlim(left=0)
    _finish(axes, comparison, "peak memory of a call")
    axes.set_xlabel("MiB over what the process held before", fontsize=8)


def _finish(axes: Any, comparison: Comparison, heading: str) -> None:
    axes.set_title(heading, loc="left", fontsize=10)
    axes.set_yticks(range(len(comparison.rows)), [row.name for row in comparison.rows])
    axes.set_ylim(len(comparison.rows) - 0.5, -0.5)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _color(row: Row) -> str:
    if row.verdict is Verdict.REFERENCE:
        return _REFERENCE
    return _BEST if row.rank == 1 else _BAR
