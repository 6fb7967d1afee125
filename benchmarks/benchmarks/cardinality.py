"""Time, memory and measured error of everything that counts keys, on the workloads of `perfpy compare`."""

from __future__ import annotations

import math

import numpy as np

import perfpy
from perfpy import techniques
from perfpy.techniques.cardinality import _workloads as _cardinality
from perfpy.techniques.counting import _workloads as _counting

from .peers import cardinality as peers

_CHECKED_BY = "c"  # the backend that the tests hold equal to the reference, quick enough to check by
_DISTINCT = ("hyperloglog", "exaloglog", "linear_counting", "loglog", "superloglog", "k_minimum_values")
_TECHNIQUES = (*_DISTINCT, "count_min", "morris_counter")
_BACKENDS = ("python", "numpy", "c")  # peers that are backends are slower than those in `Peers`


def prepared(technique, backend, workload):
    """Return a warmed-up function and its arguments, once its answer has been found right."""
    found = {row.name: row for row in perfpy.backends(technique)}
    if backend not in found or not found[backend].available:
        raise NotImplementedError(f"{technique} has no {backend} here")
    chosen = next(item for item in techniques.workloads(technique) if item.name == workload)
    if backend in chosen.too_slow_for:
        raise NotImplementedError(f"{backend} would need minutes for {workload}")
    arguments = chosen.arguments()
    function = getattr(perfpy, technique)
    agree = (_cardinality if technique in _cardinality.WORKLOADS else _counting).agree
    expected = function(backend=_CHECKED_BY, **arguments)
    if not agree(expected, function(backend=backend, **arguments), found[backend].traits.bound).equal:
        raise AssertionError(f"{backend} gives a wrong answer on {technique}, {workload}")
    return function, {**arguments, "backend": backend}


class Keys:
    """Every backend takes in a workload's keys; `Accuracy` has the bytes."""

    params = (list(_TECHNIQUES), list(_BACKENDS), ["small", "large"])
    param_names = ("technique", "backend", "workload")
    warmup_time = 0  # setup has run it
    rounds = 2

    def setup(self, technique, backend, workload):
        self.function, self.arguments = prepared(technique, backend, workload)

    def time_call(self, *_):
        self.function(**self.arguments)


class Singly:
    """100,000 keys one by one, and questions about them."""

    params = (list(_TECHNIQUES), ["python", "c"])
    param_names = ("technique", "backend")
    warmup_time = 0
    rounds = 2

    def setup(self, technique, backend):
        self.sketch = getattr(perfpy, technique)(backend=backend)
        self.counts_keys = technique == "count_min"
        self.keys = [0] * 100_000 if technique == "morris_counter" else peers.strings(100_000)
        self.time_add()

    def time_add(self, *_):
        add = self.sketch.add
        for key in self.keys:
            add(key)

    def time_count(self, *_):
        self.sketch.count(*self.keys[: self.counts_keys])


class Accuracy:
    """How far counts are from the truth, and in how many bytes; 100 hash functions."""

    params = (list(_DISTINCT), [1000, 100_000])
    param_names = ("technique", "keys")

    def setup(self, technique, keys):
        make = getattr(perfpy, technique)
        items = np.arange(keys)
        sketches = [make(items, seed=seed) for seed in range(100)]
        self.errors = np.array([sketch.count() for sketch in sketches]) / keys - 1
        self.bytes = sketches[0].nbytes

    def track_root_mean_square_error(self, *_):
        return float(np.sqrt(np.mean(self.errors**2)))

    def track_bias(self, *_):
        return float(self.errors.mean())

    def track_bytes(self, *_):
        return self.bytes

    track_root_mean_square_error.unit = "relative"
    track_bias.unit = "relative"
    track_bytes.unit = "bytes"


class CountMinAccuracy:
    """By how much counts of keys by Zipf's law are too high, as a part of the bound."""

    params = ([False, True], [1e-2, 1e-4])
    param_names = ("conservative", "error")

    def setup(self, conservative, error):
        items = np.random.default_rng(2025).zipf(1.2, 200_000) % 2**40
        self.sketch = perfpy.count_min(items, error=error, conservative=conservative)
        keys, truth = np.unique(items, return_counts=True)
        self.excess = (self.sketch.counts(keys) - truth) / self.sketch.error_bound()

    def track_mean_excess(self, *_):
        return float(self.excess.mean())

    def track_keys_beyond_the_bound(self, *_):
        return float(np.mean(self.excess > 1))

    def track_bytes(self, *_):
        return self.sketch.nbytes

    track_mean_excess.unit = "of the bound"
    track_keys_beyond_the_bound.unit = "of all keys"
    track_bytes.unit = "bytes"


class MorrisAccuracy:
    """How far counts of 1,000 events are from the truth, over 4,000 counters."""

    params = ([1.01, 1.1, 2.0],)
    param_names = ("base",)

    def track_root_mean_square_error(self, base):
        events = np.tile(np.arange(4000), 1000)
        counts = perfpy.morris_counter(events, size=4000, base=base, seed=1).counts()
        return math.sqrt(np.mean((counts / 1000 - 1) ** 2))

    track_root_mean_square_error.unit = "relative"


class Peers:
    """Other packages as they are, with the threads that they take by default."""

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
