"""Techniques whose arguments are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import perfpy
from perfpy.techniques.pi import _workloads as _pi
from perfpy.techniques.primes import _workloads as _primes

from .case import Case

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


NUMBERS = {
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
}
