"""What choosing the backend costs on the warm path, beside the bare call of a kernel that does nothing."""

from __future__ import annotations

import timeit

from perfpy._dispatch import Backend, Technique

_CALLS = 200_000


def no_work(x, y):
    """Do nothing: what remains is the cost of the call."""


TECHNIQUE = Technique("nothing", (Backend("python", no_work), Backend("c", no_work)), auto=("c",))


def public(x, y, *, backend="auto"):
    """Choose as the public functions do."""
    return TECHNIQUE[backend](x, y)


def nanoseconds(statement):
    """Return the time of one execution, the best of several rounds."""
    timer = timeit.Timer(statement, globals={"public": public, "no_work": no_work})
    return min(timer.repeat(7, _CALLS)) / _CALLS * 1e9


class Choice:
    """Nanoseconds per call."""

    unit = "ns"

    def setup(self):
        public(1, 2)
        public(1, 2, backend="c")

    def track_bare_call(self):
        return nanoseconds("no_work(1, 2)")

    def track_default_backend(self):
        return nanoseconds("public(1, 2)")

    def track_named_backend(self):
        return nanoseconds("public(1, 2, backend='c')")

    def track_cost_of_the_choice(self):
        # The public function is a call too; the goal is that both together stay under 100 ns on an idle core.
        return nanoseconds("public(1, 2)") - nanoseconds("no_work(1, 2)")
