"""How large the pieces of a job should be, learnt from those that are done."""

from __future__ import annotations

from collections.abc import Iterator

# A piece is at most this part of what is left for each worker, so that the pieces shrink towards the end and
# the workers finish together even where one part of the job is much more work than another.
_SHARE = 3
# Seconds of a piece below which the workers finish together well enough: it need not be less than a grain.
_BALANCED = 0.002


class Sizes(Iterator[range]):
    """Cut ``range(total)`` into consecutive pieces, each sized when it is asked for.

    The first pieces are small, because nothing is known about the job. Then a piece is a share of what is
    left, but at least what takes `shortest` seconds and at most what takes `longest` at the speed of the
    pieces that `measured` reported, and never more than `most`.

    Parameters
    ----------
    total : int
        Number of units of work.
    workers : int
        Number of workers that share them.
    most : int
        Largest piece, however fast the job seems: the next unit may be the one that takes long.
    longest : float
        Seconds that a piece should last at most.
    shortest : float, default: 0
        Seconds that a piece should last at least, for handing it out to be worth its cost.
    grain : int, default: 1
        Pieces are multiples of this where that is not too long, because the worker is then at its best.
    """

    def __init__(
        self, total: int, *, workers: int, most: int, longest: float, shortest: float = 0.0, grain: int = 1
    ) -> None:
        self._total = total
        self._workers = workers
        self._most = max(1, most)
        self._longest = longest
        self._shortest = shortest
        self._grain = grain
        self._next = 0
        self._seconds_per_unit: float | None = None

    def __next__(self) -> range:
        left = self._total - self._next
        if left == 0:
            raise StopIteration
        size = min(left, self._size(left))
        if size >= self._grain > left - size and left <= self._most:
            size = left  # what would remain is too little for a piece of its own
        piece = range(self._next, self._next + size)
        self._next = piece.stop
        return piece

    def measured(self, piece: range, seconds: float) -> None:
        """Take in how long a piece took a worker."""
        latest = seconds / len(piece)
        before = self._seconds_per_unit
        self._seconds_per_unit = latest if before is None else 0.5 * (before + latest)

    def _size(self, left: int) -> int:
        cost = self._seconds_per_unit
        if cost is None:
            size = max(self._grain, self._total // (16 * self._workers))
            return self._whole(min(size, self._most))
        share = left // (_SHARE * self._workers)
        if cost == 0:  # too short for the clock
            return self._whole(min(self._most, max(self._grain, share)))
        least = max(1, min(self._grain, int(_BALANCED / cost)))
        wanted = min(max(share, int(self._shortest / cost)), int(self._longest / cost))
        return self._whole(min(self._most, max(least, wanted)))

    def _whole(self, size: int) -> int:
        """Round down to the grain where there is one whole grain, and to 1 at least."""
        return max(1, size - size % self._grain if size >= self._grain else size)
