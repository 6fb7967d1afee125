"""Bloom filters at an error rate of 1 %: the peers are zpds for arrays, abloom and rbloom for objects.

Strings were hashed before, which Python remembers, to the advantage of abloom and rbloom; lines were not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from benchmarks.peers import bloom as peers

import perfpy
from cases import Contest

#: Columns of the table.
TITLES = ["perfpy c", "perfpy cython", "zpds", "abloom", "rbloom"]
_OBJECTS = {"abloom": peers.abloom_filter, "rbloom": peers.rbloom_filter}
_ARRAYS = {"zpds": peers.zpds_filter}
_Make = Callable[[int], Any]
_SAMPLE = 1000


def _own(backend: str, capacity: int) -> Any:
    return perfpy.bloom_filter(capacity, peers.ERROR_RATE, backend=backend)


_OWN: Mapping[str, _Make] = {f"perfpy {name}": partial(_own, name) for name in ("c", "cython")}
_OWN_C = {"perfpy c": _OWN["perfpy c"]}


def _installed(makes: Mapping[str, _Make]) -> dict[str, _Make]:
    found = {}
    for name, make in makes.items():
        try:
            make(1)
        except ImportError:
            continue
        found[name] = make
    return found


def _has_all(sample: Any, one: Any) -> bool:
    found = one.contains_many(sample) if hasattr(one, "contains_many") else [key in one for key in sample]
    return bool(np.all(found))


def _adding(
    fill: Callable[[_Make, Any], Any], keys: Any, makes: Mapping[str, _Make], own: Mapping[str, _Make]
) -> Contest:
    """Compare filters that are made and filled."""
    return Contest(
        ours={name: partial(fill, make, keys) for name, make in own.items()},
        peers={name: partial(fill, make, keys) for name, make in _installed(makes).items()},
        expected=keys[:_SAMPLE],
        agree=_has_all,
    )


def _splitting(fill: Callable[[_Make, Any], Any], count: int) -> Contest:
    """Split a text, and add its lines: strings that are new each time."""

    def split_and_fill(make: _Make) -> Any:
        return fill(make, peers.lines(count))

    return Contest(
        ours={name: partial(split_and_fill, make) for name, make in _OWN_C.items()},
        peers={name: partial(split_and_fill, make) for name, make in _installed(_OBJECTS).items()},
        expected=peers.strings(count)[:_SAMPLE],
        agree=_has_all,
    )


def _found(one: Any, keys: Any) -> int:
    """Look keys up as a batch where the package can, and return how many are there."""
    if hasattr(one, "contains_many"):
        return int(np.count_nonzero(one.contains_many(keys)))
    if hasattr(one, "contains"):
        return int(np.count_nonzero(one.contains(keys)))
    return sum([key in one for key in keys])


def _about(expected: int, found: int) -> bool:
    """Allow strangers, of which there are as many as members, at up to twice the nominal rate."""
    return expected <= found <= expected * (1 + 2 * peers.ERROR_RATE) + 10


def _looking_up(
    find: Callable[[Any, Any], int],
    keys: Any,
    strangers: Any,
    makes: Mapping[str, _Make],
    own: Mapping[str, _Make],
) -> Contest:
    """Compare look-ups, half of them of members."""
    mixed = (
        keys[: len(keys) // 2] + strangers
        if isinstance(keys, list)
        else np.append(keys[: len(keys) // 2], strangers)
    )

    def prepare(make: _Make) -> Callable[[], int]:
        return partial(find, peers.filled(make, keys), mixed)

    return Contest(
        ours={name: prepare(make) for name, make in own.items()},
        peers={name: prepare(make) for name, make in _installed(makes).items()},
        expected=len(keys) // 2,
        agree=_about,
    )


def _array_adding(count: int) -> Contest:
    return _adding(peers.filled, peers.integers(count), _ARRAYS, _OWN)


def _array_looking_up(count: int) -> Contest:
    keys = peers.integers(count)
    return _looking_up(_found, keys, keys[: count // 2] + 1, _ARRAYS, _OWN)


def _keys(kind: str, count: int) -> tuple[list[Any], list[Any]]:
    """Return keys, and half as many that are none of them."""
    if kind == "int":
        keys = peers.integers(count)
        return keys.tolist(), (keys[: count // 2] + 1).tolist()
    return peers.strings(count), [f"{key}?" for key in peers.strings(count)[: count // 2]]


def _list_adding(kind: str, count: int) -> Contest:
    return _adding(peers.filled, _keys(kind, count)[0], _OBJECTS, _OWN)


def _list_looking_up(kind: str, count: int) -> Contest:
    return _looking_up(_found, *_keys(kind, count), _OBJECTS, _OWN)


def _single_adding(kind: str, count: int) -> Contest:
    return _adding(peers.add_singly, _keys(kind, count)[0], _OBJECTS, _OWN_C)


def _single_looking_up(kind: str, count: int) -> Contest:
    return _looking_up(peers.find_singly, *_keys(kind, count), _OBJECTS, _OWN_C)


CASES = {
    f"{what} 10**{power} {kind}": partial(prepare, *arguments, 10**power)
    for power in (6, 7)
    for what, kind, prepare, arguments in (
        ("add", "int64, array", _array_adding, ()),
        ("look up", "int64, array", _array_looking_up, ()),
        ("add", "str, list", _list_adding, ("str",)),
        ("look up", "str, list", _list_looking_up, ("str",)),
        ("add", "int, list", _list_adding, ("int",)),
        ("look up", "int, list", _list_looking_up, ("int",)),
        ("split and add", "lines, list", _splitting, (peers.filled,)),
        ("split and add", "lines, one by one", _splitting, (peers.add_singly,)),
        ("add", "str, one by one", _single_adding, ("str",)),
        ("look up", "str, one by one", _single_looking_up, ("str",)),
        ("add", "int, one by one", _single_adding, ("int",)),
        ("look up", "int, one by one", _single_looking_up, ("int",)),
    )
}
