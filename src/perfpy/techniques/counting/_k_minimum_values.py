"""The k smallest hashes: a sample of the keys, from which counts follow, and what two sets have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from perfpy._dispatch import Technique
from perfpy.executors import ExecutorLike

from ._counter import DistinctCounter, Spec, State, made, whole
from ._tables import K_MINIMUM_VALUES


class _Common(NamedTuple):
    """What the sample of a union says of the intersection."""

    union: float
    share: float


class KMinimumValues(DistinctCounter):
    """Counts different keys by the k smallest of their hashes.

    Made by `perfpy.k_minimum_values`. The count of fewer than k keys is exact; then it has no bias, and a
    relative standard deviation of ``1 / sqrt(k - 2)``.
    """

    kind: ClassVar[str] = "sketch of minimum values"
    size_name = "hashes"
    size_bounds = (8, 2**28)
    state_type = "<u8"

    @classmethod
    def _technique(cls) -> Technique:
        return K_MINIMUM_VALUES

    @property
    def k(self) -> int:
        """How many hashes are kept at most."""
        return self._spec.size

    @property
    def is_exact(self) -> bool:
        """Whether there were fewer than k keys, so that they are counted one by one."""
        return self._state().size < self.k

    def confidence(self, level: float = 0.95) -> tuple[float, float]:
        """Return between which bounds the true count is, with this probability; equal ones where it is exact.

        Parameters
        ----------
        level : float, default: 0.95
            Between 0 and 1.

        Returns
        -------
        low, high : float
            The bounds, from the standard deviation that the count has by theory.
        """
        bounds = super().confidence(level)
        return (self.count(),) * 2 if self.is_exact else bounds

    def jaccard(self, other: KMinimumValues) -> float:
        """Return which part of all keys of two sketches both have, exactly or about.

        Parameters
        ----------
        other : KMinimumValues
            Of the same seed, and of any k and backend.

        Returns
        -------
        float
            From 0 to 1; with k hashes its standard deviation is at most ``0.5 / sqrt(k)``. NaN where there
            are no keys at all.
        """
        return self._common(other).share

    def intersection_count(self, other: KMinimumValues) -> float:
        """Return how many keys both of two sketches have, exactly or about.

        Parameters
        ----------
        other : KMinimumValues
            Of the same seed, and of any k and backend.
        """
        union, share = self._common(other)
        return union * share if union else 0.0

    def _common(self, other: KMinimumValues) -> _Common:
        if not isinstance(other, KMinimumValues):
            raise TypeError(f"other must be of type KMinimumValues, not {type(other).__name__}")
        if self.seed != other.seed:
            raise ValueError(f"other must have the same seed: {other.seed} is not {self.seed}")
        mine, theirs = self._state(), other._state()
        sample = np.union1d(mine, theirs)
        # Up to where both are complete; those of a sketch that is exact are complete everywhere.
        limits = [state.size for state, k in ((mine, self.k), (theirs, other.k)) if state.size == k]
        sample = sample[: min(limits, default=sample.size)]
        both = np.intersect1d(np.intersect1d(mine, theirs, assume_unique=True), sample, assume_unique=True)
        if not sample.size:
            return _Common(0.0, math.nan)
        union = _estimate_from(sample) if limits else float(sample.size)
        return _Common(union, both.size / sample.size)

    def _fit(self, size: int) -> None:
        """Take on a smaller k of another sketch."""
        if size < self.k:
            held = self._state()
            self._spec = self._spec._replace(size=size)
            self._reset(size)
            self._unite(held)

    def merge(self, other: DistinctCounter) -> None:
        """Add all keys of another sketch.

        Where it has a smaller k, this one takes that on; nobody else may use it meanwhile.

        Parameters
        ----------
        other : KMinimumValues
            Of the same seed, and of any k and backend.
        """
        super().merge(other)

    def _unite(self, state: State, /) -> None:
        self._take(state)

    def __bool__(self) -> bool:
        """Tell whether any key was added."""
        return bool(self._state().size)

    def _estimate(self, state: State) -> float:
        return float(state.size) if state.size < self.k else _estimate_from(state)

    def _deviation(self, _count: float, /) -> float:
        return 1 / math.sqrt(self.k - 2)

    @classmethod
    def _flaw(cls, spec: Spec, state: State) -> str:
        if state.size > spec.size:
            return f"it has {state.size} hashes and says {spec.size}"
        return "its hashes are not in order" if (state[1:] <= state[:-1]).any() else ""


def _estimate_from(minima: NDArray[np.uint64]) -> float:
    """Return how many keys have these as their smallest hashes, which are all up to the last one."""
    largest = (int(minima[-1]) + 1) / 2**64
    return (minima.size - 1) / largest


def k_minimum_values(
    items: Iterable[Any] | None = None,
    *,
    k: int = 1024,
    seed: int = 0,
    key: Callable[[Any], object] | None = None,
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> KMinimumValues:
    """Count different keys by their smallest hashes, and find out what two sets have in common.

    Parameters
    ----------
    items : iterable or 1-D array, optional
        Keys to begin with: str, bytes, int, float, None or tuples of these.
    k : int, default: 1024
        How many hashes of 8 bytes are kept, from 8 to 2**28. The relative standard deviation of the count is
        ``1 / sqrt(k - 2)``, 3.1 % at 1024. Fewer than k different keys are counted exactly.
    seed : int, default: 0
        Of the hash, from 0 to 2**64 - 1.
    key : callable, optional
        Makes of an item what is hashed, so that items of any type can be added.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All of perfpy's own hold the same.
    executor : None, str or executor, default: None
        Where `items` are added; see `perfpy.BloomFilter.update`. It changes nothing of the result.

    Returns
    -------
    KMinimumValues
        With ``add``, ``update``, ``count``, ``jaccard``, ``intersection_count``, ``|`` and more.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such backend.
    TypeError
        If an argument is of the wrong type; if a key is none: not str, bytes, int, float, None or a tuple.
    MemoryError
        If the hashes do not fit in memory.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.hyperloglog : Counts in far less memory, and no intersections.

    Notes
    -----
    If the k-th smallest of the hashes, taken as numbers between 0 and 1, is u, there were about
    ``(k - 1) / u`` keys [1]_. The k smallest hashes of a union are among those of its parts, and they are a
    random sample of its keys: the share of it that is in both parts estimates the Jaccard index [2]_.

    References
    ----------
    .. [1] Z. Bar-Yossef and others, "Counting distinct elements in a data stream", RANDOM 2002.
    .. [2] K. Beyer and others, "On synopses for distinct-value estimation under multiset operations",
       SIGMOD 2007.

    Examples
    --------
    >>> import perfpy
    >>> one = perfpy.k_minimum_values(["spam", "eggs", "spam"])
    >>> other = perfpy.k_minimum_values(["eggs", "ham"])
    >>> one.count(), (one | other).count(), one.intersection_count(other), round(one.jaccard(other), 3)
    (2.0, 3.0, 1.0, 0.333)
    >>> many = perfpy.k_minimum_values(range(1_000_000))
    >>> abs(many.count() / 1_000_000 - 1) < 0.12
    True
    """
    counter: KMinimumValues = made(
        K_MINIMUM_VALUES, items, whole("k", k, KMinimumValues.size_bounds), seed, key, backend, executor
    )
    return counter
