"""Where divided work runs: ``executor=`` made real.

A public function that can divide its work takes ``executor=``, asks `engine` what to run on, cuts the work
into pieces (`Sizes`), and hands them out through `run`, which knows no technique. How arrays travel depends
on what an engine's workers can reach: threads write into the caller's arrays, processes of perfpy's own into
a `SharedArrays` block, and any other executor is sent values and sends values back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._available import Availability, available
from ._check import Check, Report, check
from ._engine import Engine, ExecutorLike, Reach, SupportsSubmit, gil_enabled
from ._pools import engine, fresh
from ._run import run
from ._sendable import sendable, sendable_name, sendable_record, sendable_subclasses, sendable_type
from ._sent import Sent
from ._sizes import Sizes

if TYPE_CHECKING:
    from ._shared import SharedArrays, call_with_arrays

__all__ = [
    "ExecutorLike",
    "resolve",
    "available",
    "Availability",
    "check",
    "Check",
    "Report",
    "Engine",
    "Reach",
    "Sent",
    "SharedArrays",
    "Sizes",
    "SupportsSubmit",
    "call_with_arrays",
    "engine",
    "fresh",
    "gil_enabled",
    "run",
    "sendable",
    "sendable_name",
    "sendable_record",
    "sendable_subclasses",
    "sendable_type",
]


def resolve(spec: ExecutorLike) -> SupportsSubmit | None:
    """Return the executor that an ``executor=`` argument stands for.

    Parameters
    ----------
    spec : None, str or executor
        None for the calling thread; ``"threads"``, ``"processes"``, ``"dask"`` or ``"ray"`` for a worker per
        available core of this machine, or with a number of workers, as ``"threads:4"``;
        ``"dask://HOST:PORT"`` or ``"ray://HOST:PORT"`` for the cluster that answers there;
        ``"ipyparallel:PROFILE"`` or ``"mpi"`` for what they started; or an object whose ``submit`` returns
        futures (PEP 3148), which is returned unchanged.

    Returns
    -------
    executor or None
        For a string, perfpy's own executor. It is created when first asked for, shared by all calls, and
        shut down when the interpreter exits, as are the workers that it started; shutting it down yourself
        is an error.

    Raises
    ------
    ValueError
        If a string names no executor or its number of workers is not a positive integer.
    ImportError
        If the package of an executor is not installed.
    RuntimeError
        If ``"mpi"`` is asked for in a program that was not started for it.
    ConnectionError
        If a cluster does not answer within seconds, or has no workers.
    TypeError
        If `spec` is neither None, a string, nor an object with a ``submit`` method.

    Notes
    -----
    Processes are started by loky where it is installed (``pip install "perfpy[cluster]"``), else by the
    standard library with the start method ``forkserver`` or ``spawn``; never by ``fork``, which is unsafe
    once there are threads.

    Examples
    --------
    >>> import perfpy
    >>> threads = perfpy.executors.resolve("threads:2")
    >>> threads.submit(pow, 2, 10).result()
    1024
    >>> perfpy.executors.resolve(None) is None
    True
    """
    return None if spec is None else engine(spec).executor


def __getattr__(name: str) -> Any:
    """Load what shares memory when it is asked for: it needs multiprocessing."""
    if name not in ("SharedArrays", "call_with_arrays"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _shared

    return globals().setdefault(name, getattr(_shared, name))
