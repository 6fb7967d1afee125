"""`twin_primes` and `constellations`: primes that stand close together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from perfpy._dispatch import Technique

from ._arguments import LIMIT, interval, short, whole
from ._tables import CONSTELLATIONS, TWIN_PRIMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

Offsets = tuple[int, ...]

#: The closest that so many primes can stand infinitely often, as far as anybody knows.
PATTERNS: dict[str, tuple[Offsets, ...]] = {
    "twins": ((0, 2),),
    "triplets": ((0, 2, 6), (0, 4, 6)),
    "quadruplets": ((0, 2, 6, 8),),
    "quintuplets": ((0, 2, 6, 8, 12), (0, 4, 6, 10, 12)),
    "sextuplets": ((0, 4, 6, 10, 12, 16),),
}


def twin_primes(
    start_or_stop: int, stop: int | None = None, *, backend: str = "auto"
) -> NDArray[np.uint32 | np.uint64]:
    """Return the pairs of primes p, p + 2 in an interval.

    Parameters
    ----------
    start_or_stop : int
        The end of the interval if `stop` is left out, else its start, as for `range`. A float is taken if
        its value is whole.
    stop : int, optional
        The end of the interval, which is not part of it; at most 2**64. Both primes of a pair are below it.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All give the same pairs.

    Returns
    -------
    uint32 or uint64 array of shape (pairs, 2)
        A pair in each row, in ascending order; uint32 if `stop` is at most 2**32.

    Raises
    ------
    ValueError
        If a number is out of range or there is no such backend.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    constellations : Groups of more than two.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.twin_primes(20).tolist()
    [[3, 5], [5, 7], [11, 13], [17, 19]]
    """
    low, high = interval(start_or_stop, stop)
    return _found(TWIN_PRIMES, backend, low, high, PATTERNS["twins"])


def constellations(
    start_or_stop: int,
    stop: int | None = None,
    *,
    pattern: str | Sequence[int] = "triplets",
    backend: str = "auto",
) -> NDArray[np.uint32 | np.uint64]:
    """Return the groups of primes in an interval whose distances follow a pattern.

    Parameters
    ----------
    start_or_stop : int
        The end of the interval if `stop` is left out, else its start, as for `range`. A float is taken if
        its value is whole.
    stop : int, optional
        The end of the interval, which is not part of it; at most 2**64. All primes of a group are below it.
    pattern : str or sequence of int, default: "triplets"
        ``"twins"``, ``"triplets"``, ``"quadruplets"``, ``"quintuplets"`` or ``"sextuplets"``: so many
        primes as close as they can be. Or the distances from the first prime, which begin with 0 and ascend:
        ``(0, 6)`` means all p with p and p + 6 prime, whatever p + 2 and p + 4 are.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All give the same groups.

    Returns
    -------
    uint32 or uint64 array of shape (groups, primes of a group)
        A group in each row, in ascending order; uint32 if `stop` is at most 2**32.

    Raises
    ------
    ValueError
        If a number is out of range, the pattern is not one, or there is no such backend.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    twin_primes : Pairs.

    Notes
    -----
    The named patterns are those of [1]_. Closer groups among the smallest primes, as 2, 3 or 3, 5, 7, do not
    count, as they cannot occur again: one of p, p + 2, p + 4 is always a multiple of 3.

    References
    ----------
    .. [1] R. Crandall, C. Pomerance, "Prime Numbers: A Computational Perspective", 2nd ed., Springer, 2005,
       section 1.2.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.constellations(50, pattern="triplets").tolist()
    [[5, 7, 11], [7, 11, 13], [11, 13, 17], [13, 17, 19], [17, 19, 23], [37, 41, 43], [41, 43, 47]]
    >>> perfpy.constellations(30, pattern=(0, 6)).tolist()
    [[5, 11], [7, 13], [11, 17], [13, 19], [17, 23], [23, 29]]
    """
    low, high = interval(start_or_stop, stop)
    return _found(CONSTELLATIONS, backend, low, high, _patterns(pattern))


def _found(
    technique: Technique, backend: str, low: int, high: int, patterns: tuple[Offsets, ...]
) -> NDArray[np.uint32 | np.uint64]:
    """Return the groups of all patterns, sorted by their first primes."""
    kernel = technique[backend]
    kind = np.uint32 if high <= 2**32 else np.uint64
    groups = []
    for offsets in patterns:
        last = high - offsets[-1]  # first primes are below this
        firsts = kernel(low, last, offsets) if low < last else np.empty(0, np.uint64)
        firsts = firsts.astype(np.uint64, copy=False)
        members = np.empty((firsts.size, len(offsets)), kind)
        for column, offset in zip(members.T, offsets, strict=True):
            np.add(firsts, offset, out=column, casting="unsafe")  # nothing is above high, which fits
        groups.append(members)
    together = groups[0] if len(groups) == 1 else np.concatenate(groups)
    return together if len(groups) == 1 else together[np.lexsort(together.T[::-1])]


def _patterns(pattern: Any) -> tuple[Offsets, ...]:
    if isinstance(pattern, str):
        if pattern not in PATTERNS:
            raise ValueError(
                f"pattern must be one of {', '.join(PATTERNS)} or a sequence of distances, not {pattern!r}"
            )
        return PATTERNS[pattern]
    try:
        distances = list(pattern)
    except TypeError:
        raise TypeError(
            f"pattern must be a name or a sequence of distances, not {type(pattern).__name__}: "
            f"{short(pattern)}"
        ) from None
    offsets = tuple(whole("pattern", distance) for distance in distances)
    ascending = all(first < second for first, second in pairwise(offsets))
    if not offsets or offsets[0] != 0 or not ascending or offsets[-1] >= LIMIT:
        raise ValueError(f"pattern must begin with 0 and ascend, as (0, 2, 6), not {short(pattern)}")
    return (offsets,)
