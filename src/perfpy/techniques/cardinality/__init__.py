"""How many different keys there were, in little memory."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from perfpy._dispatch import Backend, Technique, Traits
from perfpy._sketch import checked_key, checked_seed

from ._hyperloglog import LEAST_PRECISION, MOST_PRECISION, HyperLogLog, Spec

__all__ = ["HYPERLOGLOG", "HyperLogLog", "hyperloglog"]

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
        Which implementation does it; see `perfpy.backends`. All of perfpy's own hold the same.

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
    spec = Spec(_precision(precision), checked_seed(seed))
    made: HyperLogLog = kind(spec, checked_key(key))
    if items is not None:
        made.update(items)
    return made


def _precision(precision: Any) -> int:
    try:
        number = operator.index(precision)
    except TypeError:
        raise TypeError(f"precision must be an int, not {type(precision).__name__}: {precision!r}") from None
    if not LEAST_PRECISION <= number <= MOST_PRECISION:
        raise ValueError(f"precision must be from {LEAST_PRECISION} to {MOST_PRECISION}, not {number}")
    return number
