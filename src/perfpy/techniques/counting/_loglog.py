"""LogLog and SuperLogLog: the sketches that HyperLogLog came from, with the constants that are theirs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from perfpy._dispatch import Technique
from perfpy.executors import ExecutorLike

from ._counter import DistinctCounter, Spec, State, made, whole
from ._loglog_constants import KEPT, loglog_constant, superloglog_constant
from ._tables import LOGLOG, SUPERLOGLOG

LEAST_PRECISION = 4
MOST_PRECISION = 24


class LogLog(DistinctCounter):
    """Counts different keys by the mean of the ranks of its registers.

    Made by `perfpy.loglog`. The count is good from about four keys per register on; with fewer it is too
    high, as this sketch has no means against that.
    """

    kind: ClassVar[str] = "LogLog sketch"
    size_name = "registers"
    size_bounds = (2**LEAST_PRECISION, 2**MOST_PRECISION)
    state_type = "u1"
    #: Relative standard deviation of the count, times the root of the number of registers.
    deviation: ClassVar[float] = math.sqrt(math.log(2) ** 2 / 12 + math.pi**2 / 6)

    @classmethod
    def _technique(cls) -> Technique:
        return LOGLOG

    @property
    def precision(self) -> int:
        """Binary logarithm of the number of registers."""
        return self._spec.size.bit_length() - 1

    def _estimate(self, state: State) -> float:
        if not state.any():
            return 0.0
        registers = state.size
        return loglog_constant(registers) * registers * 2 ** float(state.mean(dtype=np.float64))

    def _deviation(self, _count: float, /) -> float:
        return self.deviation / math.sqrt(self._spec.size)

    @classmethod
    def _flaw(cls, spec: Spec, state: State) -> str:
        highest = 66 - spec.size.bit_length()
        if spec.size & (spec.size - 1) or state.size != spec.size:
            return f"it has {state.size} registers and says {spec.size}"
        found = int(state.max())
        return f"a register is at {found}, and {highest} is the highest rank" if found > highest else ""


class SuperLogLog(LogLog):
    """Counts different keys by the mean of the lower ranks of its registers.

    Made by `perfpy.superloglog`. The count is good from about four keys per register on; with fewer it is too
    high, as this sketch has no means against that.
    """

    kind: ClassVar[str] = "SuperLogLog sketch"
    deviation: ClassVar[float] = 1.1

    @classmethod
    def _technique(cls) -> Technique:
        return SUPERLOGLOG

    def _estimate(self, state: State) -> float:
        if not state.any():
            return 0.0
        registers = state.size
        kept = int(KEPT * registers)
        lower = np.partition(state, kept - 1)[:kept]
        return superloglog_constant(registers) * kept * 2 ** float(lower.mean(dtype=np.float64))


def loglog(
    items: Iterable[Any] | None = None,
    *,
    precision: int = 14,
    seed: int = 0,
    key: Callable[[Any], object] | None = None,
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> LogLog:
    """Count different keys by the LogLog sketch of 2003, of historic interest.

    Parameters
    ----------
    items : iterable or 1-D array, optional
        Keys to begin with: str, bytes, int, float, None or tuples of these.
    precision : int, default: 14
        From 4 to 24: there are ``2**precision`` registers of one byte, and the relative standard deviation
        of the count is ``1.3 / sqrt(2**precision)``, 1 % at 14, from about four keys per register on.
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
    LogLog
        With ``add``, ``update``, ``count``, ``confidence``, ``|`` and more.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such backend.
    TypeError
        If an argument is of the wrong type; if a key is none: not str, bytes, int, float, None or a tuple.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.hyperloglog : The same registers, used better.
    perfpy.superloglog : What came between.

    Notes
    -----
    A register keeps the highest rank of its hashes: the zeros that they begin with, and one. With m registers
    the count is ``a * m * 2**mean``, of their mean [1]_, where
    ``a = (gamma(-1/m) * (1 - 2**(1/m)) / log(2))**-m`` tends to 0.39701. (The constant of HyperLogLog, 0.72,
    makes it 80 % too high.) With few keys registers that nothing fell on count as if at rank 0, so that the
    least that comes out is ``a * m``; without any key it is 0.

    References
    ----------
    .. [1] M. Durand, P. Flajolet, "Loglog counting of large cardinalities", ESA 2003.

    Examples
    --------
    >>> import perfpy
    >>> many = perfpy.loglog(range(1_000_000))
    >>> abs(many.count() / 1_000_000 - 1) < 0.04
    True
    """
    counter: LogLog = made(LOGLOG, items, 1 << _precision(precision), seed, key, backend, executor)
    return counter


def superloglog(
    items: Iterable[Any] | None = None,
    *,
    precision: int = 14,
    seed: int = 0,
    key: Callable[[Any], object] | None = None,
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> SuperLogLog:
    """Count different keys by the SuperLogLog sketch of 2003, of historic interest.

    Parameters
    ----------
    items : iterable or 1-D array, optional
        Keys to begin with: str, bytes, int, float, None or tuples of these.
    precision : int, default: 14
        From 4 to 24: there are ``2**precision`` registers of one byte, and the relative standard deviation
        of the count is ``1.1 / sqrt(2**precision)``, from about four keys per register on.
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
    SuperLogLog
        With ``add``, ``update``, ``count``, ``confidence``, ``|`` and more.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such backend.
    TypeError
        If an argument is of the wrong type; if a key is none: not str, bytes, int, float, None or a tuple.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.hyperloglog : The same registers, used better.
    perfpy.loglog : What it improves on.

    Notes
    -----
    Of the m registers of a LogLog sketch the 70 % with the lowest ranks are used [1]_: with m0 of them and
    their mean, the count is ``a * m0 * 2**mean``. The constant belongs to that share: it tends to 1.0994, and
    is computed here for each m. What is left in the mean over all numbers of keys is nothing, but as ranks
    are whole numbers the count swings about it, with every doubling of the keys, by -1.4 to +0.7 %.

    References
    ----------
    .. [1] M. Durand, P. Flajolet, "Loglog counting of large cardinalities", ESA 2003.

    Examples
    --------
    >>> import perfpy
    >>> many = perfpy.superloglog(range(1_000_000))
    >>> abs(many.count() / 1_000_000 - 1) < 0.05
    True
    """
    counter: SuperLogLog = made(SUPERLOGLOG, items, 1 << _precision(precision), seed, key, backend, executor)
    return counter


def _precision(precision: Any) -> int:
    return whole("precision", precision, (LEAST_PRECISION, MOST_PRECISION))
