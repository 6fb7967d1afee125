"""``perfpy diffuse``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._shared import FILE, check_writable, clean_end, console, short_errors

if TYPE_CHECKING:
    from perfpy.techniques.diffusion._start import Channels

_NAMES = ("square", "disc", "ring", "stripes", "checkers", "noise", "point")
_PARTS = 20  # in which a single result is computed, for the progress bar


def _boundary(_context: click.Context, _option: click.Parameter, text: str) -> list[Any]:
    """Read conditions: for all axes, or one for each with commas between; a slash is between two sides."""
    axes = [tuple(map(_condition, axis.split("/"))) for axis in text.split(",")]
    if any(len(axis) > 2 for axis in axes):
        raise click.BadParameter(f"an axis has two sides, not more: {text!r}")
    return [axis[0] if len(axis) == 1 else axis for axis in axes]


def _condition(text: str) -> Any:
    """Read the condition of a side: its name, or ``dirichlet=VALUE``."""
    name, equals, value = text.strip().partition("=")
    if not equals:
        return name
    try:
        return name, float(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a number") from None


@click.command()
@click.argument("start", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="FILE",
    help="Draw the field: .png, .gif (animated) or what the suffix says; .npy writes its values.",
)
@click.option(
    "--shape",
    type=click.Choice(_NAMES),
    default="square",
    show_default=True,
    help="What to begin with, if no START is given.",
)
@click.option("--width", type=click.IntRange(1), metavar="N", help="Cells; those of the image, or 640.")
@click.option("--height", type=click.IntRange(1), metavar="N", help="Cells; those of the image, or 640.")
@click.option("--steps", type=click.IntRange(0), default=500, show_default=True)
@click.option("--diffusivity", type=float, default=1.0, show_default=True, metavar="D")
@click.option("--dt", type=float, default=0.1, show_default=True, metavar="T", help="Length of a step.")
@click.option(
    "--boundary",
    callback=_boundary,
    default="periodic",
    show_default=True,
    metavar="B",
    help='periodic, dirichlet, dirichlet=VALUE or neumann; per axis "neumann,periodic"; '
    'per side "dirichlet=1/neumann,periodic".',
)
@click.option(
    "--method",
    type=click.Choice(["explicit", "spectral", "implicit", "auto"]),
    default="explicit",
    show_default=True,
)
@click.option("--frames", type=click.IntRange(1), metavar="N", help="Pictures; 50 for .gif, else 1.")
@click.option("--fps", type=click.FloatRange(0, min_open=True), default=25.0, show_default=True)
@click.option("--colors", default="ember", show_default=True, help="ember, or a colour map of matplotlib's.")
@click.option("--backend", default="auto", show_default=True)
@click.option("--executor", metavar="E", help='Where it runs, as "threads" or "processes:4".')
def diffuse(
    start: Path | None,
    output: Path | None,
    shape: str,
    width: int | None,
    height: int | None,
    steps: int,
    frames: int | None,
    fps: float,
    colors: str,
    **options: Any,
) -> None:
    """Let a field diffuse and draw it, or say what has become of it.

    START is an .npy file or an image: grey values are taken as heat, and the red, green and blue light of a
    colour image diffuse side by side.
    """
    from perfpy.techniques.diffusion import _start

    with short_errors(), clean_end():
        check_writable(output)
        if start is not None:
            channels = _start.read(start, width, height)
        else:
            channels = _start.shape(shape, width or height or 640, height or width or 640)
        if len(options["boundary"]) == 1:
            options["boundary"] *= channels[0].ndim
        run = _Run(channels, steps, options)
        if output is None or output.suffix.lower() == ".npy":
            if frames not in (None, 1):
                raise ValueError("--frames is for pictures: name a .gif, .png or .webp file")
            result = run.last()
            if output is not None:
                _save_values(result, output)
        else:
            result = _draw(run, output, frames, fps, colors)
        if output is not None:
            click.echo(f"wrote {output}", err=True)
    _summary(result, steps, run.seconds)


class _Run:
    """The fields of one command, from the first to the last; shows on stderr how far it is.

    Attributes
    ----------
    channels : list of Field
        The first.
    steps : int
        How many steps there are.
    seconds : float
        Time spent on steps so far.
    """

    def __init__(self, channels: Channels, steps: int, options: dict[str, Any]) -> None:
        self.channels = channels
        self.seconds = 0.0
        self.steps = steps
        self._options = options

    def states(self, every: int) -> Iterator[Channels]:
        """Yield the fields after `every` steps, and so on; the last ones in any case."""
        import perfpy

        if self.steps == 0:
            yield [perfpy.diffuse(field, 0, **self._options) for field in self.channels]
            return
        runs = [
            perfpy.iter_diffuse(field, self.steps, every=every, **self._options) for field in self.channels
        ]
        with _bar(self.steps) as advance:
            for done in range(every, self.steps + every, every):
                yield self._timed(lambda: [next(run) for run in runs])
                advance(min(done, self.steps))

    def last(self) -> Channels:
        """Return the fields after the last step."""
        # Spectral steps are taken at once, and what "auto" chooses depends on how many there are.
        parts = _PARTS if self._options["method"] in ("explicit", "implicit") else 1
        result = self.channels
        for state in self.states(max(1, -(-self.steps // parts))):
            result = state
        return result

    def _timed(self, call: Callable[[], Channels]) -> Channels:
        from time import perf_counter

        started = perf_counter()
        result = call()
        self.seconds += perf_counter() - started
        return result


def _draw(run: _Run, output: Path, frames: int | None, fps: float, colors: str) -> Channels:
    """Write a picture of the last fields, or an animation from the first to the last; return the last."""
    from perfpy._colors import format_of, save
    from perfpy.techniques.diffusion import _picture

    count = frames or (50 if format_of(output) == "GIF" else 1)
    if count == 1:
        _picture.painter(colors, run.channels)  # complains about what cannot be drawn before the work
        result = run.last()
        save(_picture.painter(colors, result)(result), output)
        return result
    _picture.check_animated(output)
    paint = _picture.painter(colors, run.channels)
    result = run.channels

    def pictures() -> Iterator[Any]:
        nonlocal result
        yield paint(run.channels)
        for state in run.states(max(1, -(-run.steps // (count - 1)))):
            result = state
            yield paint(state)

    _picture.save_animation(pictures(), output, fps)
    return result


def _save_values(fields: Channels, path: Path) -> None:
    """Write the values of a field, or of three along a last axis."""
    import numpy as np

    from perfpy._files import write_atomically

    values = fields[0] if len(fields) == 1 else np.stack(fields, axis=-1)
    write_atomically(path, lambda file: np.save(file, values))


@contextmanager
def _bar(steps: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal; yields a function that takes how many steps are done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("steps"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn()
    screen = console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=steps)
        yield lambda done: bar.update(task, completed=done)


def _summary(fields: Channels, steps: int, seconds: float) -> None:
    """Print what the fields add up to."""
    from perfpy.lab import units

    size = sum(field.size for field in fields)
    facts = {
        "cells": " x ".join(map(str, fields[0].shape[::-1])) + (" x 3 colours" if len(fields) == 3 else ""),
        "steps": f"{steps:,}",
        "sum": f"{sum(float(field.sum(dtype='float64')) for field in fields):.12g}",
    }
    if size:
        low, high = min(field.min() for field in fields), max(field.max() for field in fields)
        facts["smallest, largest"] = f"{low:.6g}, {high:.6g}"
    facts["time"] = units.time(seconds)
    for name, fact in facts.items():
        click.echo(f"{name:<18} {fact}")
