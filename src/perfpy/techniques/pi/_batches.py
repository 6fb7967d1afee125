"""Many points in parts, between which Python looks at signals."""

from __future__ import annotations

from collections.abc import Callable

from ._stream import RUN

_BATCH = 2**12 * RUN


def in_batches(count: Callable[[int, int, int], int], seed: int, start: int, stop: int) -> int:
    """Count the points from number `start` on below `stop`, as many at a time as take milliseconds."""
    return sum(int(count(seed, first, min(first + _BATCH, stop))) for first in range(start, stop, _BATCH))
