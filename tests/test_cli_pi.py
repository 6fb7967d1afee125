"""``perfpy pi``."""

from __future__ import annotations

from click.testing import CliRunner

import perfpy
from perfpy.cli import command


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, ["pi", *arguments])
    return result.exit_code, result.output


def test_writes_what_the_function_finds() -> None:
    estimate = perfpy.estimate_pi(10**6, seed=1)
    expected = f"{estimate.value} {estimate.standard_error:.2g} {estimate.inside} of 1000000 seed 1\n"
    assert run("10**6", "--seed", "1") == (0, expected)
    assert run("1e6", "--seed", "1", "--backend", "numpy", "--executor", "threads:2") == (0, expected)


def test_seed_is_told() -> None:
    status, text = run("1000")
    assert status == 0
    assert run("1000", "--seed", text.split()[-1]) == (0, text)


def test_mistakes_are_one_line() -> None:
    for arguments in (("0",), ("2**64",), ("10", "--seed", "2**64"), ("10", "--backend", "d"), ("x",)):
        status, text = run(*arguments)
        assert status == 2
        assert "Traceback" not in text
