"""``perfpy scaling``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._shared import FILE, check_writable, clean_end, console, short_errors

if TYPE_CHECKING:
    from perfpy.lab import Stage


class _Counts(click.ParamType):  # type: ignore[type-arg]
    """Numbers of workers, as 1,2,4."""

    name = "counts"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isascii() and part.isdecimal() and int(part) > 0 for part in parts):
            self.fail(f"{value!r} is not a list of numbers from 1 on like 1,2,4", param, ctx)
        return tuple(map(int, parts))


@click.command()
@click.argument("technique")
@click.option(
    "--executor", default="processes", show_default=True, metavar="E", help="threads, processes or dask."
)
@click.option("--workload", default="large", show_default=True, help="Named input of the technique.")
@click.option("--backend", default="auto", show_default=True, help="Which backend computes.")
@click.option(
    "--workers", default="1,2", show_default=True, type=_Counts(), metavar="N,N", help="Measured; 1 is one."
)
@click.option(
    "--predict", default="4,8,16,64", show_default=True, type=_Counts(), metavar="N,N", help="Predicted."
)
@click.option("--rounds", default=5, show_default=True, metavar="N", help="Calls of each kind.")
@click.option("--json", "json_file", type=FILE, metavar="FILE", help="Write what was measured as JSON.")
@click.option("--png", "--plot", "plot_file", type=FILE, metavar="FILE", help="Draw it as PNG, SVG or PDF.")
def scaling(
    technique: str,
    executor: str,
    workload: str,
    backend: str,
    workers: tuple[int, ...],
    predict: tuple[int, ...],
    rounds: int,
    json_file: Path | None,
    plot_file: Path | None,
) -> None:
    """Measure TECHNIQUE on a few workers, and predict how fast it is on many.

    It is called on this machine with the numbers of workers given, and watched. A model is fitted to what
    that took: work, what is serial, what a piece costs. It says what to expect of more workers, and how long
    a piece has to last to be worth sending.
    """
    from perfpy import lab
    from perfpy._files import write_atomically

    with short_errors(), clean_end():
        check_writable(json_file, plot_file)
        with _progress() as progress:
            found = lab.scaling(
                technique,
                executor=executor,
                workload=workload,
                backend=backend,
                workers=workers,
                predict=predict,
                rounds=rounds,
                progress=progress,
            )
        click.echo(found)
        if json_file is not None:
            write_atomically(json_file, f"{found.to_json()}\n".encode())
        if plot_file is not None:
            found.plot(plot_file)
    for file in (json_file, plot_file):
        if file is not None:
            click.echo(f"wrote {file}", err=True)


@contextmanager
def _progress() -> Iterator[Callable[[Stage], object]]:
    """Show a bar on standard error where that is a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    shown = console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=shown, disable=not shown.is_terminal, transient=True) as bar:
        task = bar.add_task("")
        yield lambda stage: bar.update(task, description=stage.doing, completed=stage.done, total=stage.total)
