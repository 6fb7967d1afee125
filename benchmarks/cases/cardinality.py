"""Counting different keys: the peers are polars, zpds and datasketches, all with HyperLogLog of 14 bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from benchmarks.peers import cardinality as peers

import perfpy
from cases import Contender, Contest

_POLARS = peers.polars_title()
#: Columns of the table.
TITLES = ["perfpy c", "perfpy exaloglog", _POLARS, "zpds", "datasketches"]
_Make = Callable[[Any], Contender]


def _count(keys: Any) -> float:
    return perfpy.hyperloglog(keys, precision=peers.PRECISION, backend="c").count()


def _count_by_exaloglog(keys: Any) -> float:
    """Count with an error like the others', 0.8 %, in less than half of the memory."""
    return perfpy.exaloglog(keys, precision=11, backend="c").count()


def _count_singly(keys: Any) -> float:
    sketch = perfpy.hyperloglog(precision=peers.PRECISION, backend="c")
    add = sketch.add
    for key in keys:
        add(key)
    return sketch.count()


def _about(expected: int, found: float) -> bool:
    return abs(found / expected - 1) < 0.05


def _contest(keys: Any, calls: Mapping[str, _Make], own: Mapping[str, Callable[[Any], float]]) -> Contest:
    """Compare counts of different keys; those peers that are installed."""
    contenders = {}
    for name, make in calls.items():
        try:
            contenders[name] = make(keys)
        except ImportError:
            continue
    return Contest(
        ours={name: partial(count, keys) for name, count in own.items()},
        peers=contenders,
        expected=len(keys),
        agree=_about,
    )


_BATCH = {"perfpy c": _count, "perfpy exaloglog": _count_by_exaloglog}


def _array(count: int) -> Contest:
    return _contest(peers.integers(count), {_POLARS: peers.polars_count, "zpds": peers.zpds_count}, _BATCH)


def _list_of_str(count: int) -> Contest:
    calls = {
        _POLARS: peers.polars_list_count,
        "zpds": peers.zpds_count,
        "datasketches": peers.datasketches_count,
    }
    return _contest(peers.strings(count), calls, _BATCH)


def _list_of_int(count: int) -> Contest:
    calls = {_POLARS: peers.polars_list_count, "datasketches": peers.datasketches_count}
    return _contest(peers.integers(count).tolist(), calls, _BATCH)


def _column(count: int) -> Contest:
    """Count in a column of polars on both sides: perfpy takes it over the C interface of Arrow."""
    import polars

    return _contest(polars.Series(peers.strings(count)), {_POLARS: peers.polars_count}, _BATCH)


def _singly(count: int) -> Contest:
    calls = {"zpds": peers.zpds_count_singly, "datasketches": peers.datasketches_count}
    return _contest(peers.strings(count), calls, {"perfpy c": _count_singly})


CASES = {
    "10**6 int64, array": lambda: _array(10**6),
    "10**7 int64, array": lambda: _array(10**7),
    "10**6 str, list": lambda: _list_of_str(10**6),
    "10**6 int, list": lambda: _list_of_int(10**6),
    "10**6 str, column of polars": lambda: _column(10**6),
    "10**6 str, one by one": lambda: _singly(10**6),
}
