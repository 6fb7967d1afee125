"""``perfpy distinct``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ._shared import clean_end, short_errors, standard_input


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True), metavar="[FILE ...]")
@click.option(
    "--precision",
    type=int,
    default=14,
    show_default=True,
    help="From 4 to 24; the error is 1.04 / sqrt(2**precision), and up to 2**precision / 8 there is none.",
)
@click.option(
    "--confidence",
    type=float,
    metavar="LEVEL",
    help="Write between which bounds the count is with this probability, too.",
)
@click.option("--executor", metavar="E", help='Where it runs, as "threads" or "processes:4".')
def distinct(files: Sequence[Path], precision: int, confidence: float | None, executor: str | None) -> None:
    """Count the different lines of files, or of standard input, in little memory.

    Files whose names end in .gz, .bz2 or .xz are unpacked. With --confidence there are three numbers: about
    how many different lines there are, and between which bounds their number is.
    """
    import perfpy

    with clean_end(), short_errors():
        lines = perfpy.hyperloglog(precision=precision)
        for file in files or (Path("-"),):
            source = standard_input(file) or file
            # As bytes, which any file has, and of which there are as many as of their texts.
            lines.update_from_lines(source, encoding=None, executor=executor)
        numbers = [lines.count(), *(lines.confidence(confidence) if confidence is not None else ())]
        click.echo(" ".join(str(round(number)) for number in numbers))
