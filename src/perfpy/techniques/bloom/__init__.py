"""Bloom filters: sets that take ten bits per key, and sometimes a stranger for a member."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from perfpy._dispatch import Backend, Technique, Traits
from perfpy._sketch import checked_key, checked_seed, filled
from perfpy.executors import ExecutorLike

from ._filter import BloomFilter, Spec, empty_memory
from ._growth import Growth
from ._scalable import ScalableBloomFilter
from ._sizing import LEAST_RATE, Layout, geometry

__all__ = ["BLOOM_FILTER", "BloomFilter", "ScalableBloomFilter", "bloom_filter"]

_HERE = "perfpy.techniques.bloom"
_EXT = "perfpy._ext.bloom"

#: What no filter of another package can be, here.
_PEERS_LACK = {"counting": (True,), "scalable": (True,)}

BLOOM_FILTER = Technique(
    "bloom_filter",
    (
        Backend("python", f"{_HERE}._python:PythonBloomFilter", traits=Traits(note="the definition")),
        Backend(
            "numpy",
            f"{_HERE}._numpy:NumpyBloomFilter",
            package="numpy",
            traits=Traits(note="batches of keys as arrays"),
        ),
        Backend(
            "cython",
            f"{_HERE}._cython:CythonBloomFilter",
            extension=f"{_EXT}._cython",
            traits=Traits(releases_gil=True, interruptible=True, note="loops that the compiler vectorises"),
        ),
        Backend(
            "c",
            f"{_HERE}._c:CBloomFilter",
            extension=f"{_EXT}._c",
            traits=Traits(
                releases_gil=True, interruptible=True, note="batches, prefetching, 16 probes in a vector"
            ),
        ),
        Backend(
            "pybloom-live",
            f"{_HERE}._peer_pybloom_live:PybloomFilter",
            package="pybloom_live",
            extra="peers",
            peer=True,
            traits=Traits(bound=0.5, note="in Python, at most capacity keys"),
            lacks=_PEERS_LACK,
        ),
        Backend(
            "rbloom",
            f"{_HERE}._peer_rbloom:RbloomFilter",
            package="rbloom",
            extra="peers",
            peer=True,
            traits=Traits(bound=0.5, note="in Rust, hashes of this process"),
            lacks=_PEERS_LACK,
        ),
        Backend(
            "abloom",
            f"{_HERE}._peer_abloom:AbloomFilter",
            package="abloom",
            extra="peers",
            peer=True,
            traits=Traits(bound=0.5, note="in C, blocked, hashes of this process"),
            lacks={**_PEERS_LACK, "layout": ("classic",)},
        ),
    ),
    auto=("c", "cython", "numpy"),
)

_MOST_KEYS = 2**57


def bloom_filter(
    capacity: int,
    error_rate: float = 0.01,
    *,
    items: Iterable[Any] | None = None,
    scalable: bool = False,
    counting: bool = False,
    layout: str = "blocked",
    key: Callable[[Any], object] | None = None,
    seed: int = 0,
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> BloomFilter | ScalableBloomFilter:
    """Make a set of keys that takes few bits per key, and finds a stranger in it at a rate that you choose.

    Parameters
    ----------
    capacity : int
        How many different keys it is for, at least 1. With more, the error rate grows.
    error_rate : float, default: 0.01
        Rate at which keys are found that were never added, when `capacity` keys were; between 0 and 1.
    items : iterable or 1-D array, optional
        Keys to begin with.
    scalable : bool, default: False
        Let it grow, so that `error_rate` holds for any number of keys; `capacity` is where it starts.
    counting : bool, default: False
        Count with four bits what else would be one bit, so that keys can be removed.
    layout : {"blocked", "classic"}, default: "blocked"
        ``"blocked"``: all bits of a key in one line of the cache, which is fastest. ``"classic"``: anywhere,
        which takes the fewest bits: 3 % fewer at an error rate of 1 %, 27 % fewer at one in a million.
    key : callable, optional
        Makes of an item what is hashed, so that items of any type can be added and looked for.
    seed : int, default: 0
        Of the hash, from 0 to 2**64 - 1.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All of perfpy's own set the same bits. Filters
        of other packages have a layout, a size and a hash of their own, and cannot be saved here.
    executor : None, str or executor, default: None
        Where `items` are added; see `perfpy.BloomFilter.update`. It changes nothing of the result.

    Returns
    -------
    BloomFilter or ScalableBloomFilter
        With ``in``, ``add``, ``update``, ``contains`` and more.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such layout or backend.
    TypeError
        If an argument is of the wrong type; if a key is none: not str, bytes, int, float, None or a tuple.
    MemoryError
        If the bits do not fit in memory.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.hyperloglog : How many different keys there were, without keeping them.

    Notes
    -----
    Adding and looking up take constant time: one miss of the cache in the blocked layout, as many as there
    are probes in the classic one [1]_. The blocked layout [2]_ is sized by the exact distribution of keys
    over blocks. Keys that are equal in Python have equal hashes (``1 == 1.0 == True``), in any process, on
    any machine, as scalars, in lists and in arrays; see `perfpy.hashing.hash64`.

    References
    ----------
    .. [1] B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", Communications of the
       ACM 13, 1970.
    .. [2] F. Putze, P. Sanders, J. Singler, "Cache-, hash- and space-efficient Bloom filters", 2007.

    Examples
    --------
    >>> import perfpy
    >>> seen = perfpy.bloom_filter(1_000_000, items=["spam", "eggs"])
    >>> "spam" in seen, "ham" in seen
    (True, False)
    >>> seen.update(range(1000))
    >>> seen.contains([0, 999, -1]).tolist()
    [True, True, False]
    >>> round(seen.approximate_count())
    1002
    """
    shape = _layout(layout, counting=counting)
    needs = (("layout", layout), ("counting", bool(counting)), ("scalable", bool(scalable)))
    kind = BLOOM_FILTER[backend, needs]
    count = _capacity(capacity)
    rate = _rate(error_rate)
    number = checked_seed(seed)
    function = checked_key(key)
    if scalable and counting:
        raise ValueError("scalable must be False with counting=True: a filter that grows cannot remove keys")
    made: BloomFilter | ScalableBloomFilter
    if scalable:
        made = ScalableBloomFilter(kind, Growth(count, rate, shape, number), function)  # type: ignore[arg-type]
    else:
        spec = Spec(count, rate, geometry(count, rate, shape), number)
        made = kind(spec, empty_memory(spec.geometry), function)
    return filled(made, items, executor)


def _capacity(capacity: Any) -> int:
    try:
        count = operator.index(capacity)
    except TypeError:
        raise TypeError(f"capacity must be an int, not {type(capacity).__name__}: {capacity!r}") from None
    if not 1 <= count <= _MOST_KEYS:
        raise ValueError(f"capacity must be from 1 to 2**57, not {count}")
    return count


def _rate(error_rate: Any) -> float:
    if isinstance(error_rate, (str, bytes)) or not hasattr(error_rate, "__float__"):
        raise TypeError(f"error_rate must be a float, not {type(error_rate).__name__}: {error_rate!r}")
    rate = float(error_rate)
    if not (math.isfinite(rate) and LEAST_RATE <= rate < 1):
        raise ValueError(f"error_rate must be at least {LEAST_RATE} and less than 1, not {rate}")
    return rate


def _layout(layout: Any, *, counting: bool) -> Layout:
    if not isinstance(layout, str):
        raise TypeError(f"layout must be 'blocked' or 'classic', not {layout!r}")
    if layout not in ("blocked", "classic"):
        raise ValueError(f"layout must be 'blocked' or 'classic', not {layout!r}")
    if counting and layout == "classic":
        raise ValueError("layout must be 'blocked' with counting=True, not 'classic'")
    if counting:
        return "counting"
    return "classic" if layout == "classic" else "blocked"
