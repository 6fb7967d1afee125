"""What commands share: options, errors as one line, a clean end, a console."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from rich.console import Console

_BROKEN_PIPE = 128 + 13  # what a shell shows for a program that wrote to a closed pipe
FILE = click.Path(dir_okay=False, path_type=Path)


class Mistake(click.ClickException):
    """What the user asked for cannot be; shown as one line."""

    exit_code = 2


def complex_number(_context: click.Context, _option: click.Parameter, value: str) -> complex:
    """Read a complex number as Python writes it, with i for j if you like."""
    try:
        return complex(value.replace(" ", "").replace("i", "j"))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a complex number like -0.12+0.74j") from None


def check_writable(*files: Path | None) -> None:
    """Complain before the comparison, not after it."""
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise ValueError(f"cannot write {str(file)!r}: there is no directory {str(file.parent)!r}")


@contextmanager
def short_errors() -> Iterator[None]:
    """Turn the errors that a user can make into one line and exit status 2."""
    try:
        yield
    except (ValueError, TypeError, ImportError, OSError, MemoryError) as error:
        raise Mistake(str(error) or type(error).__name__) from error


@contextmanager
def clean_end() -> Iterator[None]:
    """Turn Ctrl-C and the signals that end a program into exceptions, so that it ends its processes first."""

    def leave(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        raise SystemExit(128 + signal.SIGINT) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def writing() -> Iterator[Any]:
    """Give a function that writes bytes to standard output; end quietly when nobody reads them any more."""
    sys.stdout.flush()
    try:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # What is still in the buffer would be written, and complained about, at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(_BROKEN_PIPE) from None


def standard_input(file: Path) -> Any:
    """Return standard input, where a file is named -, or None."""
    return sys.stdin.buffer if str(file) == "-" else None


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; wide enough for every column where there is none."""
    from rich.console import Console

    there = Console(stderr=stderr, highlight=False, markup=False)
    if not there.is_terminal:
        there.width = 200
    return there
