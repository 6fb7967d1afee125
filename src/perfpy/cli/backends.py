"""``perfpy backends`` and ``perfpy info``."""

from __future__ import annotations

import click

from ._shared import console, short_errors


@click.command()
@click.argument("technique", required=False)
def backends(technique: str | None) -> None:
    """List the backends of TECHNIQUE, or of all, and say why those that are missing are missing."""
    from rich.table import Table

    import perfpy

    with short_errors():
        rows = perfpy.backends(technique)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("technique", "backend", "version", "ISA", "exact", "releases GIL", "note"):
        table.add_column(heading, no_wrap=heading != "note")
    for row in rows:
        exact = "yes" if row.traits.exact else f"to {row.traits.bound:g}"
        gil = "yes" if row.traits.releases_gil else "no"
        if row.available:
            table.add_row(row.technique, row.name, row.version, row.isa, exact, gil, row.traits.note)
        else:
            table.add_row(row.technique, row.name, "missing", style="yellow")
    shown = console()
    shown.print(table)
    for row in rows:
        if not row.available:
            shown.print(f"\n{row.name}: {row.reason}")


@click.command()
def info() -> None:
    """Say how this perfpy was built, and which instruction set each kernel runs on here."""
    import perfpy

    with short_errors():
        click.echo(perfpy.build_info())
