"""Explicit steps of slabs of rows, each with as many rows around it as steps are taken at a time.

What a cell is after T steps depends on nothing farther than T rows from it. So a slab and T rows on either
side can be taken through T steps by any backend, without a word from its neighbours: the ends of what was cut
out are held, what that makes wrong creeps in by one row per step, and after T steps it is about to reach the
slab.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from perfpy.executors import Engine, Reach

from ._problem import Field, Problem, Side


class Slab(NamedTuple):
    """The rows from `begin` to `end` - 1, which go `steps` steps on."""

    begin: int
    end: int
    steps: int

    def __str__(self) -> str:
        return f"rows {self.begin} to {self.end - 1}"


class Cut(NamedTuple):
    """A slab as a problem of its own, and which of the rows that it yields are those of the slab."""

    problem: Problem
    rows: slice


def cut(slab: Slab, problem: Problem, field: Field, diffusivity: Field | None) -> Cut:
    """Cut a slab out of `field`, with what it depends on."""
    count, halo = len(field), slab.steps
    first, last = slab.begin - halo, slab.end + halo
    before, after = problem.sides[0]
    if before is not Side.PERIODIC:
        first, last = max(first, 0), min(last, count)
    if last - first >= count:  # nothing is saved by leaving rows out, and no side is cut off
        first, last = 0, count
    else:
        before = before if first == 0 and before is not Side.PERIODIC else Side.HELD
        after = after if last == count and after is not Side.PERIODIC else Side.HELD
    part = problem._replace(
        start=_rows(field, first, last),
        steps=slab.steps,
        sides=((before, after), *problem.sides[1:]),
        diffusivity=None if diffusivity is None else _rows(diffusivity, first, last),
    )
    return Cut(part, slice(slab.begin - first, slab.end - first))


def _rows(field: Field, first: int, last: int) -> Field:
    """Return rows of a field, which goes on at its other end; all of them at most once."""
    if first >= 0 and last <= len(field):
        return field[first:last]
    return np.concatenate([field[first:], field[: last % len(field)]])


#: Seconds that a pass costs besides the computing: to start the workers, to wait for the last, to pass on.
_PASS = {Reach.MEMORY: 1e-4, Reach.HOST: 1e-3, Reach.NOTHING: 2e-3}
_SENT = 5e-9  # seconds per byte that goes to a worker or comes back where no memory is shared
_LARGEST_HALO = 4  # of a slab, the part that may be computed twice on each side
_MOST_IN_CACHE = 32  # steps in a pass of slabs that fit the cache


class Schedule:
    """Decide how many steps a pass takes and how its rows are cut up, by how long slabs have taken.

    More steps per pass divide the cost of a pass; but a slab computes as many rows of its neighbours as steps
    on either side. The sum is least for sqrt(seconds of a pass / seconds of two rows).

    A field that does not fit the caches is cut into slabs that do where rows are short enough, and these take
    several steps while they are there. A kernel that does so by itself has to be given several steps only.

    Parameters
    ----------
    problem : Problem
        What there is to do.
    engine : Engine
        Who does it.
    blocked : bool
        Whether the kernel takes several steps per pass through memory by itself.
    """

    def __init__(self, problem: Problem, engine: Engine, *, blocked: bool) -> None:
        start = problem.start
        self._rows = len(start)
        self._share = -(-self._rows // engine.workers)
        self._longest = engine.longest
        row = start.nbytes / self._rows
        self._pass = _PASS[engine.reach]
        if engine.reach is Reach.NOTHING:
            self._pass += 2 * start.nbytes * _SENT
        self._native = _NATIVE_STEPS[start.ndim] if blocked else 1
        arrays = 2 if problem.diffusivity is None else 3
        room = int(0.75 * _cache() / (arrays * row))
        fits = arrays * row * self._share <= _cache()
        #: Rows of a slab with its halo that fit the cache, and steps for a halo of a tenth on each side.
        self._in_cache = None if blocked or fits or room < 20 else (room, min(room // 10, _MOST_IN_CACHE))
        self._row_step: float | None = None  # seconds of one step of one row

    def steps(self, left: int) -> int:
        """Return how many steps the next pass takes, of those that are left."""
        if self._row_step is None:
            wanted = 1
        else:
            wanted = max(1, int(math.sqrt(self._pass / (2 * max(self._row_step, 1e-12)))))
            most = self._longest / (self._row_step or 1e-12)  # rows times steps
            wanted = min(wanted, int(math.sqrt(most / _LARGEST_HALO)))
        wanted = min(max(wanted, self._native), self._share // _LARGEST_HALO)
        if self._in_cache is not None:
            wanted = self._in_cache[1]
        passes = -(-left // max(1, wanted))
        return -(-left // passes)

    def slabs(self, steps: int) -> Iterator[Slab]:
        """Cut the rows up for a pass; what is measured on the way counts for the rest."""
        begin = 0
        while begin < self._rows:
            left = self._rows - begin
            height = -(-left // -(-left // self._height(steps)))
            yield Slab(begin, begin + height, steps)
            begin += height

    def _height(self, steps: int) -> int:
        """Return how many rows a slab has at most."""
        if self._row_step is None:
            return max(1, self._share // 16)
        height = min(self._share, int(self._longest / max(self._row_step * steps, 1e-12)))
        if self._in_cache is not None:
            height = min(height, self._in_cache[0] - 2 * steps)
        return max(1, height)

    def measured(self, _: Slab, row_step: float) -> None:
        """Take in how many seconds a row took for a step; the first may have waited for a compiler."""
        self._row_step = row_step if self._row_step is None else min(row_step, self._row_step)


#: Steps at a time from which a kernel that blocks in time is near its best, by the number of axes.
_NATIVE_STEPS = {1: 256, 2: 32, 3: 8}


def _cache() -> int:
    """Return the bytes of the second-level cache, which a core has for itself; a guess where nobody tells."""
    try:
        return 1024 * int(_CACHE_SIZE.read_text().strip().removesuffix("K"))
    except (OSError, ValueError):
        return 2**20


_CACHE_SIZE = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")  # Linux
