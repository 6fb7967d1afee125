"""Diffusion: explicit steps with periodic sides by the best that others write; see `benchmarks.peers`.

Each peer has a region of threads of its own. perfpy is the backend ``"c"``; for the spectral case scipy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from benchmarks.diffusion import PEERS, close, peer

import perfpy
from cases import Contender, Contest
from perfpy.techniques.diffusion._workloads import book_field

#: Columns of the table.
TITLES = ["perfpy", *(name.removeprefix("peer: ") for name in PEERS)]
_MINE = TITLES[0]


def _peers(field: np.ndarray, steps: int, threads: int) -> dict[str, Contender]:
    found = {}
    for name in PEERS:
        try:
            found[name.removeprefix("peer: ")] = partial(peer(name, threads), field, steps)
        except NotImplementedError:
            continue  # it is not installed here
    return found


def _random(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32).astype(dtype)


def _contest(
    shape: tuple[int, ...],
    steps: int,
    dtype: str,
    threads: int,
    method: str = "explicit",
    start: Callable[[tuple[int, ...], str], np.ndarray] = _random,
) -> Contest:
    field = start(shape, dtype)
    executor = f"threads:{threads}" if threads > 1 else None
    backend = "c" if method == "explicit" else "scipy"
    run = partial(perfpy.diffuse, field, steps, method=method, backend=backend, executor=executor)
    return Contest(
        ours={_MINE: run},
        peers=_peers(field, steps, threads),
        expected=perfpy.diffuse(field, steps, backend="cython"),
        agree=close,
    )


_SIZES = {
    "640^2 x 500": ((640, 640), 500),
    "4096^2 x 100": ((4096, 4096), 100),
    "8192^2 x 50": ((8192, 8192), 50),
    "4e6 x 100": ((4_000_000,), 100),
    "256^3 x 20": ((256, 256, 256), 20),
    "512^3 x 10": ((512, 512, 512), 10),
}


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


CASES = (
    {
        f"{size}, {dtype}, {_threads(threads)}": partial(_contest, *_SIZES[size], dtype, threads)
        for size in _SIZES
        for dtype in ("float64", "float32")
        for threads in (1, 2)
        if not (size == "8192^2 x 50" and dtype == "float32")
    }
    | {
        f"book's field 640^2 x 500, {dtype}, {_threads(threads)}": partial(
            _contest, *_SIZES["640^2 x 500"], dtype, threads, start=book_field
        )
        for dtype in ("float64", "float32")
        for threads in (1, 2)
    }
    | {
        f"spectral 640^2 x 500, {_threads(threads)}": partial(
            _contest, (640, 640), 500, "float64", threads, "spectral"
        )
        for threads in (1, 2)
    }
)
