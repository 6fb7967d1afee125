"""The command line; what a command needs is imported when it runs, so that ``perfpy --help`` is quick."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from rich.console import Console

    from perfpy.lab import Comparison

_FILE = click.Path(dir_okay=False, path_type=Path)


class Mistake(click.ClickException):
    """What the user asked for cannot be; shown as one line."""

    exit_code = 2


def _complex(_context: click.Context, _option: click.Parameter, value: str) -> complex:
    """Read a complex number as Python writes it, with i for j if you like."""
    try:
        return complex(value.replace(" ", "").replace("i", "j"))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a complex number like -0.12+0.74j") from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="perfpy")
def command() -> None:
    """Every technique of high-performance Python: call it, compare its backends, draw what it finds."""


@command.command()
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
    "--html", "html_file", type=_FILE, metavar="FILE", help="Write a report with charts, in one file."
)
@click.option("--plot", "plot_file", type=_FILE, metavar="FILE", help="Draw the charts as PNG, SVG or PDF.")
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
    with _short_errors(), _clean_end():
        _check_writable(html_file, plot_file, None if json_to_stdout else json_file)
        with progress_bar(_console(stderr=True)) as progress:
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
                console = _console(stderr=json_to_stdout)
                console.print(renderable(comparison, console.width), "")
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


@command.command()
@click.argument("technique", required=False)
def backends(technique: str | None) -> None:
    """List the backends of TECHNIQUE, or of all, and say why those that are missing are missing."""
    from rich.table import Table

    import perfpy

    with _short_errors():
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
    console = _console()
    console.print(table)
    for row in rows:
        if not row.available:
            console.print(f"\n{row.name}: {row.reason}")


@command.command()
def info() -> None:
    """Say how this perfpy was built, and which instruction set each kernel runs on here."""
    import perfpy

    with _short_errors():
        click.echo(perfpy.build_info())


@command.command()
@click.option(
    "-o", "--output", type=_FILE, metavar="FILE", help="Draw the set: PNG, or what the suffix says."
)
@click.option(
    "--c",
    "constant",
    callback=_complex,
    default="-0.62772-0.42193j",
    show_default=True,
    metavar="C",
    help="The constant.",
)
@click.option("--width", type=click.IntRange(1), default=1000, show_default=True, help="Pixels.")
@click.option("--height", type=click.IntRange(1), default=1000, show_default=True, help="Pixels.")
@click.option("--max-iterations", type=click.IntRange(0), default=300, show_default=True)
@click.option(
    "--center", callback=_complex, default="0", show_default=True, metavar="Z", help="Where to look."
)
@click.option("--zoom", type=float, default=1.0, show_default=True, help="How closely.")
@click.option("--colors", default="ember", show_default=True, help="ember, or a colour map of matplotlib's.")
@click.option(
    "--samples", type=click.IntRange(1, 8), default=2, show_default=True, help="Samples per pixel each way."
)
@click.option("--backend", default="auto", show_default=True)
@click.option("--executor", metavar="E", help='Where it runs, as "threads" or "processes:4".')
def julia(
    output: Path | None,
    constant: complex,
    width: int,
    height: int,
    max_iterations: int,
    center: complex,
    zoom: float,
    colors: str,
    samples: int,
    backend: str,
    executor: str | None,
) -> None:
    """Draw the Julia set of z -> z*z + c, or say what its escape counts add up to."""
    from time import perf_counter

    import perfpy
    from perfpy.techniques.julia import JULIA, _picture

    with _short_errors():
        painter = _picture.painter(colors) if output else None
        x, y = _picture.view(width, height, center, zoom, samples if output else 1)
        name = JULIA.resolve(backend)
        started = perf_counter()
        counts = perfpy.julia(
            x, y, c=constant, max_iterations=max_iterations, backend=name, executor=executor
        )
        seconds = perf_counter() - started
        if output and painter:
            _picture.save(painter(counts, x, y, constant, max_iterations, samples), output)
            click.echo(f"{output}: {width} x {height} pixels, c = {constant}", err=True)
    _summary(counts, max_iterations, name, seconds)


def _summary(counts: Any, max_iterations: int, backend: str, seconds: float) -> None:
    """Print what the counts add up to."""
    from perfpy.lab import units

    rows, columns = counts.shape
    facts = {
        "points": f"{columns} x {rows}",
        "sum of counts": f"{int(counts.sum(dtype='int64')):,}",
        "smallest, largest": f"{counts.min()}, {counts.max()}",
        "never escaped": f"{(counts == max_iterations).mean():.1%}",
        "time": f"{units.time(seconds)} (backend {backend}, first call)",
    }
    for name, fact in facts.items():
        click.echo(f"{name:<18} {fact}")


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
    with _short_errors():
        register_backend(techniques[0], name, target)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _check_writable(*files: Path | None) -> None:
    """Complain before the comparison, not after it."""
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise ValueError(f"cannot write {str(file)!r}: there is no directory {str(file.parent)!r}")


@contextmanager
def _short_errors() -> Iterator[None]:
    """Turn the errors that a user can make into one line and exit status 2."""
    try:
        yield
    except (ValueError, TypeError, ImportError, OSError, MemoryError) as error:
        raise Mistake(str(error) or type(error).__name__) from error


@contextmanager
def _clean_end() -> Iterator[None]:
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


def _console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; wide enough for every column where there is none."""
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200
    return console
