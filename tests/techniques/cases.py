"""What the contract tests need to know of each technique; an entry here brings one under all of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

import perfpy
from perfpy import datasets
from perfpy.techniques.bloom import _workloads as _bloom
from perfpy.techniques.cardinality import _workloads as _cardinality
from perfpy.techniques.counting import _workloads as _counting
from perfpy.techniques.diffusion import _workloads as _diffusion
from perfpy.techniques.julia import _workloads as _julia
from perfpy.techniques.pi import _workloads as _pi
from perfpy.techniques.primes import _workloads as _primes
from perfpy.techniques.trie import _workloads as _trie


@dataclass(frozen=True)
class Case:
    """How a technique is called, and with what.

    Parameters
    ----------
    function : callable
        The public function.
    arrays : mapping
        Small array arguments, by name; whole numbers, so that every dtype holds them exactly.
    options : mapping
        The other arguments of that small call.
    empty : mapping
        Arguments that make the result empty; none where it is not an array.
    huge : mapping
        Arguments of a call that takes many minutes on any backend.
    lengthy : mapping
        What to change in `huge` for a call of some tenths of a second on a fast backend.
    workload : callable
        Returns the arguments of a call of some size, on which variants of the compiled code are compared.
    bad : sequence
        Arguments that must be refused, each with the exception.
    out : bool
        Whether the function takes ``out=`` of the shape of the result.
    longer : mapping
        Backend to what to change in `lengthy` for one that is far faster than the others.
    held : object
        What a kernel returns that does nothing.
    content : callable
        Returns the bytes of a result.
    """

    function: Callable[..., Any]
    arrays: Mapping[str, np.ndarray]
    options: Mapping[str, Any]
    empty: Mapping[str, np.ndarray]
    huge: Mapping[str, Any]
    lengthy: Mapping[str, Any]
    workload: Callable[[], Mapping[str, Any]]
    bad: tuple[tuple[Mapping[str, Any], type[Exception]], ...]
    out: bool
    longer: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held: Any = None
    content: Callable[[Any], bytes] = lambda result: np.asarray(result).tobytes()

    def call(self, backend: str, **changes: Any) -> Any:
        """Make the small call, some arguments changed."""
        return self.function(**{**self.arrays, **self.options, **changes}, backend=backend)


class _Zeros:
    """So many that nobody waits for the end."""

    def __iter__(self) -> Iterator[int]:
        return itertools.repeat(0)


class _Endless:
    """So many keys that nobody waits for the end."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._count))


