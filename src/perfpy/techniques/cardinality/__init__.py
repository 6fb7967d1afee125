"""How many different keys there were, and how often, in little memory."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from perfpy._dispatch import Backend, Technique, Traits
from perfpy._sketch import checked_key, checked_seed, filled
from perfpy.executors import ExecutorLike

from . import _count_min, _distinct
from ._count_min import CountMin
from ._distinct import LEAST_PRECISION, MOST_PRECISION
from ._exaloglog import ExaLogLog
from ._heavy_hitters import HeavyHitters
from ._hyperloglog import HyperLogLog

__all__ = [
    "COUNT_MIN",
    "CountMin",
    "EXALOGLOG",
    "ExaLogLog",
    "HYPERLOGLOG",
    "HeavyHitters",
    "HyperLogLog",
    "count_min",
    "exaloglog",
    "hyperloglog",
]

_HERE = "perfpy.techniques.cardinality"
_EXT = "perfpy._ext.cardinality"

HYPERLOGLOG = Technique(
    "hyperloglog",
    (
        Backend("python", f"{_HERE}._python:PythonHyperLogLog", traits=Traits(note="the definition")),
        Backend(
            "numpy",
            f"{_HERE}._numpy:NumpyHyperLogLog",
            package="numpy",
            traits=Traits(note="batches of keys as arrays"),
        ),
        Backend(
            "c",
            f"{_HERE}._c:CHyperLogLog",
            extension=f"{_EXT}._c",
            traits=Traits(
                releases_gil=True, interruptible=True, note="batches, sifted by the smallest register"
            ),
        ),
        Backend(
            "datasketch",
            f"{_HERE}._peer_datasketch:DatasketchHyperLogLog",
            package="datasketch",
            extra="peers",
            peer=True,
            traits=Traits(bound=0.05, note="HyperLogLog++ in Python, on registers of numpy"),
        ),
        Backend(
            "datasketches",
            f"{_HERE}._peer_datasketches:DatasketchesHyperLogLog",
            package="datasketches",
            extra="peers",
            peer=True,
            traits=Traits(bound=0.05, note="Apache's, in C++, key by key"),
        ),
    ),
    auto=("c", "numpy"),
)

EXALOGLOG = Technique(
    "exaloglog",
    (
        Backend("python", f"{_HERE}._python:PythonExaLogLog", traits=Traits(note="the definition")),
        Backend(
            "numpy",
            f"{_HERE}._numpy:NumpyExaLogLog",
            package="numpy",
            traits=Traits(note="batches of keys as arrays"),
        ),
        Backend(
            "c",
            f"{_HERE}._c:CExaLogLog",
            extension=f"{_EXT}._c",
            traits=Traits(
                releases_gil=True, interruptible=True, note="batches, sifted by what registers know already"
            ),
        ),
    ),
    auto=("c", "numpy"),
)

COUNT_MIN = Technique(
    "count_min",
    (
        Backend("python", f"{_HERE}._count_min_python:PythonCountMin", traits=Traits(note="the definition")),
        Backend(
            "numpy",
            f"{_HERE}._count_min_numpy:NumpyCountMin",
            package="numpy",
            traits=Traits(note="batches of keys as arrays"),
        ),
        Backend(
            "c",
            f"{_HERE}._count_min_c:CCountMin",
            extension=f"{_EXT}._count_min",
            traits=Traits(releases_gil=True, interruptible=True, note="batches, prefetching"),
        ),
    ),
    auto=("c", "numpy"),
)


def hyperloglog(
    items: Iterable[Any] | None = None,
    *,
    precision: int = 14,
    seed: int = 0,
    key: Callable[[Any], object] | None = None,
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> HyperLogLog:
    """Count different keys, in memory that does not grow with them.

    Parameters
    ----------
    items : iterable or 1-D array, optional
        Keys to begin with: str, bytes, int, float, None or tuples of these.
    precision : int, default: 14
        From 4 to 24: there are ``2**precision`` registers of one byte, and the relative standard deviation
        of the count is ``1.04 / sqrt(2**precision)``, 0.8 % at 14. Up to ``2**precision / 8`` different keys
        are counted exactly.
    seed : int, default: 0
        Of the hash, from 0 to 2**64 - 1.
    key : callable, optional
        Makes of an item what is hashed, so that items of any type can be added.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All of perfpy's own hold the same. Sketches of
        other packages have a hash and an estimate of their own, and cannot be saved here.
    executor : None, str or executor, default: None
        Where `items` are added; see `perfpy.BloomFilter.update`. It changes nothing of the result.

    Returns
    -------
    HyperLogLog
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
    perfpy.exaloglog : Less memory at the same error.
    perfpy.bloom_filter : Whether a key was among them.

    Notes
    -----
    A register keeps the longest run of zeros in the hashes of its share of the keys [1]_; the estimator is
    the improved one of Ertl [2]_, which has no bump at any number of keys. Few keys are kept as the set of
    their hashes, in no more bytes than the registers have, so that the sketch is a function of the set of
    keys.

    References
    ----------
    .. [1] P. Flajolet, E. Fusy, O. Gandouet, F. Meunier, "HyperLogLog: the analysis of a near-optimal
       cardinality estimation algorithm", Analysis of Algorithms, 2007.
    .. [2] O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284, 2017.

    Examples
    --------
    >>> import perfpy
    >>> words = perfpy.hyperloglog(["spam", "eggs", "spam"])
    >>> words.count()
    2.0
    >>> many = perfpy.hyperloglog(range(1_000_000))
    >>> abs(many.count() / 1_000_000 - 1) < 0.03
    True
    >>> (many | words).nbytes
    16384
    """
    kind = HYPERLOGLOG[backend]
    spec = _distinct.Spec(_precision(precision), checked_seed(seed))
    made: HyperLogLog = kind(spec, checked_key(key))
    return filled(made, items, executor)


def exaloglog(
    items: Iterable[Any] | None = None,
    *,
    precision: int = 11,
    seed: int = 0,
    key: Callable[[Any], object] | None = None,
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> ExaLogLog:
    """Count different keys, in less memory than HyperLogLog takes for the same error.

    Parameters
    ----------
    items : iterable or 1-D array, optional
        Keys to begin with: str, bytes, int, float, None or tuples of these.
    precision : int, default: 11
        From 4 to 24: there are ``2**precision`` registers of 28 bits, and the relative standard deviation of
        the count is ``0.363 / sqrt(2**precision)``, 0.8 % at 11, or less: it grows to that. Up to
        ``7 * 2**precision / 16`` different keys are counted exactly.
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
    ExaLogLog
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
    perfpy.hyperloglog : The sketch that everybody knows.

    Notes
    -----
    It is that of Ertl [1]_ with ``t=2`` and ``d=20``: where HyperLogLog has one value of a register this has
    four, and beside the highest one it remembers which of the 20 below it occurred. The count is the
    likeliest one, less its bias. Bits times variance are 3.7; those of HyperLogLog with registers of six bits
    are 6.5.
    Few keys are kept as the set of their hashes, in no more bytes than the registers have, so that the sketch
    is a function of the set of keys.

    References
    ----------
    .. [1] O. Ertl, "ExaLogLog: space-efficient and practical approximate distinct counting up to the
       exa-scale", arXiv:2402.13726, 2024.

    Examples
    --------
    >>> import perfpy
    >>> words = perfpy.exaloglog(["spam", "eggs", "spam"])
    >>> words.count()
    2.0
    >>> many = perfpy.exaloglog(range(1_000_000))
    >>> abs(many.count() / 1_000_000 - 1) < 0.03
    True
    >>> (many | words).nbytes
    7168
    """
    kind = EXALOGLOG[backend]
    spec = _distinct.Spec(_precision(precision), checked_seed(seed))
    made: ExaLogLog = kind(spec, checked_key(key))
    return filled(made, items, executor)


def _precision(precision: Any) -> int:
    try:
        number = operator.index(precision)
    except TypeError:
        raise TypeError(f"precision must be an int, not {type(precision).__name__}: {precision!r}") from None
    if not LEAST_PRECISION <= number <= MOST_PRECISION:
        raise ValueError(f"precision must be from {LEAST_PRECISION} to {MOST_PRECISION}, not {number}")
    return number


def count_min(
    items: Iterable[Any] | None = None,
    *,
    error: float = 1e-4,
    failure: float = 0.01,
    conservative: bool = False,
    heavy_hitters: int = 0,
    seed: int = 0,
    key: Callable[[Any], object] | None = None,
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> CountMin | HeavyHitters:
    """Count how often each key occurs, in memory that does not grow with the keys.

    Parameters
    ----------
    items : iterable or 1-D array, optional
        Keys to begin with: str, bytes, int, float, None or tuples of these.
    error : float, default: 1e-4
        By which part of the sum of all counts the count of a key may be too high, from 1e-9 to 1.
    failure : float, default: 0.01
        Rate of keys whose count is too high by more than that, from 1e-12 to 1.
    conservative : bool, default: False
        Raise only those counters of a key that say too little. Counts are then closer, and depend on the
        order of the keys.
    heavy_hitters : int, default: 0
        How many of the most frequent keys to remember.
    seed : int, default: 0
        Of the hash, from 0 to 2**64 - 1.
    key : callable, optional
        Makes of an item what is hashed, so that items of any type can be counted.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All of perfpy's own hold the same.
    executor : None, str or executor, default: None
        Where `items` are added; see `perfpy.BloomFilter.update`. It changes nothing of the result.

    Returns
    -------
    CountMin or HeavyHitters
        With ``add``, ``update``, ``count`` and more; with ``most_common`` where it remembers keys.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such backend.
    TypeError
        If an argument is of the wrong type; if a key is none: not str, bytes, int, float, None or a tuple.
    MemoryError
        If the counters do not fit in memory.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.hyperloglog : How many different keys there were.

    Notes
    -----
    There are ``ceil(log(1 / failure))`` rows of ``ceil(e / error)`` counters of 8 bytes. A key has one
    counter in each row, and its count is the least of them [1]_. Raising only the least is from [2]_.

    References
    ----------
    .. [1] G. Cormode, S. Muthukrishnan, "An improved data stream summary: the count-min sketch and its
       applications", Journal of Algorithms 55, 2005.
    .. [2] C. Estan, G. Varghese, "New directions in traffic measurement and accounting", SIGCOMM 2002.

    Examples
    --------
    >>> import perfpy
    >>> words = perfpy.count_min(["spam", "eggs", "spam"])
    >>> words.count("spam"), words.count("ham"), words.total
    (2, 0, 3)
    >>> frequent = perfpy.count_min(list("abracadabra"), heavy_hitters=2)
    >>> frequent.most_common(1)
    [('a', 5)]
    """
    kind = COUNT_MIN[backend]
    width = math.ceil(math.e / _part("error", error, 1e-9))
    depth = math.ceil(-math.log(_part("failure", failure, 1e-12)))
    spec = _count_min.Spec(width, max(depth, 1), bool(conservative), checked_seed(seed))
    function, limit = checked_key(key), _limit(heavy_hitters)
    sketch: CountMin = kind(spec, _count_min.empty_memory(spec), None if limit else function)
    if not limit:
        return filled(sketch, items, executor)
    if executor is not None:
        raise ValueError(
            "executor must be None with heavy_hitters: which keys are remembered depends on their order"
        )
    made = HeavyHitters(sketch, limit, function)
    if items is not None:
        made.update(items)
    return made


def _part(name: str, value: Any, least: float) -> float:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a float, not {type(value).__name__}: {value!r}")
    part = float(value)
    if not least <= part <= 1:
        raise ValueError(f"{name} must be from {least} to 1, not {part}")
    return part


def _limit(heavy_hitters: Any) -> int:
    try:
        limit = operator.index(heavy_hitters)
    except TypeError:
        raise TypeError(
            f"heavy_hitters must be an int, not {type(heavy_hitters).__name__}: {heavy_hitters!r}"
        ) from None
    if limit < 0:
        raise ValueError(f"heavy_hitters must not be negative, not {limit}")
    return limit
