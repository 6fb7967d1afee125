"""How the tests themselves share the cores: `tests/conftest.py` over small suites of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
SUITE = """
    import os, pathlib, signal, time
    import pytest

    HERE = pathlib.Path(__file__).parent

    @pytest.fixture
    def noted(request):
        began = time.monotonic()
        yield
        with (HERE / "times").open("a") as times:
            times.write(f"{request.node.name} {began} {time.monotonic()} {os.getpid()}\\n")

    @pytest.fixture(scope="module")
    def made(made_once):
        def fill(folder):
            with (HERE / "made").open("a") as made:
                made.write("once ")
            time.sleep(0.05)
            (folder / "file").write_text("whole")
        return made_once("things", fill)

    @pytest.mark.parametrize("number", range(12))
    def test_common(noted, made, number):
        assert (made / "file").read_text() == "whole"
        time.sleep(0.1)

    @pytest.mark.alone
    @pytest.mark.parametrize("number", range(5))
    def test_alone(noted, number):
        time.sleep(0.01)

    @pytest.mark.slow
    def test_slow(noted):
        time.sleep(0.02)
"""


def run(folder: Path, suite: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_suite.py").write_text(textwrap.dedent(suite))
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  alone\n  slow\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, float, float, str]]:
    """Return the name, the begin, the end and the process of each test of a suite that two workers ran."""
    folder = tmp_path_factory.mktemp("suite")
    done = run(folder, SUITE, "-n", "2", "--dist", "worksteal")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "18 passed" in done.stdout
    assert (folder / "made").read_text() == "once "
    split = (line.split() for line in (folder / "times").read_text().splitlines())
    return [(name, float(began), float(ended), worker) for name, began, ended, worker in split]


def test_what_runs_alone_overlaps_nothing(lines: list[tuple[str, float, float, str]]) -> None:
    assert len({worker for *_, worker in lines}) == 2
    for name, began, ended, _ in lines:
        if name.startswith("test_alone"):
            others = [other for other in lines if other[0] != name]
            assert all(other[2] <= began or other[1] >= ended for other in others), name


def test_the_others_do_overlap(lines: list[tuple[str, float, float, str]]) -> None:
    common = [line for line in lines if not line[0].startswith("test_alone")]
    assert any(one[1] < other[1] < one[2] for one in common for other in common)


@pytest.mark.parametrize(
    ("arguments", "workers"),
    [((), True), (("test_suite.py",), False), (("-p", "no:xdist"), False)],
)
def test_cores_are_used_where_nobody_says_otherwise(
    tmp_path: Path, arguments: tuple[str, ...], workers: bool
) -> None:
    suite = (
        "import os\ndef test_it():\n    print('worker', os.environ.get('PYTEST_XDIST_WORKER'))\n    assert 0"
    )
    done = run(tmp_path, suite, *arguments)
    assert done.returncode == 1, done.stderr
    assert ("worker gw" in done.stdout) is workers


def test_a_worker_that_dies_is_a_failure_and_locks_nobody_out(tmp_path: Path) -> None:
    suite = """
        import os, pytest
        @pytest.mark.parametrize("number", range(9))
        def test_common(number):
            assert number != 4 or os._exit(1)
        @pytest.mark.alone
        @pytest.mark.parametrize("number", range(3))
        def test_alone(number):
            assert number != 1 or os._exit(1)
        """
    done = run(tmp_path, suite, "-n", "2")
    assert done.returncode == 1
    assert "2 failed, 10 passed" in done.stdout, done.stdout


def test_the_first_failure_may_end_the_run(tmp_path: Path) -> None:
    suite = """
        import pytest
        @pytest.mark.alone
        @pytest.mark.parametrize("number", range(9))
        def test_alone(number):
            assert number != 3
        """
    done = run(tmp_path, suite, "-n", "2", "-x")
    assert done.returncode in (1, 2), done.stdout
    assert "1 failed" in done.stdout
