"""``perfpy ipc``."""

from __future__ import annotations

from pathlib import Path

import click

from ._shared import check_writable, clean_end, console, short_errors


@click.command()
@click.option("--rounds", default=7, show_default=True, metavar="N", help="How many times each is measured.")
@click.option("--array", default=128, show_default=True, metavar="MIB", help="Size of the array.")
@click.option("--redis", metavar="URL", help="A Redis server.  [default: one is started, if installed]")
@click.option(
    "--json",
    "json_file",
    type=click.Path(allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Write JSON; - is standard output.",
)
def ipc(rounds: int, array: int, redis: str | None, json_file: Path | None) -> None:
    """Measure what it costs to share and to send between processes.

    Two processes look at flags, add to counters, send each other numbers and hand over an array, by every
    means of the standard library and by Redis. Where they add at once without a lock, the additions that are
    lost are counted.
    """
    from perfpy import lab
    from perfpy._files import write_atomically
    from perfpy.lab.table import progress_bar

    to_stdout = json_file is not None and str(json_file) == "-"
    with short_errors(), clean_end():
        check_writable(None if to_stdout else json_file)
        with progress_bar(console(stderr=True)) as progress:
            report = lab.ipc(rounds=rounds, array_bytes=array * 2**20, redis=redis, progress=progress)
    click.echo(report, err=to_stdout)
    if to_stdout:
        click.echo(report.to_json())
    elif json_file is not None:
        write_atomically(json_file, f"{report.to_json()}\n".encode())
        click.echo(f"wrote {json_file}", err=True)
