"""The reference: one point after the other."""

from __future__ import annotations

from itertools import islice

from ._stream import DOUBTFUL, RUN, excess, is_inside, words_of_run


def count_inside(seed: int, start: int, stop: int) -> int:
    """Count the points from number `start` on below `stop` that lie inside the circle."""
    inside = 0
    for run in range(start // RUN, -(-stop // RUN)):
        first = run * RUN
        inside += _count_part(seed, run, max(start - first, 0), min(stop - first, RUN))
    return inside


def _count_part(seed: int, run: int, start: int, stop: int) -> int:
    """Count points of one run."""
    inside = 0
    for number, word in enumerate(islice(words_of_run(seed, run), start, stop), run * RUN + start):
        beyond = excess(word)
        # The exact answer takes a second word: it is asked for where the first does not say.
        inside += beyond < 0 or (beyond < DOUBTFUL and is_inside(seed, number, word))
    return inside
