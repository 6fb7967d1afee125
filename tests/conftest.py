"""The option ``--backend NAME``; tests/techniques/conftest.py acts on it."""

from __future__ import annotations

import signal

import pytest

from perfpy import techniques


def pytest_configure() -> None:
    """Let the tests of Ctrl-C work in a job that a shell started in the background, where it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        action="append",
        default=[],
        metavar="NAME",
        help="run the tests that take a backend with this one only; may be given several times",
    )


def pytest_configure(config: pytest.Config) -> None:
    chosen: list[str] = config.getoption("--backend")
    if not chosen:
        return
    known = {row.name for row in techniques.backends()}
    unknown = sorted(set(chosen) - known)
    if unknown:
        raise pytest.UsageError(
            f"--backend: no technique has {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
