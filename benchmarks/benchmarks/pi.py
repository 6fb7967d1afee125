"""Time and peak memory of every backend of `perfpy.estimate_pi`, on the workloads of `perfpy compare`."""

from __future__ import annotations

import math

import perfpy
from perfpy import techniques

from .peers import pi as peers

_BACKENDS = sorted(techniques.find("estimate_pi").table)
_PEER_SAMPLES = 10**8


def prepared(backend, workload, executor=None):
    """Return the arguments of a call, once its answer has been found right."""
    found = {row.name: row for row in perfpy.backends("estimate_pi")}
    chosen = next(item for item in techniques.workloads("estimate_pi") if item.name == workload)
    if not found[backend].available or backend in chosen.too_slow_for:
        raise NotImplementedError(f"{backend} is not here, or would need minutes for {workload}")
    arguments = {**chosen.arguments(), "executor": executor}
    if perfpy.estimate_pi(backend=backend, **arguments) != perfpy.estimate_pi(backend="c", **arguments):
        raise AssertionError(f"{backend} gives a wrong answer on {workload}")
    return {**arguments, "backend": backend}


class OneThread:
    """Every backend on one thread."""

    params = (_BACKENDS, ["small", "book", "large"])
    param_names = ("backend", "workload")
    warmup_time = 0  # setup has run it
    rounds = 2

    def setup(self, *parameters):
        self.arguments = prepared(*parameters)

    def time_call(self, *_):
        perfpy.estimate_pi(**self.arguments)

    def peakmem_call(self, *_):
        perfpy.estimate_pi(**self.arguments)


class TwoWorkers:
    """Two threads and two processes."""

    params = (["numba", "cython", "c"], ["book", "large"], ["threads:2", "processes:2"])
    param_names = ("backend", "workload", "executor")
    warmup_time = 0
    rounds = 2

    def setup(self, *parameters):
        self.arguments = prepared(*parameters)

    def time_call(self, *_):
        perfpy.estimate_pi(**self.arguments)


class Peers:
    """The same number of points as others count them."""

    params = (["numpy PCG64", "Numba xoshiro128++"],)
    param_names = ("peer",)
    warmup_time = 0
    rounds = 2

    def setup(self, peer):
        try:
            self.call = peers.numpy_chunked if peer == "numpy PCG64" else peers.numba_xoshiro()
        except ImportError as error:
            raise NotImplementedError("numba is not installed") from error
        assert abs(self.call(_PEER_SAMPLES) - math.pi) < 1e-3

    def time_call(self, *_):
        self.call(_PEER_SAMPLES)
