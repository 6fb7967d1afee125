"""Linear counting: a bit for each hash, and the count from how many bits are still free."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from perfpy._dispatch import Technique
from perfpy.executors import ExecutorLike

from ._counter import DistinctCounter, Spec, State, made, whole
from ._tables import LINEAR_COUNTING


class LinearCounting(DistinctCounter):
    """Counts different keys with a bit for each hash.

    Made by `perfpy.linear_counting`. The count is exact in the mean, but for a bias far below its standard
    deviation, while there are at most some times as many keys as bits; when all bits are set it is infinite.
    """

    kind: ClassVar[str] = "linear counting"
    size_name = "bits"
    size_bounds = (8, 2**36)
    state_type = "u1"

    @classmethod
    def _technique(cls) -> Technique:
        return LINEAR_COUNTING

    @property
    def bits(self) -> int:
        """Number of bits."""
        return self._spec.size

    def _estimate(self, state: State) -> float:
        bits = self.bits
        free = bits - int(np.bitwise_count(state).sum(dtype=np.int64))
        return bits * math.log(bits / free) if free else math.inf

    def _deviation(self, count: float, /) -> float:
        load = count / self.bits
        return math.sqrt(self.bits * (math.expm1(load) - load)) / count

    @classmethod
    def _flaw(cls, spec: Spec, state: State) -> str:
        spare = -spec.size % 8
        if 8 * state.size != spec.size + spare:
            return f"it has {state.size} bytes for {spec.size} bits"
        return "there are bits behind its last one" if state[-1] >> (8 - spare) else ""


def linear_counting(
    items: Iterable[Any] | None = None,
    *,
    bits: int = 2**20,
    seed: int = 0,
    key: Callable[[Any], object] | None = None,
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> LinearCounting:
    """Count different keys with a bit for each hash: the best for few, and bounded by its bits.

    Parameters
    ----------
    items : iterable or 1-D array, optional
        Keys to begin with: str, bytes, int, float, None or tuples of these.
    bits : int, default: 2**20
        From 8 to 2**36. With t keys per bit the relative standard deviation of the count is
        ``sqrt((exp(t) - t - 1) / bits) / t``: with a million bits 0.08 % of a million keys, 1.4 % of ten
        millions. Beyond ``bits * log(bits)`` keys all bits are set, and the count is infinite.
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
    LinearCounting
        With ``add``, ``update``, ``count``, ``confidence``, ``|`` and more.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such backend.
    TypeError
        If an argument is of the wrong type; if a key is none: not str, bytes, int, float, None or a tuple.
    MemoryError
        If the bits do not fit in memory.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.hyperloglog : Any number of keys in the same memory.

    Notes
    -----
    With m bits, of which u are free, there were about ``m * log(m / u)`` keys [1]_. The logarithm is the
    natural one: code is in use that takes the binary one and counts 44 % too many. The mean is too high by
    ``(exp(t) - t - 1) / 2`` keys.

    References
    ----------
    .. [1] K.-Y. Whang, B. T. Vander-Zanden, H. M. Taylor, "A linear-time probabilistic counting algorithm for
       database applications", ACM Transactions on Database Systems 15, 1990.

    Examples
    --------
    >>> import perfpy
    >>> words = perfpy.linear_counting(["spam", "eggs", "spam"])
    >>> round(words.count(), 4)
    2.0
    >>> many = perfpy.linear_counting(range(100_000), bits=2**16)
    >>> abs(many.count() / 100_000 - 1) < 0.02
    True
    >>> many.nbytes
    8192
    """
    counter: LinearCounting = made(
        LINEAR_COUNTING, items, whole("bits", bits, LinearCounting.size_bounds), seed, key, backend, executor
    )
    return counter
