"""The outcome of `perfpy.executors.check` on every engine that can be started here."""

from __future__ import annotations

import json
import sys

import engines

from perfpy import executors

_LONGEST = 60  # letters of a note that is worth a cell


def one(engine: str) -> None:
    """Print the outcomes of one engine."""
    report = executors.check(engine, kill=engine != "mpi")  # which ends the program that a worker dies in
    print(json.dumps([[row.name, _outcome(row)] for row in report]))


def _outcome(row: executors.Check) -> str:
    if not row.passed:
        return f"failed: {row.note}"
    return row.note if row.note and len(row.note) <= _LONGEST else "passed"


def main() -> None:
    """Print the table."""
    names = engines.here()
    found = {engine: dict(engines.ask(__file__, engine)) for engine in names}
    trials = [trial for trial in found[names[0]] if trial != "overhead"]  # which is measured by itself
    cells = [[trial, *(found[engine].get(trial, "-") for engine in names)] for trial in trials]
    print(json.dumps({"header": ["trial", *names], "cells": cells}))


if __name__ == "__main__":
    one(sys.argv[1]) if sys.argv[1:] else main()
