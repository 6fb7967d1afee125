"""The table of a comparison in GitHub's Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from .comparison import Comparison
from .text import COLUMNS, cells, facts, notes, outcome, subtitle, title

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|"})


def render(comparison: Comparison) -> str:
    """Return heading, table, outcome, notes and header as Markdown."""
    lines = [f"### {escape(title(comparison))}", "", escape(subtitle(comparison)), ""]
    lines.append(_line(column.heading for column in COLUMNS))
    lines.append(_line("--:" if column.number else ":--" for column in COLUMNS))
    lines += [_line(map(escape, cells(row))) for row in comparison.rows]
    lines += ["", escape(outcome(comparison)), ""]
    lines += [f"- **{escape(name)}**: {escape(detail)}" for name, detail in notes(comparison)]
    header = "; ".join(f"{name} {value}" for name, value in facts(comparison))
    lines += ["", f"<sub>{escape(header)}; {comparison.started}</sub>"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return " ".join(text.split()).translate(_SPECIAL)


def _line(parts: Iterable[str]) -> str:
    return "| " + " | ".join(parts) + " |"