class _Words:
    """Made-up words, as many as are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __iter__(self) -> Iterator[str]:
        return map(datasets.made_up_word, range(self._count))


#: Numbers that a function of one number refuses.
_NO_NUMBERS = (
    ({"n": True}, TypeError),
    ({"n": "7"}, TypeError),
    ({"n": None}, TypeError),
    ({"n": 1.5}, ValueError),
    ({"n": float("nan")}, ValueError),
)


def _of_interval(
    name: str, bad: tuple[tuple[Mapping[str, Any], type[Exception]], ...] = (), **fields: Any
) -> Case:
    """Return the case of a function about the primes of an interval."""
    given: dict[str, Any] = {
        "function": getattr(perfpy, name),
        "arrays": {},
        "options": {"start_or_stop": 3, "stop": 40},
        "empty": {"start_or_stop": 24, "stop": 29},
        "huge": {"start_or_stop": 10**15, "stop": 10**15 + 10**10},
        "lengthy": {"stop": 10**15 + 5 * 10**7},
        "workload": _primes.WORKLOADS[name][0].arguments,
        "bad": (
            ({"start_or_stop": True}, TypeError),
            ({"start_or_stop": "10"}, TypeError),
            ({"start_or_stop": None}, TypeError),
            ({"start_or_stop": 0.5}, ValueError),
            ({"start_or_stop": float("inf")}, ValueError),
            ({"start_or_stop": 2**64 + 1, "stop": None}, ValueError),
            ({"stop": 2**64 + 1}, ValueError),
            ({"stop": 1j}, TypeError),
            *bad,
        ),
        "out": False,
    }
    return Case(**(given | fields))


def _of_number(name: str, n: int, **fields: Any) -> Case:
    """Return the case of a function of one number."""
    given: dict[str, Any] = {
        "function": getattr(perfpy, name),
        "arrays": {},
        "options": {"n": n},
        "empty": {},
        "huge": {"n": n},
        "lengthy": {},
        "workload": _primes.WORKLOADS[name][0].arguments,
        "bad": _NO_NUMBERS,
        "out": False,
        "held": 0,
    }
    return Case(**(given | fields))


_PRIMES = {
    "primes": _of_interval(
        "primes",
        bad=(
            ({"dtype": float}, TypeError),
            ({"dtype": np.uint8, "stop": 300}, ValueError),
            ({"dtype": np.dtype(np.uint32).newbyteorder()}, TypeError),
            ({"out": [0] * 20}, TypeError),
            ({"out": np.zeros(20)}, TypeError),
            ({"out": np.zeros(3, np.int64)}, ValueError),
            ({"out": np.zeros((4, 5), np.int64)}, ValueError),
            ({"out": np.zeros(20, np.uint8), "stop": 300}, ValueError),
        ),
        held=0,
    ),
    "count_primes": _of_interval(
        "count_primes",
        empty={},
        huge={"start_or_stop": 10**18, "stop": 10**18 + 10**12},
        lengthy={"start_or_stop": 10**15, "stop": 10**15 + 5 * 10**7},
        held=0,
    ),
    "nth_prime": _of_number(
        "nth_prime",
        12,
        huge={"n": 10**17},
        lengthy={"n": 10**8},
        longer={"c": {"n": 10**14}},
        bad=(*_NO_NUMBERS, ({"n": 0}, ValueError), ({"n": 425_656_284_035_217_744}, ValueError)),
    ),
    "is_prime": _of_number(
        "is_prime",
        7,
        arrays={"n": np.array([-7.0, 0.0, 1.0, 2.0, 9.0, 97.0, 91.0])},
        options={},
        empty={"n": np.empty((3, 0), np.int32)},
        huge={"n": np.broadcast_to(np.uint64(18_446_744_073_709_551_557), (3 * 10**7,))},
        lengthy={"n": np.full(10**6, 18_446_744_073_709_551_557, np.uint64)},
        bad=(
            *_NO_NUMBERS,
            ({"n": ["7"]}, TypeError),
            ({"n": [1.5]}, ValueError),
            ({"n": np.array([np.inf])}, ValueError),
            ({"n": np.array([2.0**64])}, ValueError),
            ({"n": np.array([True])}, TypeError),
            ({"n": [3, None]}, TypeError),
        ),
    ),
    # Numbers with 64 bits are done in no time; only those of any size take long.
    "next_prime": _of_number("next_prime", 113, huge={"n": 2**9000}),
    "previous_prime": _of_number(
        "previous_prime", 127, huge={"n": 2**9000}, bad=(*_NO_NUMBERS, ({"n": 2}, ValueError))
    ),
    "prime_factors": _of_number(
        "prime_factors",
        360,
        bad=(*_NO_NUMBERS, ({"n": 0}, ValueError), ({"n": -6}, ValueError), ({"n": 2**64}, ValueError)),
        held=[],
    ),
    "twin_primes": _of_interval("twin_primes", held=np.empty(0, np.uint64)),
    "constellations": _of_interval(
        "constellations",
        bad=(
            ({"pattern": "pairs"}, ValueError),
            ({"pattern": 2}, TypeError),
            ({"pattern": (1, 3)}, ValueError),
            ({"pattern": (0, 6, 2)}, ValueError),
            ({"pattern": ()}, ValueError),
        ),
        held=np.empty(0, np.uint64),
    ),
}


def _of_counter(
    name: str, options: Mapping[str, Any], *bad: tuple[Mapping[str, Any], type[Exception]]
) -> Case:
    """Return the case of a function that counts different keys."""
    return Case(
        function=getattr(perfpy, name),
        arrays={"items": np.array([-1.0, 0.0, 1.0, 2.0, 77.0])},
        options=options,
        empty={},
        huge={"items": _Endless(2**62)},
        lengthy={"items": np.zeros(100_000_000, np.uint8)},
        workload=_counting.WORKLOADS[name][0].arguments,
        bad=(*bad, ({"seed": -1}, ValueError), ({"key": 1}, TypeError)),
        out=False,
        held=SimpleNamespace(update=lambda *keys, **options: None),
        content=lambda result: result.to_bytes(),
    )


_PRECISIONS = (
    ({"precision": 3}, ValueError),
    ({"precision": 25}, ValueError),
    ({"precision": "12"}, TypeError),
)
_COUNTERS = {
    "linear_counting": _of_counter(
        "linear_counting", {"bits": 100}, ({"bits": 7}, ValueError), ({"bits": 8.0}, TypeError)
    ),
    "loglog": _of_counter("loglog", {"precision": 4}, *_PRECISIONS),
    "superloglog": _of_counter("superloglog", {"precision": 4}, *_PRECISIONS),
    "k_minimum_values": _of_counter(
        "k_minimum_values", {"k": 8}, ({"k": 7}, ValueError), ({"k": None}, TypeError)
    ),
    "morris_counter": Case(
        function=perfpy.morris_counter,
        arrays={},
        options={"indices": [0, 1, 1, 3] * 20, "size": 4, "base": 1.5, "seed": 1},
        empty={},
        huge={"indices": _Zeros()},
        lengthy={"indices": np.zeros(50_000_000, np.uint8)},
        workload=_counting.WORKLOADS["morris_counter"][0].arguments,
        bad=(
            ({"indices": [4]}, ValueError),
            ({"indices": [-1]}, ValueError),
            ({"indices": [0.5]}, TypeError),
            ({"indices": ["0"]}, TypeError),
            ({"size": 0}, ValueError),
            ({"size": 1.5}, TypeError),
            ({"base": 1.0}, ValueError),
            ({"base": float("nan")}, ValueError),
            ({"base": "2"}, TypeError),
            ({"seed": -1}, ValueError),
            ({"seed": "1"}, TypeError),
        ),
        out=False,
        held=SimpleNamespace(update=lambda *indices, **options: None),
        content=lambda result: result.to_bytes(),
    ),
}

CASES = {
    "bloom_filter": Case(
        function=perfpy.bloom_filter,
        arrays={"items": np.array([-1.0, 0.0, 1.0, 2.0, 77.0])},
        options={"capacity": 100},
        empty={},
        huge={"capacity": 1000, "items": _Endless(2**62)},
        lengthy={"items": np.zeros(60_000_000, np.uint8)},
        workload=_bloom.WORKLOADS[0].arguments,
        bad=(
            ({"capacity": 0}, ValueError),
            ({"capacity": 2**63}, ValueError),
            ({"capacity": 1.5}, TypeError),
            ({"error_rate": float("nan")}, ValueError),
            ({"error_rate": 1}, ValueError),
            ({"error_rate": "0.1"}, TypeError),
            ({"layout": "square"}, ValueError),
            ({"seed": -1}, ValueError),
            ({"key": 1}, TypeError),
        ),
        out=False,
        held=SimpleNamespace(update=lambda *keys, **options: None),
        content=perfpy.BloomFilter.to_bytes,
    ),
    "hyperloglog": Case(
        function=perfpy.hyperloglog,
        arrays={"items": np.array([-1.0, 0.0, 1.0, 2.0, 77.0])},
        options={"precision": 4},
        empty={},
        huge={"items": _Endless(2**62)},
        lengthy={"items": np.zeros(200_000_000, np.uint8)},
        workload=_cardinality.WORKLOADS["hyperloglog"][0].arguments,
        bad=(
            ({"precision": 3}, ValueError),
            ({"precision": 25}, ValueError),
            ({"precision": 12.0}, TypeError),
            ({"precision": "12"}, TypeError),
            ({"seed": -1}, ValueError),
            ({"key": 1}, TypeError),
        ),
        out=False,
        held=SimpleNamespace(update=lambda *keys, **options: None),
        content=perfpy.HyperLogLog.to_bytes,
    ),
    "exaloglog": Case(
        function=perfpy.exaloglog,
        arrays={"items": np.array([-1.0, 0.0, 1.0, 2.0, 77.0])},
        options={"precision": 4},
        empty={},
        huge={"items": _Endless(2**62)},
        lengthy={"items": np.zeros(200_000_000, np.uint8)},
        workload=_cardinality.WORKLOADS["exaloglog"][0].arguments,
        bad=(
            ({"precision": 3}, ValueError),
            ({"precision": 25}, ValueError),
            ({"precision": 12.0}, TypeError),
            ({"precision": "12"}, TypeError),
            ({"seed": -1}, ValueError),
            ({"key": 1}, TypeError),
        ),
        out=False,
        held=SimpleNamespace(update=lambda *keys, **options: None),
        content=perfpy.ExaLogLog.to_bytes,
    ),
    "count_min": Case(
        function=perfpy.count_min,
        arrays={"items": np.array([-1.0, 0.0, 1.0, 2.0, 1.0])},
        options={"error": 0.1},
        empty={},
        huge={"items": _Endless(2**62)},
        lengthy={"items": np.zeros(60_000_000, np.uint8)},
        workload=_cardinality.WORKLOADS["count_min"][0].arguments,
        bad=(
            ({"error": 0}, ValueError),
            ({"error": 2.0}, ValueError),
            ({"error": float("nan")}, ValueError),
            ({"error": "0.1"}, TypeError),
            ({"failure": 0.0}, ValueError),
            ({"failure": None}, TypeError),
            ({"heavy_hitters": -1}, ValueError),
            ({"heavy_hitters": 1.5}, TypeError),
            ({"seed": -1}, ValueError),
            ({"key": 1}, TypeError),
        ),
        out=False,
        held=SimpleNamespace(update=lambda *keys, **options: None),
        content=perfpy.CountMin.to_bytes,
    ),
    "julia": Case(
        function=perfpy.julia,
        arrays={"x": np.array([-1.0, 0.0, 1.0, 2.0, 0.0]), "y": np.array([1.0, 0.0, -1.0])},
        options={"c": -0.5 + 0.25j, "max_iterations": 40},
        empty={"x": np.array([]), "y": np.array([0.0, 1.0])},
        # Around the centre of a Siegel disc nothing escapes and nothing attracts: no proof makes this short.
        huge={
            "x": np.linspace(-0.4, -0.34, 64),
            "y": np.linspace(-0.37, -0.31, 64),
            "c": -0.390540870218401 - 0.586787907346969j,
            "max_iterations": 2**31 - 1,
        },
        lengthy={"max_iterations": 100_000},
        workload=_julia.WORKLOADS[0].arguments,
        bad=(
            ({"x": [[0.0]]}, ValueError),
            ({"x": -1}, ValueError),
            ({"y": np.array(0.0)}, ValueError),
            ({"y": ["0"]}, TypeError),
            ({"x": [1j]}, TypeError),
            ({"c": "1"}, TypeError),
            ({"c": None}, TypeError),
            ({"c": np.array([0.1, 0.2])}, TypeError),
            ({"c": 10**400}, ValueError),
            ({"x": 10**20}, ValueError),
            ({"x": np.ma.array([0.0, 1.0], mask=[False, True])}, ValueError),
            ({"max_iterations": -1}, ValueError),
            ({"max_iterations": 2**31}, ValueError),
            ({"max_iterations": 1.5}, TypeError),
        ),
        out=True,
    ),
    "diffuse": Case(
        function=perfpy.diffuse,
        # Steps of whole numbers by powers of two: exact, so that even float32 gives the same.
        arrays={"field": np.array([[8.0, 0.0, -16.0, 4.0], [0.0, 64.0, 2.0, -8.0], [1.0, 32.0, 0.0, 5.0]])},
        options={"steps": 3, "dt": 0.125},
        empty={"field": np.empty((0, 3))},
        huge={"field": _diffusion.book_field((256, 256)), "steps": 2**63 - 1},
        lengthy={"steps": 4_000},
        workload=_diffusion.WORKLOADS[0].arguments,
        bad=(
            ({"field": np.array(0.0)}, ValueError),
            ({"field": [["0"]]}, TypeError),
            ({"field": [1j]}, TypeError),
            ({"field": np.ma.array([0.0, 1.0], mask=[False, True])}, ValueError),
            ({"steps": -1}, ValueError),
            ({"steps": 2**63}, ValueError),
            ({"steps": 1.5}, TypeError),
            ({"dt": 1.0}, ValueError),
            ({"dt": float("nan")}, ValueError),
            ({"dt": None}, TypeError),
            ({"diffusivity": -1}, ValueError),
            ({"diffusivity": "1"}, TypeError),
            ({"spacing": 0}, ValueError),
            ({"spacing": (1, 2, 3)}, ValueError),
            ({"boundary": "closed"}, ValueError),
            ({"boundary": 1}, TypeError),
            ({"method": "fast"}, ValueError),
        ),
        out=True,
    ),
    "estimate_pi": Case(
        function=perfpy.estimate_pi,
        arrays={},
        options={"samples": 40, "seed": 3},
        empty={},
        huge={"samples": 2**63, "seed": 3},
        lengthy={"samples": 10**9},
        workload=_pi.WORKLOADS[0].arguments,
        bad=(
            ({"samples": True}, TypeError),
            ({"samples": "7"}, TypeError),
            ({"samples": None}, TypeError),
            ({"samples": 1.5}, ValueError),
            ({"samples": float("nan")}, ValueError),
            ({"samples": 0}, ValueError),
            ({"samples": -1}, ValueError),
            ({"samples": 2**63 + 1}, ValueError),
            ({"seed": -1}, ValueError),
            ({"seed": 2**64}, ValueError),
            ({"seed": 0.5}, ValueError),
            ({"seed": "1"}, TypeError),
        ),
        out=False,
        held=0,
        content=lambda estimate: repr(estimate).encode(),
    ),
    "trie": Case(
        function=perfpy.trie,
        arrays={},
        options={"keys": ["pear", "apple", "pear", "pears", "\U0001f350", "\xe9"]},
        empty={},
        huge={"keys": _Words(2**62)},
        lengthy={"keys": _Words(300_000)},
        workload=_trie.WORKLOADS[0].arguments,
        bad=(
            ({"keys": "pear"}, TypeError),
            ({"keys": 7}, TypeError),
            ({"keys": ["pear", 7]}, TypeError),
            ({"keys": ["pear", b"pear"]}, TypeError),
            ({"keys": [("pear", 1), "apple"]}, TypeError),
            ({"keys": np.array([["pear"]])}, ValueError),
            ({"layout": "loose"}, ValueError),
            ({"layout": 1}, TypeError),
            ({"memory_limit": 0}, ValueError),
            ({"memory_limit": "1"}, TypeError),
        ),
        out=False,
        content=lambda trie: repr(list(trie)).encode(),
    ),
    **_PRIMES,
    **_COUNTERS,
}
