"""Style and types are tests like any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECKED = ["src", "tests", "benchmarks", "docs"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", *CHECKED], id="lint"),
        pytest.param(["ruff", "format", "--check", *CHECKED], id="format"),
        pytest.param(["mypy", "--strict"], id="types", marks=pytest.mark.slow),
    ],
)
def test_clean(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
