"""The most frequent keys of all that were counted: a count-min sketch, and a list of candidates."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Iterator
from typing import Any, Self

from perfpy._sketch import Key
from perfpy.hashing import batches, plain

from ._count_min import CountMin


class HeavyHitters:
    """Counts keys with a sketch, and remembers those that it finds most often.

    Made by ``perfpy.count_min(..., heavy_hitters=n)``. Whenever keys are added, those whose count exceeds
    that of the least candidate become candidates. A key is missing only if n others had counts, as the sketch
    saw them, at least as high as its own when it was last added. One thread may use it at a time.

    Parameters
    ----------
    sketch : CountMin
        What counts, without a key function.
    limit : int
        How many keys to remember.
    key : callable, optional
        Makes of what is added what is counted.
    """

    def __init__(self, sketch: CountMin, limit: int, key: Key | None = None) -> None:
        self.sketch = sketch
        self._limit = limit
        self._key = key
        self._candidates: dict[Hashable, int] = {}
        self._bar = 0

    def add(self, key: Any, count: int = 1, /) -> None:
        """Count a key, once or some times."""
        if self._key is not None:
            key = self._key(key)
        self.sketch.add(key, count)
        self._consider([(key, self.sketch.count(key))])

    def update(self, items: Iterable[Any]) -> None:
        """Count all keys of an iterable, or of a 1-D array or column."""
        for batch in batches(plain(items if self._key is None else map(self._key, items))):
            self.sketch.update(batch)
            counts = self.sketch.counts(batch)
            above = (counts > self._bar).nonzero()[0].tolist()
            self._consider((_plain_key(batch[index]), int(counts[index])) for index in above)

    def _consider(self, found: Iterable[tuple[Hashable, int]]) -> None:
        """Take keys among the candidates, and leave the least out where they are too many."""
        for key, count in found:
            if count > self._bar or key in self._candidates:
                self._candidates[key] = count
        if len(self._candidates) > self._limit:
            kept = heapq.nlargest(self._limit, self._candidates.items(), key=lambda pair: pair[1])
            self._candidates = dict(kept)
            self._bar = kept[-1][1]

    def count(self, key: Any, /) -> int:
        """Return how often a key was added: never too low, seldom too high."""
        return self.sketch.count(key if self._key is None else self._key(key))

    def most_common(self, n: int | None = None) -> list[tuple[Hashable, int]]:
        """Return the n most frequent keys that are remembered, and their counts, as a `Counter` does."""
        counted = ((key, self.sketch.count(key)) for key in self._candidates)
        ordered = sorted(counted, key=lambda pair: -pair[1])
        return ordered if n is None else ordered[: max(n, 0)]

    @property
    def total(self) -> int:
        """Sum of the counts of all keys."""
        return self.sketch.total

    def clear(self) -> None:
        """Forget all keys."""
        self.sketch.clear()
        self._candidates.clear()
        self._bar = 0

    def copy(self) -> HeavyHitters:
        """Return one with the same counts that can be changed by itself."""
        other = HeavyHitters(self.sketch.copy(), self._limit, self._key)
        other._candidates, other._bar = dict(self._candidates), self._bar
        return other

    def merge(self, other: HeavyHitters) -> None:
        """Take in the counts and the candidates of another one, as many as are remembered here.

        A key is missing then only if neither remembered it, or as many others have counts at least as high.
        """
        if not isinstance(other, HeavyHitters):
            raise TypeError(f"other must be of type HeavyHitters, not {type(other).__name__}")
        candidates = [*self._candidates, *other._candidates]
        self.sketch.merge(other.sketch)
        self._candidates, self._bar = {}, 0
        self._consider((key, self.sketch.count(key)) for key in candidates)

    def __or__(self, other: HeavyHitters) -> HeavyHitters:
        if not isinstance(other, HeavyHitters):
            return NotImplemented
        united = self.copy()
        united.merge(other)
        return united

    def __ior__(self, other: HeavyHitters) -> Self:
        if not isinstance(other, HeavyHitters):
            return NotImplemented
        self.merge(other)
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HeavyHitters):
            return NotImplemented
        same_keys = self._candidates.keys() == other._candidates.keys()
        return same_keys and self._limit == other._limit and self.sketch == other.sketch

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Hashable]:
        return iter([key for key, _ in self.most_common()])

    def __len__(self) -> int:
        return len(self._candidates)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} of at most {self._limit} keys, {self.sketch!r}>"


def _plain_key(key: Any) -> Hashable:
    """Return an element of an array as the object of Python that it equals."""
    plain_key: Hashable = key.item() if hasattr(key, "item") else key
    return plain_key
