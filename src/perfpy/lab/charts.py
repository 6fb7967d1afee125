"""Bar charts as inline SVG: colours come from the page's style sheet, every bar says its value in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

_NAME_WIDTH, _VALUE_WIDTH, _ROW, _BAR, _TOP, _BOTTOM = 104, 128, 30, 18, 6, 26
_LETTER = 7.5  # width at most, on average
_SMALLEST = 0.75  # scale below which a chart is scrolled rather than shrunk


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes
    ----------
    name : str
        What stands to its left.
    value : float, optional
        Its length; None draws the note alone.
    note : str
        What stands at its end.
    kind : str
        CSS class: ``"first"``, ``"reference"``, ``"wrong"`` or nothing.
    interval : tuple of two floats, optional
        Drawn as a whisker.
    mark : float, optional
        Drawn as a hollow dot.
    """

    name: str
    value: float | None
    note: str
    kind: str = ""
    interval: tuple[float, float] | None = None
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """Where values lie: between `low` and `high`, evenly or by their logarithms."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool

    def place(self, value: float) -> float:
        """Return where a value lies, 0 to 1."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low) if value > 0 else 0.0
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))


def decades(values: Sequence[float]) -> Axis:
    """Return a logarithmic axis over whole decades, beginning below the least of some positive values."""
    low = math.floor(math.log10(min(values)) - 0.1)
    high = max(low + 1, math.ceil(math.log10(max(values))))
    return Axis(10.0**low, 10.0**high, tuple(10.0**k for k in range(low, high + 1)), logarithmic=True)


def from_zero(values: Sequence[float], base: float = 10.0) -> Axis:
    """Return an even axis from 0 with three to six round ticks; `base` 2 for sizes in bytes."""
    largest = max([*values, 1e-300])
    step = base ** math.floor(math.log(largest / 3, base))
    factors = (1, 2, 5, 10, 20, 50) if base == 10.0 else (1, 2, 4, 8)
    step *= next((factor for factor in factors if largest / (step * factor) <= 5), factors[-1])
    count = math.ceil(largest / step - 1e-9)
    return Axis(0.0, step * count, tuple(step * k for k in range(count + 1)), logarithmic=False)


def bar_chart(
    title: str, description: str, bars: Sequence[Bar], axis: Axis, unit: Callable[[float], str], width: int
) -> str:
    """Return an SVG element.

    Parameters
    ----------
    title, description : str
        What a screen reader says.
    bars : sequence of Bar
        From top to bottom.
    axis : Axis
        Where values lie.
    unit : callable
        Writes the value at a tick.
    width : int
        In units of the drawing; text is 13 high.
    """
    plot = width - _NAME_WIDTH - _VALUE_WIDTH
    height = _TOP + _ROW * len(bars) + _BOTTOM

    def x(value: float) -> float:
        return round(_NAME_WIDTH + plot * axis.place(value), 2)

    parts = [
        f'<svg viewBox="0 0 {width} {height}" style="min-width:{_SMALLEST * width:.0f}px" role="img" '
        f'aria-label="{escape(title)}">',
        f"<desc>{escape(description)}</desc>",
    ]
    every = math.ceil(len(axis.ticks) * 62 / plot)  # leave out labels that would run into each other
    for number, tick in enumerate(axis.ticks):
        at = x(tick)
        parts.append(f'<line class="grid" x1="{at}" y1="{_TOP}" x2="{at}" y2="{height - _BOTTOM}"/>')
        if number % every == 0:
            parts.append(
                f'<text class="tick" x="{at}" y="{height - 8}" text-anchor="middle">{unit(tick)}</text>'
            )
    for number, bar in enumerate(bars):
        parts += _bar(bar, _TOP + _ROW * number, x)
    return "".join([*parts, "</svg>"])


def _bar(bar: Bar, top: float, x: Callable[[float], float]) -> list[str]:
    middle, base = top + _ROW / 2, top + _ROW / 2 + 4.5
    name, note = escape(bar.name), escape(bar.note)
    parts = [
        f"<g><title>{name}: {note}</title>",
        f'<text x="{_NAME_WIDTH - 10}" y="{base}" text-anchor="end">{name}</text>',
    ]
    end = float(_NAME_WIDTH)
    if bar.value is not None:
        length = max(1.5, x(bar.value) - _NAME_WIDTH)
        shape = f'x="{_NAME_WIDTH}" y="{middle - _BAR / 2}" width="{length:.2f}" height="{_BAR}" rx="2"'
        parts.append(f'<rect class="bar {bar.kind}" {shape}/>')
        end += length
    if bar.interval is not None:
        low, high = map(x, bar.interval)
        parts.append(
            f'<path class="whisker" d="M{low} {middle}H{high}M{low} {middle - 4}v8M{high} {middle - 4}v8"/>'
        )
        end = max(end, high)
    if bar.mark is not None:
        parts.append(f'<circle class="cold" cx="{x(bar.mark)}" cy="{middle}" r="4"/>')
        if x(bar.mark) < end + 16 + _LETTER * len(bar.note):  # else the note stands between bar and dot
            end = max(end, x(bar.mark) + 4)
    kind = "wrong" if bar.kind == "wrong" else "note"
    parts.append(f'<text class="{kind}" x="{end + 8:.2f}" y="{base}">{note}</text></g>')
    return parts
