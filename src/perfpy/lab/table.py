"""The comparison on a terminal: rich's table and progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from .comparison import Comparison, Row
from .run import Progress
from .text import COLUMNS, cells, facts, notes, outcome, subtitle, title

#: What a narrow terminal does without, first to go first.
_DISPENSABLE = ("±", "minimum", "lines", "cold", "rank")
_GAP = 2


def renderable(comparison: Comparison, width: int) -> RenderableType:
    """Return title, table, outcome, notes and header; as many columns of the table as the width holds."""
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    shown = _columns(comparison, width)
    for i in shown:
        justify: Literal["right", "left"] = "right" if COLUMNS[i].number else "left"
        table.add_column(COLUMNS[i].heading, justify=justify, no_wrap=True)
    for row in comparison.rows:
        texts = cells(row)
        table.add_row(*(Text(texts[i], style=_style(row, i)) for i in shown))
    heading = Text.assemble((title(comparison), "bold"), "  ", (subtitle(comparison), "dim"))
    remarks = [Text.assemble((name, "bold"), f"  {detail}") for name, detail in notes(comparison)]
    header = Text("  ·  ".join(f"{name} {value}" for name, value in facts(comparison)), style="dim")
    return Group(heading, Text(), table, Text(), Text(outcome(comparison)), *remarks, header)


def _columns(comparison: Comparison, width: int) -> list[int]:
    """Return the numbers of the columns that fit side by side."""
    lines = [[column.heading for column in COLUMNS], *(cells(row) for row in comparison.rows)]
    widths = [max(len(line[i]) for line in lines) + _GAP for i in range(len(COLUMNS))]
    shown = list(range(len(COLUMNS)))
    for heading in _DISPENSABLE:
        if sum(widths[i] for i in shown) - _GAP <= width:
            break
        shown = [i for i in shown if COLUMNS[i].heading != heading]
    return shown


def _style(row: Row, column: int) -> str:
    """Colour the verdict, and make the fastest stand out; nothing is said by colour alone."""
    if COLUMNS[column].heading == "verdict":
        return "red" if row.verdict.failed else "green" if row.verdict.timed else "yellow"
    if not row.verdict.timed:
        return "dim"
    return "bold" if row.rank == 1 else ""


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Show a bar on a terminal while comparisons run; yields what `compare` takes as `progress`."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[stage]}", style="dim", markup=False),
    )
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def update(event: Progress) -> None:
            if event.technique not in tasks:
                tasks[event.technique] = bar.add_task(event.technique, total=event.total, stage="")
            stage = f"{event.backend}: {event.stage}" if event.backend else event.stage
            bar.update(tasks[event.technique], total=event.total, completed=event.done, stage=stage)

        yield update
