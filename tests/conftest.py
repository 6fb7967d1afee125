"""The option ``--backend NAME``; tests/techniques/conftest.py acts on it."""

from __future__ import annotations

import signal

import pytest

from perfpy import techniques


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        action="append",
        default=[],
        metavar="NAME",
        help="run the tests that take a backend with this one only; may be given several times",
    )


def pytest_configure(config: pytest.Config) -> None:
    # A shell without job control starts background jobs with SIGINT ignored, which every child would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chosen: list[str] = config.getoption("--backend")
    if not chosen:
        return
    known = {row.name for row in techniques.backends()}
    unknown = sorted(set(chosen) - known)
    if unknown:
        raise pytest.UsageError(
            f"--backend: no technique has {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
