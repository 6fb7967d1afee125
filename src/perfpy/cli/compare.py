"""``perfpy compare``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._shared import FILE, check_writable, clean_end, console, short_errors

if TYPE_CHECKING:
    from perfpy.lab import Comparison


@click.command()
@click.argument("techniques", nargs=-1, metavar="[TECHNIQUE ...]")
@click.option("--workload", default="small", show_default=True, help="Named input of the technique.")
@click.option("--backends", metavar="A,B", help="Only these, and the reference.")
@click.option(
    "--add", multiple=True, metavar="NAME=MODULE:FUNCTION", help="Take a backend of your own along."
)
@click.option("--executor", metavar="E", help='Where calls run, as "threads" or "processes:4".')
@click.option("--timeout", default=60.0, show_default=True, metavar="S", help="Seconds per backend.")
@click.option("--rounds", type=int, metavar="N", help="Warm rounds; a time budget decides if left out.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Write JSON; - is standard output.",
)
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@click.option(
    "--html", "html_file", type=FILE, metavar="FILE", help="Write a report with charts, in one file."
)
@click.option("--plot", "plot_file", type=FILE, metavar="FILE", help="Draw the charts as PNG, SVG or PDF.")
def compare(
    techniques: Sequence[str],
    workload: str,
    backends: str | None,
    add: Sequence[str],
    executor: str | None,
    timeout: float,
    rounds: int | None,
    json_file: Path | None,
    markdown: bool,
    html_file: Path | None,
    plot_file: Path | None,
) -> None:
    """Verify the backends of each TECHNIQUE (all, if none is named), then say what they cost.

    The exit status is 1 if a backend disagrees with the reference, changes its input, raises, crashes or
    takes too long, and 0 if some are merely not installed.
    """
    from perfpy import lab
    from perfpy.lab.table import progress_bar, renderable
    from perfpy.techniques import names

    json_to_stdout = json_file is not None and str(json_file) == "-"
    chosen = techniques or names()
    for item in add:
        _register(chosen, item)
    with short_errors(), clean_end():
        check_writable(html_file, plot_file, None if json_to_stdout else json_file)
        with progress_bar(console(stderr=True)) as progress:
            comparisons = [
                lab.compare(
                    technique,
                    workload=workload,
                    backends=None if backends is None else _names(backends),
                    executor=executor,
                    rounds=rounds,
                    timeout=timeout,
                    progress=progress,
                )
                for technique in chosen
            ]
        for comparison in comparisons:
            if markdown:
                click.echo(comparison.to_markdown())
            else:
                shown = console(stderr=json_to_stdout)
                shown.print(renderable(comparison, shown.width), "")
        _write_files(comparisons, json_file, html_file, plot_file)
    sys.exit(0 if all(comparison.ok for comparison in comparisons) else 1)


def _write_files(
    comparisons: list[Comparison], json_file: Path | None, html_file: Path | None, plot_file: Path | None
) -> None:
    """Write what was asked for, each file whole or not at all."""
    from perfpy._files import write_atomically

    if json_file is not None:
        text = "[" + ",\n".join(comparison.to_json() for comparison in comparisons) + "]\n"
        if str(json_file) == "-":
            click.echo(text, nl=False)
        else:
            write_atomically(json_file, text.encode())
    if html_file is not None:
        from perfpy.lab.html import page

        write_atomically(html_file, page(comparisons).encode())
    if plot_file is not None:
        from perfpy.lab.plot import draw

        draw(comparisons, plot_file)
    for file in (json_file, html_file, plot_file):
        if file is not None and str(file) != "-":
            click.echo(f"wrote {file}", err=True)


def _register(techniques: Sequence[str], item: str) -> None:
    """Register the backend that an ``--add`` names; modules in the current directory can be named."""
    from perfpy import register_backend

    name, equals, target = item.partition("=")
    if not equals or ":" not in target or not name:
        raise click.UsageError(f"--add wants NAME=MODULE:FUNCTION, not {item!r}")
    if len(techniques) != 1:
        raise click.UsageError("--add needs one TECHNIQUE to add the backend to")
    if "" not in sys.path:
        sys.path.insert(0, "")
    with short_errors():
        register_backend(techniques[0], name, target)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
