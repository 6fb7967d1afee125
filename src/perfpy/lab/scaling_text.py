"""A scaling in words and as a table."""

from __future__ import annotations

import statistics

from . import units
from .scaling_result import Scaling

_FEWEST = 3  # rounds that have a spread
HEADINGS = ("workers", "measured", "model", "rehearsed", "speed-up", "95 %", "efficiency", "smallest piece")


def rows(scaling: Scaling) -> list[tuple[str, ...]]:
    """Return the cells of the table, a row for each number of workers."""
    return [_row(scaling, workers) for workers in sorted({*scaling.workers, *scaling.predict})]


def _row(scaling: Scaling, workers: int) -> tuple[str, ...]:
    measured = scaling.measured(workers)
    seconds = scaling.seconds(workers)
    return (
        str(workers),
        units.time(measured),
        units.time(seconds),
        units.time(scaling.rehearsed.get(workers)),
        units.ratio(scaling.speedup(workers)),
        _interval(scaling, workers),
        f"{100 * scaling.efficiency(workers):.0f} %",
        units.time(scaling.smallest_piece(workers)),
    )


def _interval(scaling: Scaling, workers: int) -> str:
    """Return the interval of the speed-up; calls that were hardly repeated have none."""
    if len(scaling.alone) < _FEWEST:
        return ""
    low, high = scaling.interval(workers)
    return f"{units.three(low)} to {units.three(high)}"


def title(scaling: Scaling) -> str:
    """Return the headline."""
    return f"{scaling.technique} · {scaling.workload} · {scaling.executor}"


def facts(scaling: Scaling) -> list[str]:
    """Say what the model found a call to consist of."""
    model, costs = scaling.model, scaling.model.costs
    alone = units.time(statistics.median(scaling.alone))
    lines = [
        f"without an executor: {alone}, backend {scaling.backend}; starting the engine: "
        f"{units.time(scaling.start)}",
        f"work {units.time(model.work)}, serial {units.time(model.serial)} "
        f"({100 * model.serial_fraction:.2g} % with latency), "
        f"{units.time(model.per_worker)} more for each further worker",
        f"a piece costs its worker {units.time(costs.overhead)}, whoever hands it out "
        f"{units.time(costs.dispatch)}, the work {units.time(model.per_piece)}; a job has "
        f"{units.time(costs.latency)} of latency; there are {model.jobs:g} in a call",
    ]
    slowed = [
        f"{factor:.3g} times as long with {workers}"
        for workers, factor in model.slowdown.items()
        if workers > 1
    ]
    if slowed:
        lines.append(f"pieces take {', '.join(slowed)} workers at work, and as long with more")
    return lines


def render(scaling: Scaling) -> str:
    """Return everything as plain text."""
    table = [HEADINGS, *rows(scaling)]
    widths = [max(len(line[k]) for line in table) for k in range(len(HEADINGS))]
    lines = [f"{title(scaling)}: {scaling.description}", ""]
    lines += ["  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in table]
    return "\n".join([*lines, "", *facts(scaling)])
