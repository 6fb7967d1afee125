"""``perfpy executors``."""

from __future__ import annotations

import click

from ._shared import Mistake, clean_end, console, short_errors


@click.command()
@click.option("--check", "spec", metavar="EXECUTOR", help="Put one through what perfpy needs of an executor.")
@click.option("--kill", is_flag=True, help="With --check: also kill a worker in the middle of a piece.")
def executors(spec: str | None, kill: bool) -> None:
    """List what executor= can name, and say why what is missing is missing."""
    import perfpy

    if spec is not None:
        with short_errors(), clean_end():
            report = perfpy.executors.check(spec, kill=kill)
        click.echo(report)
        raise SystemExit(0 if report.passed else 1)
    if kill:
        raise Mistake("--kill needs --check EXECUTOR")
    from rich.table import Table

    rows = perfpy.executors.available()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("executor", "version"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(
            row.name, row.version if row.available else "missing", style="" if row.available else "yellow"
        )
    shown = console()
    shown.print(table)
    for row in rows:
        if not row.available:
            shown.print(f"\n{row.name}: {row.reason}")
