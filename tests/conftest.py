"""The option ``--backend NAME`` (tests/techniques/conftest.py acts on it), and how the cores are shared.

Folders are tested on several cores. A test that watches the clock or needs every core is marked ``alone``:
no other test runs meanwhile.
"""

from __future__ import annotations

import fcntl
import gc
import os
import signal
from collections.abc import Callable, Generator
from pathlib import Path

import hypothesis
import pytest

from perfpy import techniques

# How long an example takes depends on what the other cores do.
hypothesis.settings.register_profile("shared", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("shared")

MOST_WORKERS = 4  # of about half a gigabyte each


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        action="append",
        default=[],
        metavar="NAME",
        help="run the tests that take a backend with this one only; may be given several times",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Use the cores, where folders are tested and the command line does not say how."""
    option = config.option
    if not config.pluginmanager.hasplugin("xdist") or hasattr(config, "workerinput"):
        return
    said = option.numprocesses is not None or option.tx or option.dist != "no"
    watched = option.usepdb or option.capture == "no"
    if not said and not watched and all(Path(name).is_dir() for name in config.args):
        option.numprocesses = min(len(os.sched_getaffinity(0)), MOST_WORKERS)
        option.dist = "worksteal"


def pytest_configure(config: pytest.Config) -> None:
    # A shell without job control starts background jobs with SIGINT ignored, which every child would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        machine = config.stash[MACHINE] = Machine(Path(config.option.basetemp).parent)
        config.add_cleanup(machine.leave)  # also where the run stops early
    chosen: list[str] = config.getoption("--backend")
    if not chosen:
        return
    known = {row.name for row in techniques.backends()}
    unknown = sorted(set(chosen) - known)
    if unknown:
        raise pytest.UsageError(
            f"--backend: no technique has {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )


class Machine:
    """The machine, which several workers use at once or one has for itself.

    Parameters
    ----------
    folder : Path
        Common to the workers; their locks are there. They end with the process, and are not those of children
        that it forks.
    """

    def __init__(self, folder: Path) -> None:
        self._gate, self._lock = ((folder / name).open("a+b") for name in ("gate", "machine"))
        self._mine = False

    def take(self, *, alone: bool) -> None:
        """Wait for the machine. Who comes later waits behind the gate, so that `alone` gets its turn."""
        if self._mine and alone:
            return
        fcntl.lockf(self._gate, fcntl.LOCK_EX)
        fcntl.lockf(self._lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.lockf(self._gate, fcntl.LOCK_UN)
        self._mine = alone

    def leave(self) -> None:
        fcntl.lockf(self._lock, fcntl.LOCK_UN)
        self._mine = False


MACHINE = pytest.StashKey[Machine]()


def is_alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that all workers end together, and end with what runs alone."""
    items.sort(key=lambda item: (is_alone(item), item.get_closest_marker("slow") is None))


def pytest_collection_finish() -> None:
    """Spare the tests that collect garbage the walk over all other tests, which takes a tenth of a second."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Hold the machine from the set-up of a test to its end; waiting for it is not the test's time."""
    machine = item.config.stash.get(MACHINE, None)
    if machine is None:
        return (yield)
    machine.take(alone=is_alone(item))
    try:
        return (yield)
    finally:
        if not (is_alone(item) and is_alone(nextitem)):  # else the others would take turns with those alone
            machine.leave()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Fill a folder of a name by a function, in one of the workers; what fails is tried again by the next."""

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        common = tmp_path_factory.getbasetemp()
        if "PYTEST_XDIST_WORKER" in os.environ:
            common = common.parent
        folder, done = common / name, common / f"{name}.done"
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir(exist_ok=True)
                fill(folder)
                done.touch()
        return folder

    return made
