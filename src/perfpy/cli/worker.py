"""``perfpy worker``."""

from __future__ import annotations

import os
from typing import Any

import click

from ._shared import short_errors

QUEUE_HELP = 'The queue: a path, or a URL; "PERFPY_QUEUE" or a file of yours if left out.'


@click.command()
@click.option("--queue", "-q", metavar="URL", help=QUEUE_HELP)
@click.option("-n", "--concurrency", type=click.IntRange(1), help="Jobs at a time; one per core if left out.")
@click.option("--trials", is_flag=True, help="Also run what `perfpy executors --check --kill` kills it with.")
def worker(queue: str | None, concurrency: int | None, trials: bool) -> None:
    """Do the jobs of a queue, until Ctrl-C or SIGTERM.

    What is under way is finished first; a second Ctrl-C gives it back to the queue.
    """
    from perfpy import jobs, queues
    from perfpy.jobs import TRIALS

    if trials:
        os.environ[TRIALS] = "1"

    def say() -> None:
        click.echo(f"working for {opened.url}; stop with Ctrl-C", err=True)

    with short_errors():
        opened: Any = queues.open_queue(queue)
        jobs.work(queue=queue, concurrency=concurrency, ready=say)
