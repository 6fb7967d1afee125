"""Pi from random points: the peers are numpy's generator in chunks, and vectorised xoshiro128++ in Numba."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import partial

from benchmarks.peers import pi as peers

import perfpy
from cases import Contender, Contest

#: Columns of the table.
TITLES = ["perfpy c", "perfpy numba", "perfpy numpy", "numpy PCG64", "Numba xoshiro128++"]


def _count(samples: int, backend: str) -> float:
    return perfpy.estimate_pi(samples, seed=peers.SEED, backend=backend).value


def _contest(samples: int) -> Contest:
    """Compare estimates of as many points; all have the standard error of that number."""
    others: dict[str, Contender] = {"numpy PCG64": partial(peers.numpy_chunked, samples)}
    with suppress(ImportError):
        others["Numba xoshiro128++"] = partial(peers.numba_xoshiro(), samples)
    error = 1.642 / math.sqrt(samples)
    return Contest(
        ours={f"perfpy {backend}": partial(_count, samples, backend) for backend in ("c", "numba", "numpy")},
        peers=others,
        expected=math.pi,
        agree=lambda expected, found: abs(found - expected) < 6 * error,
    )


CASES = {
    "10**6 points": lambda: _contest(10**6),
    "10**8 points": lambda: _contest(10**8),
}
