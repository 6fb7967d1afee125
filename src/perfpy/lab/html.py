"""The report as one HTML file: style and charts inside, nothing fetched, readable in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from . import units
from .charts import Bar, bar_chart, decades, from_zero
from .comparison import Comparison, Row, Verdict
from .text import COLUMNS, cells, facts, machine_facts, method, notes, outcome, subtitle, title

#: The browser itself refuses to fetch anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_WIDE, _NARROW = 980, 520


def page(comparisons: Sequence[Comparison]) -> str:
    """Return a whole page with a section for each comparison."""
    names = ", ".join(dict.fromkeys(comparison.technique for comparison in comparisons))
    header = _facts(machine_facts(comparisons)) if comparisons else ""
    sections = "".join(map(_section, comparisons))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>perfpy compare: {escape(names)}</title><style>{_style()}body{{margin:0}}</style></head>"
        f'<body class="perfpy"><main><header><h1>perfpy compare</h1>{_when(comparisons)}</header>'
        f"{header}{sections}</main><footer><p>{escape(method())}</p></footer></body></html>\n"
    )


def fragment(comparison: Comparison) -> str:
    """Return one comparison for a notebook."""
    section = _section(comparison)
    return f'<div class="perfpy"><style>{_style()}</style>{section}{_facts(facts(comparison))}</div>'


def _style() -> str:
    return files("perfpy.lab").joinpath("report.css").read_text(encoding="utf-8")


def _when(comparisons: Sequence[Comparison]) -> str:
    if not comparisons:
        return ""
    seconds = sum(comparison.seconds for comparison in comparisons)
    date, _, clock = comparisons[0].started.partition("T")
    return f'<span class="soft">{escape(date)} {escape(clock[:5])}, took {units.time(seconds)}</span>'


def _facts(pairs: list[tuple[str, str]]) -> str:
    terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f"<dl>{terms}</dl>"


def _section(comparison: Comparison) -> str:
    remarks = "".join(
        f"<li><strong>{escape(name)}</strong>: {escape(detail)}</li>" for name, detail in notes(comparison)
    )
    reference = escape(comparison.reference or "none")
    return (
        f"<section><h2>{escape(title(comparison))}</h2>"
        f'<p class="soft">{escape(subtitle(comparison))}; reference: {reference}</p>'
        f'<p class="outcome">{escape(outcome(comparison))}</p>'
        f"{_times(comparison)}"
        f'<div class="scroll">{_table(comparison)}</div>'
        f"{f'<ul>{remarks}</ul>' if remarks else ''}"
        f'<div class="pair">{_memory(comparison)}{_lines(comparison)}</div></section>'
    )


def _table(comparison: Comparison) -> str:
    heads = "".join(
        f'<th scope="col" class="{_align(i)}" title="{escape(column.meaning)}">{escape(column.heading)}</th>'
        for i, column in enumerate(COLUMNS)
    )
    return (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(map(_row, comparison.rows))}</tbody></table>"
    )


def _row(row: Row) -> str:
    name, verdict, *numbers = map(escape, cells(row))
    kind = "first" if row.rank == 1 else "" if row.verdict.timed or row.verdict.failed else "absent"
    mark, tone = _mark(row.verdict)
    tail = "".join(f'<td class="number">{number}</td>' for number in numbers)
    return f'<tr class="{kind}"><td>{name}</td><td class="verdict {tone}">{mark} {verdict}</td>{tail}</tr>'


def _align(column: int) -> str:
    return "number" if COLUMNS[column].number else ""


def _mark(verdict: Verdict) -> tuple[str, str]:
    """Return a sign and a CSS class: the colour is never all there is."""
    if verdict.failed:
        return "\N{BALLOT X}", "bad"
    return ("\N{CHECK MARK}", "good") if verdict.timed else ("\N{EN DASH}", "missing")


def _figure(heading: str, chart: str, caption: str) -> str:
    scrolled = f'<div class="scroll">{chart}</div>'
    return f"<figure><h3>{escape(heading)}</h3>{scrolled}<figcaption>{escape(caption)}</figcaption></figure>"


def _times(comparison: Comparison) -> str:
    shown = [row for row in comparison.rows if row.timing is not None]
    if not shown:
        return ""
    values = [
        value for row in shown if row.timing for value in (row.timing.median, row.cold_seconds) if value
    ]
    bars = []
    for row in comparison.rows:
        if row.timing is None:
            bars.append(Bar(row.name, None, str(row.verdict), _kind(row)))
            continue
        note = f"{units.time(row.timing.median)}, {units.ratio(row.speedup)}"
        interval = (row.timing.low, row.timing.high) if row.timing.rounds > 1 else None
        bars.append(Bar(row.name, row.timing.median, note, _kind(row), interval, row.cold_seconds))
    chart = bar_chart("Time per call", outcome(comparison), bars, decades(values), units.time_tick, _WIDE)
    caption = (
        "Logarithmic scale. Bar: median of the warm rounds, with its confidence interval. "
        "Dot: cold, import and first call. Number: median, and how many times as fast as the reference."
    )
    return _figure("Time per call", chart, caption)


def _memory(comparison: Comparison) -> str:
    sizes = {row.name: row.memory_bytes for row in comparison.rows if row.memory_bytes is not None}
    if not sizes:
        return ""
    bars = [
        Bar(row.name, sizes[row.name], units.memory(sizes[row.name]), _kind(row))
        for row in comparison.rows
        if row.name in sizes
    ]
    axis = from_zero(list(map(float, sizes.values())), base=2.0)
    description = "; ".join(f"{bar.name} {bar.note}" for bar in bars)
    chart = bar_chart("Peak memory", description, bars, axis, units.memory_tick, _NARROW)
    alone = " Processes of the executor are not counted." if comparison.executor else ""
    caption = f"Over what the process held before; result included.{alone}"
    return _figure("Peak memory of a call", chart, caption)


def _lines(comparison: Comparison) -> str:
    counts = {row.name: row.lines for row in comparison.rows if row.lines and row.verdict.timed}
    if not counts:
        return ""
    bars = [
        Bar(row.name, counts[row.name], f"{counts[row.name]:,}", _kind(row))
        for row in comparison.rows
        if row.name in counts
    ]
    axis = from_zero(list(map(float, counts.values())))
    description = "; ".join(f"{bar.name} {bar.note}" for bar in bars)
    chart = bar_chart("Lines of code", description, bars, axis, lambda count: f"{count:,.0f}", _NARROW)
    return _figure("Lines of code", chart, "Without blank lines, comments and docstrings.")


def _kind(row: Row) -> str:
    if row.verdict.failed:
        return "wrong"
    if row.verdict is Verdict.REFERENCE:
        return "reference"
    return "first" if row.rank == 1 else ""
