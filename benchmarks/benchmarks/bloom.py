"""Time, memory and measured error of every backend of Bloom filters, on the workloads of `perfpy compare`."""

from __future__ import annotations

import numpy as np

import perfpy
from perfpy.techniques.bloom import BLOOM_FILTER
from perfpy.techniques.bloom._workloads import SETS, WORKLOADS, agree

from .peers import bloom as peers

_CHECKED_BY = "c"  # the backend that the tests hold equal to the reference, quick enough to check by
_FORMS = {
    "blocked": {},
    "classic": {"layout": "classic"},
    "counting": {"counting": True},
    "scalable": {"scalable": True},
}


def prepared(backend, workload):
    """Return the arguments of a workload and the filter, once it has been found right."""
    row = next(row for row in perfpy.backends("bloom_filter") if row.name == backend)
    if not row.available:
        raise NotImplementedError(row.reason)
    if backend in next(item for item in WORKLOADS if item.name == workload).too_slow_for:
        raise NotImplementedError(f"{backend} would need minutes for {workload}")
    arguments = {**SETS[workload].arguments(), "backend": backend}
    one = perfpy.bloom_filter(**arguments)
    expected = perfpy.bloom_filter(**{**arguments, "backend": _CHECKED_BY})
    if not agree(expected, one, row.traits.bound).equal:
        raise AssertionError(f"{backend} gives a wrong answer on {workload}")
    return arguments, one


class Keys:
    """Every backend and peer takes a workload's keys in and looks them up."""

    params = (list(BLOOM_FILTER.table), ["small", "book", "large"])
    param_names = ("backend", "workload")
    warmup_time = 0  # setup has run it
    rounds = 2

    def setup(self, backend, workload):
        self.arguments, self.filter = prepared(backend, workload)

    def time_add(self, *_):
        perfpy.bloom_filter(**self.arguments)

    def time_look_up(self, *_):
        self.filter.contains(self.arguments["items"])

    def track_bytes(self, *_):
        return self.filter.nbytes

    track_bytes.unit = "bytes"


class Singly:
    """100,000 strings one by one."""

    params = (list(BLOOM_FILTER.table),)
    param_names = ("backend",)
    warmup_time = 0
    rounds = 2

    def setup(self, backend):
        if not next(row.available for row in perfpy.backends("bloom_filter") if row.name == backend):
            raise NotImplementedError(f"{backend} is not available here")
        self.keys = peers.strings(100_000)
        self.filter = perfpy.bloom_filter(len(self.keys), backend=backend)
        self.time_add()

    def time_add(self, *_):
        add = self.filter.add
        for key in self.keys:
            add(key)

    def time_look_up(self, *_):
        peers.find_singly(self.filter, self.keys)


class Accuracy:
    """How often strangers are found, as a part of the nominal rate, and how many bits a key takes."""

    params = (list(_FORMS), [1e-1, 1e-2, 1e-3, 1e-4])
    param_names = ("form", "error_rate")

    def setup(self, form, error_rate):
        keys = np.random.default_rng(2025).permutation(2_100_000)
        members, strangers = keys[:100_000], keys[100_000:]
        one = perfpy.bloom_filter(len(members), error_rate, items=members, **_FORMS[form])
        self.rate = np.count_nonzero(one.contains(strangers)) / len(strangers) / error_rate
        self.bits = 8 * one.nbytes / len(members)

    def track_error(self, *_):
        return self.rate

    def track_bits(self, *_):
        return self.bits

    track_error.unit = "of the nominal rate"
    track_bits.unit = "bits per key"


class Peers:
    """Other packages as they are."""

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
