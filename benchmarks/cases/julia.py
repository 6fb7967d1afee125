"""Julia sets: the peer is the hand-written Numba kernel that is fastest on the case.

It is divided by the same executor as perfpy's own backends.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.julia import PEERS, arguments_of, function_of

import perfpy
from cases import Contender, Contest

_SEAHORSE = -0.7269 + 0.1889j


def _contest(arguments: dict[str, Any], threads: int = 1) -> Contest:
    executor = f"threads:{threads}" if threads > 1 else None

    def contender(name: str) -> Contender:
        return partial(function_of(name, executor), **arguments)

    return Contest(
        ours={f"perfpy {name}": contender(name) for name in ("c", "numba")},
        peers={peer.removeprefix("peer: "): contender(peer) for peer in PEERS},
        expected=perfpy.julia(backend="cython", **arguments),
    )


def _square(c: complex) -> dict[str, Any]:
    return {"x": 1000, "y": 1000, "c": c, "max_iterations": 300}


#: Columns of the table.
TITLES = ["perfpy c", "perfpy numba", *(peer.removeprefix("peer: ") for peer in PEERS)]
CASES = {
    "book 1000 x 1000 / 300": lambda: _contest(arguments_of("book")),
    "book 1000 x 1000 / 300, 2 threads": lambda: _contest(arguments_of("book"), 2),
    "4000 x 4000 / 1000, 2 threads": lambda: _contest(arguments_of("large"), 2),
    "rabbit, 2 threads": lambda: _contest(arguments_of("rabbit"), 2),
    "c = 0, 2 threads": lambda: _contest(_square(0j), 2),
    "seahorse, 2 threads": lambda: _contest(_square(_SEAHORSE), 2),
}
