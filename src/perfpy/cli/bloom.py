"""``perfpy bloom``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._shared import FILE, check_writable, clean_end, short_errors, standard_input, writing

if TYPE_CHECKING:
    from perfpy import BloomFilter, ScalableBloomFilter

_files = click.argument(
    "files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True), metavar="[FILE ...]"
)
_as_bytes = click.option("--bytes", "as_bytes", is_flag=True, help="Take lines as bytes, not as UTF-8.")
_ROOM = 1.02  # for how many more keys than were counted, which is about two deviations


@click.group()
def bloom() -> None:
    """Keep the lines of files in a Bloom filter, and look lines up in it.

    Files whose names end in .gz, .bz2 or .xz are unpacked; without a file, or for -, standard input is read.
    """


@bloom.command()
@_files
@click.option("-o", "--output", type=FILE, required=True, help="Where the filter is written.")
@click.option(
    "--capacity", type=int, metavar="N", help="For how many different lines; counted first if not given."
)
@click.option("--error-rate", type=float, default=0.01, show_default=True, help="Rate of strangers found.")
@click.option("--layout", type=click.Choice(["blocked", "classic"]), default="blocked", show_default=True)
@_as_bytes
@click.option("--executor", metavar="E", help='Where it runs, as "threads" or "processes:4".')
def build(
    files: Sequence[Path],
    output: Path,
    capacity: int | None,
    error_rate: float,
    layout: str,
    as_bytes: bool,
    executor: str | None,
) -> None:
    """Make a filter of the lines of files."""
    import perfpy

    with clean_end(), short_errors():
        check_writable(output)
        sources = _sources(files)
        if capacity is None:
            capacity = _counted(sources, executor)
        words = perfpy.bloom_filter(capacity, error_rate, layout=layout)
        for source in sources:
            words.update_from_lines(source, encoding=_encoding(as_bytes), executor=executor)
        words.save(output)


@bloom.command()
@click.argument("filter_file", type=FILE, metavar="FILTER")
@_files
@click.option("--absent", is_flag=True, help="Write the lines that are not in it.")
@_as_bytes
def query(filter_file: Path, files: Sequence[Path], absent: bool, as_bytes: bool) -> None:
    """Write those lines of files that are in a filter.

    Some strangers are found in it, at its error rate; what was put in always is. The exit status is 1 if no
    line was written.
    """
    from perfpy import _lines

    written = False
    with clean_end(), short_errors():
        words = _loaded(filter_file)
        with writing() as write:
            for source in _sources(files):
                for block, keys in _lines.blocks(source, _encoding(as_bytes)):
                    chosen = list(compress(block.splitlines(), words.contains(keys) != absent))
                    write(b"".join(line + b"\n" for line in chosen))
                    sys.stdout.buffer.flush()  # somebody may be waiting for it
                    written |= bool(chosen)
    sys.exit(0 if written else 1)


def _sources(files: Sequence[Path]) -> list[Any]:
    return [standard_input(file) or file for file in files or (Path("-"),)]


def _encoding(as_bytes: bool) -> str | None:
    return None if as_bytes else "utf-8"


def _counted(sources: Sequence[Any], executor: str | None) -> int:
    """Count different lines, for which the files are read once more."""
    import perfpy

    if not all(isinstance(source, Path) and source.is_file() for source in sources):
        raise ValueError("--capacity is needed where the input cannot be read twice")
    lines = perfpy.hyperloglog(precision=14)
    for source in sources:
        lines.update_from_lines(source, encoding=None, executor=executor)
    return max(1, round(lines.count() * _ROOM))


def _loaded(path: Path) -> BloomFilter | ScalableBloomFilter:
    """Read a filter of either kind."""
    import perfpy

    try:
        return perfpy.BloomFilter.load(path)
    except ValueError as error:
        try:
            return perfpy.ScalableBloomFilter.load(path)
        except ValueError:
            raise error from None
