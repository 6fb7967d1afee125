"""Time and peak memory of every backend of diffusion and its peers, on the workloads of `perfpy compare`."""

from __future__ import annotations

import importlib.util
import shutil

import numpy as np

import perfpy
from perfpy.techniques.diffusion import DIFFUSE
from perfpy.techniques.diffusion._workloads import WORKLOADS

#: Title to the module of the peer; all take a periodic field, steps, dt and a number of threads.
PEERS = {
    "peer: Numba": "diffusion_numba",
    "peer: C": "diffusion_c",
    "peer: pystencils": "diffusion_pystencils",
}
_BY_NAME = {workload.name: workload for workload in WORKLOADS}
_OF_PEERS = (
    "tiny",
    "small",
    "book",
    "single",
    "large",
    "line",
    "volume",
)  # explicit steps, periodic, spacing 1


def close(expected, found):
    """Tell whether a field is right to rounding: peers sum in another order."""
    bound = 1e-4 if expected.dtype == np.float32 else 1e-12
    scale = np.abs(expected).max()
    return found.dtype == expected.dtype and np.abs(found - expected).max() <= bound * scale


def peer(name, threads):
    """Return a peer as a function of a field, steps and dt, if it is installed."""
    try:
        module = importlib.import_module(f"{__package__}.peers.{PEERS[name]}")
    except ImportError as error:
        raise NotImplementedError(f"{name} is not available: {error}") from error
    package, program = getattr(module, "PACKAGE", None), getattr(module, "PROGRAM", None)
    if (package and importlib.util.find_spec(package) is None) or (program and shutil.which(program) is None):
        raise NotImplementedError(f"{name} needs {package or program}")
    return lambda field, steps, dt=0.1: module.diffuse(field, steps, dt, threads)


def prepared(backend, name, threads=1):
    """Return a warmed-up function and its arguments, once its answer has been found right."""
    workload = _BY_NAME[name]
    arguments = dict(workload.arguments())
    expected = perfpy.diffuse(**arguments)
    if backend in PEERS:
        if name not in _OF_PEERS:
            raise NotImplementedError(f"{backend} is written for periodic explicit steps")
        function = peer(backend, threads)
    else:
        row = next(row for row in perfpy.backends("diffuse") if row.name == backend)
        if not row.available or DIFFUSE.table[backend].cannot(workload.needs):
            raise NotImplementedError(f"{backend} is not available, or cannot do {name}")
        if backend in workload.too_slow_for:
            raise NotImplementedError(f"{backend} would need minutes for {name}")
        arguments |= {"backend": backend, "executor": f"threads:{threads}" if threads > 1 else None}
        function = perfpy.diffuse
    if not close(expected, function(**arguments)):
        raise AssertionError(f"{backend} gives a wrong answer on {name}")
    return function, arguments


class OneThread:
    """Every backend and peer on one thread."""

    params = ([*DIFFUSE.table, *PEERS], [workload.name for workload in WORKLOADS])
    param_names = ("backend", "workload")
    warmup_time = 0  # setup has run it
    rounds = 2

    def setup(self, backend, workload):
        self.function, self.arguments = prepared(backend, workload)

    def time_diffuse(self, *_):
        self.function(**self.arguments)

    def peakmem_diffuse(self, *_):
        self.function(**self.arguments)


class TwoThreads:
    """What releases the GIL, on two threads."""

    params = (
        ["scipy", "numba", "cython", "pythran", "cffi", "c", *PEERS],
        ["book", "single", "large", "line", "volume", "spectral"],
    )
    param_names = ("backend", "workload")
    warmup_time = 0
    rounds = 2

    def setup(self, backend, workload):
        if backend == "scipy" and workload != "spectral":
            raise NotImplementedError("holds the GIL")
        self.function, self.arguments = prepared(backend, workload, 2)

    def time_diffuse(self, *_):
        self.function(**self.arguments)
