"""Which engines can be used here, and what those that cannot be used need."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
from typing import NamedTuple

from . import _mpi


class Availability(NamedTuple):
    """Whether an engine can be used here.

    Attributes
    ----------
    name : str
        What to pass as ``executor=``.
    available : bool
        Whether what it needs is there.
    reason : str
        Why not, and the remedy; empty where available.
    version : str
        The package the engine is from, and its version.
    """

    name: str
    available: bool
    reason: str
    version: str


def available() -> tuple[Availability, ...]:
    """Say which engines ``executor=`` can name here, and why it cannot name the others.

    Nothing is started or connected to: whether a cluster answers is known when it is called.

    Returns
    -------
    tuple of Availability
        A row for each engine: its name, whether it is available, the reason if not, and its version.

    See Also
    --------
    check : Whether an engine keeps what it promises.

    Examples
    --------
    >>> import perfpy
    >>> rows = {row.name: row for row in perfpy.executors.available()}
    >>> rows["threads"].available
    True
    """
    python = f"Python {platform.python_version()}"
    return (
        Availability("threads", True, "", python),
        Availability("processes", True, "", _version("loky") or python),
        _packaged("dask", "distributed"),
        _packaged("ray", "ray"),
        _mpi_row(),
        _packaged("ipyparallel", "ipyparallel"),
        _packaged("queue", "huey", extra="jobs"),
    )


def _packaged(name: str, package: str, extra: str = "") -> Availability:
    """Describe an engine that a package provides."""
    version = _version(package)
    install = f'pip install "perfpy[{extra or name}]"'
    missing = f"the package {package!r} is not installed; install it with: {install}"
    return Availability(name, bool(version), "" if version else missing, version)


def _mpi_row() -> Availability:
    row = _packaged("mpi", "mpi4py")
    if not row.available:
        return row
    if shutil.which("mpiexec") is None:
        reason = "there is no mpiexec; install an MPI, on Debian with: apt install openmpi-bin"
    elif not _mpi.started_for_it():
        reason = f"the program has to be started with: {_mpi.COMMAND}"
    else:
        return row
    return Availability(row.name, False, reason, "")


def _version(package: str) -> str:
    """Return a package's name and version, or an empty string where it is not installed."""
    if importlib.util.find_spec(package) is None:
        return ""
    return f"{package} {importlib.metadata.version(package)}"
