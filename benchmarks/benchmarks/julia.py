"""Time and peak memory of every Julia backend and its peers, on the workloads of `perfpy compare`."""

from __future__ import annotations

import numpy as np

import perfpy
from perfpy.techniques.julia import JULIA
from perfpy.techniques.julia._workloads import WORKLOADS

PEERS = ("peer: plain Numba", "peer: batched Numba")
_BY_NAME = {workload.name: workload for workload in WORKLOADS}
_CHECKED_BY = "c"  # the backend that the tests hold equal to the reference, quick enough to check by
_THREADS = "threads:2"


def arguments_of(workload):
    """Return a workload's arguments with the axes as arrays, so that no call converts them."""
    arguments = dict(_BY_NAME[workload].arguments())
    for name in ("x", "y"):
        value = arguments[name]
        if not isinstance(value, int):
            arguments[name] = np.array(value)
    return arguments


def function_of(backend, executor=None):
    """Return the backend or peer as a function of a workload's arguments."""
    if backend not in PEERS:
        if backend not in JULIA.table or not next(
            row.available for row in perfpy.backends("julia") if row.name == backend
        ):
            raise NotImplementedError(f"{backend} is not available here")
        return lambda **arguments: perfpy.julia(backend=backend, executor=executor, **arguments)
    try:
        from .peers import julia_numba
    except ImportError as error:
        raise NotImplementedError("numba is not installed") from error
    kernel = julia_numba.plain if backend == PEERS[0] else julia_numba.batched
    # A peer is divided by perfpy's own executor: rows by measured work, the best it can get.
    perfpy.register_backend("julia", backend, kernel)
    return lambda **arguments: perfpy.julia(backend=backend, executor=executor, **arguments)


def prepared(backend, workload, executor=None):
    """Return a warmed-up function and its arguments, once its answer has been found right."""
    if backend in _BY_NAME[workload].too_slow_for or (backend == PEERS[0] and workload == "large"):
        raise NotImplementedError(f"{backend} would need minutes for {workload}")
    function, arguments = function_of(backend, executor), arguments_of(workload)
    expected = perfpy.julia(backend=_CHECKED_BY, **arguments)
    if not np.array_equal(function(**arguments), expected):
        raise AssertionError(f"{backend} gives a wrong answer on {workload}")
    return function, arguments


class OneThread:
    """Every backend and peer on one thread."""

    params = ([*JULIA.table, *PEERS], [workload.name for workload in WORKLOADS])
    param_names = ("backend", "workload")
    warmup_time = 0  # setup has run it
    rounds = 2

    def setup(self, backend, workload):
        self.function, self.arguments = prepared(backend, workload)

    def time_julia(self, *_):
        self.function(**self.arguments)

    def peakmem_julia(self, *_):
        self.function(**self.arguments)


class TwoThreads:
    """What releases the GIL, on two threads; and worker processes for what does not."""

    params = (["numpy", "numba", "c", *PEERS], ["threads:2", "processes:2"], ["book", "large"])
    param_names = ("backend", "executor", "workload")
    warmup_time = 0
    rounds = 2

    def setup(self, backend, executor, workload):
        if backend in PEERS and executor != _THREADS:
            raise NotImplementedError("functions of this process are not sent to others")
        self.function, self.arguments = prepared(backend, workload, executor)

    def time_julia(self, *_):
        self.function(**self.arguments)
