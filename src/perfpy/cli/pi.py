"""``perfpy pi``."""

from __future__ import annotations

import click

from ._number import NUMBER
from ._shared import clean_end, short_errors


@click.command()
@click.argument("samples", type=NUMBER, default=10**9)
@click.option(
    "--seed", type=NUMBER, help="Which points, from 0 to 2**64 - 1.  [default: chosen by the system]"
)
@click.option("--backend", default="auto", show_default=True)
@click.option("--executor", metavar="E", help='Where it runs, as "threads" or "processes:4".')
def pi(samples: int, seed: int | None, backend: str, executor: str | None) -> None:
    """Estimate pi from SAMPLES random points, a thousand million unless you say how many.

    Writes the estimate, its standard error, the number of points inside the circle, and the seed with which
    the same points can be had again. Numbers are written as 1000000, 1e6, 10**6 or 2**20.
    """
    import perfpy

    with clean_end(), short_errors():
        estimate = perfpy.estimate_pi(samples, seed=seed, backend=backend, executor=executor)
        click.echo(
            f"{estimate.value:.15g} {estimate.standard_error:.2g} {estimate.inside} of {estimate.samples} "
            f"seed {estimate.seed}"
        )
