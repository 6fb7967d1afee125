"""MPI: the other processes of a program that mpiexec started through mpi4py.futures."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from . import _bridge, _worker
from ._engine import Engine, Reach

COMMAND = "mpiexec -n N python -m mpi4py.futures PROGRAM"


def pool() -> Engine:
    """Return the workers that the program was started with."""
    if not started_for_it():
        raise RuntimeError(f'executor "mpi" needs the program to be started with: {COMMAND}')
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPIPoolExecutor
    except ImportError as error:
        raise ImportError(
            f'executor "mpi" cannot be used ({error}); it needs an MPI, on Debian: apt install openmpi-bin, '
            'and pip install "perfpy[mpi]"'
        ) from error
    if MPI.COMM_WORLD.Get_size() < 2:
        raise RuntimeError(f'executor "mpi" needs at least one process besides this: {COMMAND}, N > 1')
    # Workers that import the main script would run all of it where its guard is missing, and wait for ever.
    workers: Any = MPIPoolExecutor(initializer=_worker.start_quietly, main=False)
    number = workers.num_workers
    atexit.register(workers.shutdown, wait=False, cancel_futures=True)
    return Engine(MPIExecutor(workers), number, Reach.NOTHING, longest=0.25, shortest=0.005)


class MPIExecutor:
    """Calls on the workers of mpi4py, of functions of the main script, too."""

    def __init__(self, workers: Any) -> None:
        self._workers = workers

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Schedule a call and return its future."""
        future: Future[Any] = self._workers.submit(_worker.call, _bridge.packed(fn, args, kwargs))
        return future


def started_for_it() -> bool:
    """Tell whether this is a program whose other processes wait for work."""
    arguments = sys.orig_argv
    return "mpi4py.futures" in arguments and arguments[arguments.index("mpi4py.futures") - 1] == "-m"
