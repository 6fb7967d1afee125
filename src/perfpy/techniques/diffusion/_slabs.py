"""Explicit steps of slabs of rows, each with as many rows around it as steps are taken at a time.

What a cell is after T steps depends on nothing farther than T rows from it. So a slab and T rows on either
side can be taken through T steps by any backend, without a word from its neighbours: the ends of what was cut
out are held, what that makes wrong creeps in by one row per step, and after T steps it is about to reach the
slab.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple

import numpy as np

from perfpy.executors import Engine

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
    count = len(field)
    first, last = needed(slab, problem, count)
    before, after = problem.sides[0]
    if last - first < count:  # else no side is cut off
        before = before if first == 0 and before is not Side.PERIODIC else Side.HELD
        after = after if last == count and after is not Side.PERIODIC else Side.HELD
    part = problem._replace(
        start=rows(field, first, last),
        steps=slab.steps,
        sides=((before, after), *problem.sides[1:]),
        diffusivity=None if diffusivity is None else rows(diffusivity, first, last),
    )
    return Cut(part, slice(slab.begin - first, slab.end - first))


def needed(slab: Slab, problem: Problem, count: int) -> tuple[int, int]:
    """Return the first row that a slab depends on, from the other end if negative, and the one after all."""
    first, last = slab.begin - slab.steps, slab.end + slab.steps
    if problem.sides[0][0] is not Side.PERIODIC:
        first, last = max(first, 0), min(last, count)
    if last - first >= count:  # nothing is saved by leaving rows out
        return 0, count
    return first, last


def rows(field: Field, first: int, last: int) -> Field:
    """Return rows of a field, which goes on at its other end; all of them at most once."""
    if first >= 0 and last <= len(field):
        return field[first:last]
    return np.concatenate([field[first:], field[: last % len(field)]])


_LEAST_HEIGHT = 4  # of a slab, in halos: a third of what is computed is computed twice
_LONGEST = 0.2  # seconds of a slab: its halo makes short ones dear, but Ctrl-C has to wait for it
_TRIALS = 2  # of a number of steps: a pass may have been slow for other reasons
_SHARES = 16  # slabs of a worker, while nobody knows how long they take


class Schedule:
    """Decide how many steps a pass takes and how its rows are cut up, by how long that has taken.

    A pass has a cost of its own: starting the workers and waiting for the last, copying slabs in and out,
    sending them. More steps per pass share that cost, but a slab computes as many rows of its neighbours as
    steps on either side. Which number is best depends on the backend, the executor and the machine; so passes
    take twice as many steps, or half as many, as long as that makes a step cheaper.

    Parameters
    ----------
    rows : int
        Of the field.
    engine : Engine
        Who does the work.
    first : int
        Steps of the first pass.
    """

    def __init__(self, rows: int, engine: Engine, *, first: int) -> None:
        self._rows = rows
        self._share = -(-rows // engine.workers)
        self._longest = max(engine.longest, _LONGEST)
        self._first = first
        self._row_step: float | None = None  # seconds of one step of one row
        self._step: dict[int, float] = {}  # seconds of a step, by how many a pass took
        self._trials: Counter[int] = Counter()

    def passes(self, steps: int) -> Iterator[int]:
        """Yield how many steps each pass takes; a pass lasts until the next is asked for."""
        while steps:
            taken = min(steps, self._wanted())
            started = perf_counter()
            yield taken
            self._passed(taken, perf_counter() - started)
            steps -= taken

    def _wanted(self) -> int:
        """Return the number of steps that was best, or twice or half of it until that has been tried."""
        most = self._most()
        if not self._step:
            return min(self._first, most)
        best = min(self._step, key=self._step.__getitem__)
        for steps in (2 * best, best // 2):
            if 1 <= steps <= most and self._trials[steps] < _TRIALS:
                return steps
        return min(best, most)

    def _most(self) -> int:
        """Return for how many steps the halo of a slab is still small, also if slabs must be short."""
        most = self._share // _LEAST_HEIGHT
        if self._row_step:
            most = min(most, math.isqrt(int(self._longest / self._row_step / _LEAST_HEIGHT)))
        return max(1, most)

    def _passed(self, steps: int, seconds: float) -> None:
        self._trials[steps] += 1
        self._step[steps] = min(seconds / steps, self._step.get(steps, math.inf))

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
            return max(1, self._share // _SHARES, min(self._share, _LEAST_HEIGHT * (steps - 1)))
        if self._row_step * steps * self._share <= self._longest:
            return self._share
        return max(1, int(self._longest / (self._row_step * steps)))

    def measured(self, _: Slab, row_step: float) -> None:
        """Take in how many seconds a row took for a step; the first may have waited for a compiler."""
        self._row_step = row_step if self._row_step is None else min(row_step, self._row_step)
