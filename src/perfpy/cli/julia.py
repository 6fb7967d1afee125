"""``perfpy julia``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ._shared import FILE, complex_number, short_errors


@click.command()
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Draw the set: PNG, or what the suffix says.")
@click.option(
    "--c",
    "constant",
    callback=complex_number,
    default="-0.62772-0.42193j",
    show_default=True,
    metavar="C",
    help="The constant.",
)
@click.option("--width", type=click.IntRange(1), default=1000, show_default=True, help="Pixels.")
@click.option("--height", type=click.IntRange(1), default=1000, show_default=True, help="Pixels.")
@click.option("--max-iterations", type=click.IntRange(0), default=300, show_default=True)
@click.option(
    "--center", callback=complex_number, default="0", show_default=True, metavar="Z", help="Where to look."
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
    from perfpy._colors import save
    from perfpy.techniques.julia import JULIA, _picture

    with short_errors():
        painter = _picture.painter(colors) if output else None
        x, y = _picture.view(width, height, center, zoom, samples if output else 1)
        name = JULIA.resolve(backend)
        started = perf_counter()
        counts = perfpy.julia(
            x, y, c=constant, max_iterations=max_iterations, backend=name, executor=executor
        )
        seconds = perf_counter() - started
        if output and painter:
            save(painter(counts, x, y, constant, max_iterations, samples), output)
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
