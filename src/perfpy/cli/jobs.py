"""``perfpy jobs``."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ._number import NUMBER
from ._shared import Mistake, clean_end, console, short_errors
from .worker import QUEUE_HELP

if TYPE_CHECKING:
    from perfpy.jobs import Entry, Job

Command = TypeVar("Command", bound=Callable[..., Any])
_SHORT = 8  # characters of an id that are shown in a list
_STATES = ("waiting", "running", "done", "failed", "dead", "cancelled")

_queue = click.option("--queue", "-q", metavar="URL", help=QUEUE_HELP)
_id = click.argument("job_id", metavar="ID")


@click.group()
def jobs() -> None:
    """Put calls of techniques into a queue, look at them, get their results.

    ``perfpy worker`` does them. An ID may be shortened to what is listed.
    """


@jobs.command()
@click.argument("technique")
@click.argument("arguments", nargs=-1, metavar="[VALUE|NAME=VALUE ...]")
@_queue
@click.option("--retries", default=2, show_default=True, help="Further workers if one dies of it.")
@click.option("--time-limit", default=3600.0, show_default=True, help="Seconds that a worker has for it.")
def submit(
    technique: str, arguments: tuple[str, ...], queue: str | None, retries: int, time_limit: float
) -> None:
    """Put a call of a technique into the queue and write its ID.

    Values are numbers like 1e9 or 10**9, or whatever Python writes as a constant; anything else is a string:
    ``perfpy jobs submit count_primes 1e9 2e9 backend=c``.
    """
    import perfpy

    named = dict(word.split("=", 1) for word in arguments if _is_named(word))
    values = [_value(word) for word in arguments if not _is_named(word)]
    with short_errors():
        job = perfpy.jobs.submit(
            technique,
            *values,
            queue=queue,
            retries=retries,
            time_limit=time_limit,
            **{name: _value(word) for name, word in named.items()},
        )
    click.echo(job.id)


@jobs.command("list")
@_queue
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these.")
@click.option("-n", "--limit", default=100, show_default=True, help="How many, the newest first.")
def list_(queue: str | None, states: tuple[str, ...], limit: int) -> None:
    """List the jobs in the queue."""
    import perfpy

    with short_errors():
        entries = perfpy.jobs.listing(queue=queue, states=states or None, limit=limit)
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("id", "state", "submitted", "took", "call", "error"):
        table.add_column(heading, no_wrap=heading not in ("call", "error"))
    for entry in entries:
        table.add_row(
            entry.id[:_SHORT], entry.state, _moment(entry.submitted), _took(entry), entry.label, entry.error
        )
    console().print(table)


@jobs.command()
@_id
@_queue
def show(job_id: str, queue: str | None) -> None:
    """Show a job, and its result or error if there is one; the exit status is 1 if it failed."""
    with short_errors():
        job = _found(job_id, queue)
        entry = job.entry()
    for name, value in (
        ("id", entry.id),
        ("call", entry.label),
        ("state", entry.state),
        ("submitted", _moment(entry.submitted)),
        ("started", _moment(entry.started)),
        ("took", _took(entry)),
        ("deliveries", entry.deliveries),
        ("worker", entry.worker),
    ):
        click.echo(f"{name + ':':<12}{value}")
    if entry.state in ("done", "failed", "dead"):
        try:
            click.echo(f"{'result:':<12}{job.result(0)!r}")
        except Exception as error:
            click.echo(f"{'error:':<12}{type(error).__name__}: {error}{error.__cause__ or ''}")
            raise SystemExit(1) from None


@jobs.command()
@_id
@_queue
@click.option("--timeout", type=float, metavar="SECONDS", help="Give up after so long.")
def result(job_id: str, queue: str | None, timeout: float | None) -> None:
    """Wait for a job and write its result."""
    with clean_end(), short_errors():
        job = _found(job_id, queue)
        try:
            found = job.result(timeout)
        except Exception as error:
            raise Mistake(f"{type(error).__name__}: {error}") from error
    click.echo(found)


@jobs.command()
@_id
@_queue
def cancel(job_id: str, queue: str | None) -> None:
    """Cancel a job, also one that is running."""
    with short_errors():
        job = _found(job_id, queue)
        if not job.cancel():
            raise Mistake(f"job {job.id} is {job.status()}")


@jobs.command()
@_id
@_queue
def retry(job_id: str, queue: str | None) -> None:
    """Put a job back that failed, was given up or cancelled."""
    with short_errors():
        job = _found(job_id, queue)
        if not job.retry():
            raise Mistake(f"job {job.id} is {job.status()}")


@jobs.command()
@click.argument("job_ids", nargs=-1, metavar="[ID ...]")
@_queue
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="All of these.")
def forget(job_ids: tuple[str, ...], queue: str | None, states: tuple[str, ...]) -> None:
    """Remove jobs and their results from the queue."""
    import perfpy

    with short_errors():
        for job_id in job_ids:
            _found(job_id, queue).forget()
        for entry in perfpy.jobs.listing(queue=queue, states=states, limit=10**6) if states else ():
            perfpy.jobs.Job(entry.id, queue).forget()


def _found(job_id: str, queue: str | None) -> Job:
    import perfpy

    try:
        return perfpy.jobs.get(job_id, queue=queue)
    except LookupError as error:
        raise Mistake(str(error)) from None


def _is_named(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


def _value(word: str) -> Any:
    try:
        return NUMBER.convert(word, None, None)
    except click.BadParameter:
        pass
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _took(entry: Entry) -> str:
    if entry.started is None or entry.finished is None:
        return ""
    return f"{entry.finished - entry.started:.3g} s"
