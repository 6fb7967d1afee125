"""Time and peak memory of every backend of the functions about primes, on the workloads of `perfpy compare`.

Peers that are backends convert what they find to the dtype of perfpy; `Peers` has them as they are.
"""

from __future__ import annotations

import itertools
from collections import deque

import numpy as np

import perfpy
from perfpy import techniques
from perfpy.techniques.primes import _workloads

from .peers import primes as peers

_CHECKED_BY = "c"  # the backend that the tests hold equal to the reference, quick enough to check by
_FUNCTIONS = ("primes", "count_primes", "nth_prime", "is_prime", "prime_factors", "twin_primes")
_BACKENDS = sorted({backend for function in _FUNCTIONS for backend in techniques.find(function).table})
_NAMES = ("small", "book", "large", "window")


def prepared(function, backend, workload, executor=None):
    """Return a warmed-up function and its arguments, once its answer has been found right."""
    found = {row.name: row for row in perfpy.backends(function)}
    chosen = next((item for item in techniques.workloads(function) if item.name == workload), None)
    if chosen is None or backend not in found or not found[backend].available:
        raise NotImplementedError(f"{function} has no {workload}, or no {backend} here")
    if backend in chosen.too_slow_for:
        raise NotImplementedError(f"{backend} would need minutes for {workload}")
    arguments = dict(chosen.arguments())
    if executor is not None:
        arguments["executor"] = executor
    call = getattr(perfpy, function)
    expected = call(backend=_CHECKED_BY, **arguments)
    if not _workloads.agree(expected, call(backend=backend, **arguments)).equal:
        raise AssertionError(f"{backend} gives a wrong answer on {function}, {workload}")
    return call, {**arguments, "backend": backend}


class OneThread:
    """Every backend on one thread."""

    params = (list(_FUNCTIONS), _BACKENDS, list(_NAMES))
    param_names = ("function", "backend", "workload")
    warmup_time = 0  # setup has run it
    rounds = 2

    def setup(self, function, backend, workload):
        self.function, self.arguments = prepared(function, backend, workload)

    def time_call(self, *_):
        self.function(**self.arguments)

    def peakmem_call(self, *_):
        self.function(**self.arguments)


class TwoWorkers:
    """What divides its work, on two threads and on two processes."""

    params = (
        ["primes", "count_primes", "is_prime"],
        ["numpy", "numba", "c"],
        ["threads:2", "processes:2"],
        ["large", "window"],
    )
    param_names = ("function", "backend", "executor", "workload")
    warmup_time = 0
    rounds = 2

    def setup(self, function, backend, executor, workload):
        self.function, self.arguments = prepared(function, backend, workload, executor)

    def time_call(self, *_):
        self.function(**self.arguments)


class Peers:
    """Other packages as they are, with the types and the threads that they come with by default."""

    params = (list(peers.CALLS),)
    param_names = ("call",)
    warmup_time = 0
    rounds = 2

    def setup(self, call):
        try:
            self.call = peers.CALLS[call]()
        except ImportError as error:
            raise NotImplementedError(f"not installed: {error.name}") from error
        self.call()

    def time_call(self, *_):
        self.call()


class Iteration:
    """Primes below 10**7 as they are wanted."""

    params = (["iter_primes", "prime_blocks", "sympy"],)
    param_names = ("form",)
    warmup_time = 0
    rounds = 2

    def setup(self, form):
        if form == "sympy":
            try:
                from sympy import primerange
            except ImportError as error:
                raise NotImplementedError("sympy is not installed") from error
            self.make = primerange
        else:
            self.make = getattr(perfpy, form)
        first = next(iter(self.make(0, 10**7)))
        assert np.ravel(first)[0] == 2

    def time_to_the_end(self, *_):
        deque(self.make(0, 10**7), maxlen=0)

    def time_first_hundred(self, *_):
        deque(itertools.islice(self.make(0, 10**7), 100), maxlen=0)
