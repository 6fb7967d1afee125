"""`iter_primes` and `prime_blocks`: primes as they are wanted, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import isqrt
from operator import length_hint
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import _bounds, _listing
from ._arguments import LIMIT, upper, whole
from ._tables import PRIMES

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

_FIRST = 2**12  # numbers in the first window: whoever wants few primes does not wait for many
_LARGEST = 2**21  # numbers in a window, unless finding the primes up to the square root takes longer
_ITEMS = 2**14  # primes made into Python ints at a time


def iter_primes(start: int = 0, stop: int | None = None, *, backend: str = "auto") -> PrimeIterator:
    """Iterate over the primes of an interval, or over all from a number on.

    Parameters
    ----------
    start : int, default: 0
        The first number considered. A float is taken if its value is whole.
    stop : int, optional
        The end of the interval, which is not part of it; at most 2**64. Without it the iterator goes on, and
        raises `OverflowError` after the last prime with 64 bits.
    backend : str, default: "auto"
        Which backend of `primes` finds them; see `perfpy.backends`.

    Returns
    -------
    PrimeIterator
        An iterator of int, which can be copied and pickled and goes on from where it was.

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
    prime_blocks : In arrays, which is several times as fast.
    primes : All at once.

    Notes
    -----
    The primes of one window of the numbers are found at a time, of a few thousand numbers at first and then
    of more and more. Memory is in proportion to the square root of where the iterator is. Ctrl-C while a
    window is sieved loses no prime: the next call finds them.

    Examples
    --------
    >>> import itertools, perfpy
    >>> list(perfpy.iter_primes(10, 30))
    [11, 13, 17, 19, 23, 29]
    >>> twins = (p for p in perfpy.iter_primes(10**12) if perfpy.is_prime(p + 2))
    >>> next(twins)
    1000000000061
    """
    return _iterator(whole("start", start), stop, backend)


def _iterator(start: int, stop: int | None, backend: str) -> PrimeIterator:
    source = _Chunks(_Windows(start, stop, backend))
    iterator = cast("PrimeIterator", PrimeIterator.from_iterable(source))
    iterator._source = source
    return iterator


class PrimeIterator(chain[int]):
    """An iterator of primes in ascending order; see `iter_primes`.

    Its speed is that of `itertools.chain` over lists.
    """

    _source: _Chunks

    @property
    def position(self) -> int:
        """A number that no prime is left below: the next prime, where that is known already."""
        return self._source.position

    def __reduce__(self) -> tuple[Any, ...]:
        windows = self._source.windows
        return _iterator, (self.position, windows.stop, windows.backend)

    def __repr__(self) -> str:
        return f"<PrimeIterator at {self.position}>"


def prime_blocks(
    start: int = 0,
    stop: int | None = None,
    size: int = 2**16,
    *,
    dtype: DTypeLike = np.uint64,
    backend: str = "auto",
) -> Iterator[NDArray[Any]]:
    """Iterate over the primes of an interval in arrays of one size.

    Parameters
    ----------
    start : int, default: 0
        The first number considered. A float is taken if its value is whole.
    stop : int, optional
        The end of the interval, which is not part of it; at most 2**64. Without it the blocks go on, and
        `OverflowError` is raised after the last prime with 64 bits.
    size : int, default: 65536
        Primes of a block; the last one may have fewer, but at least one.
    dtype : integer dtype, default: uint64
        Type of the blocks.
    backend : str, default: "auto"
        Which backend of `primes` finds them; see `perfpy.backends`.

    Yields
    ------
    1-D array
        The next `size` primes, in memory of their own.

    Raises
    ------
    ValueError
        If a number is out of range, `dtype` cannot hold the primes, or there is no such backend.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    iter_primes : One after the other.
    primes : All at once.

    Examples
    --------
    >>> import perfpy
    >>> for block in perfpy.prime_blocks(10, 40, 3):
    ...     print(block)
    [11 13 17]
    [19 23 29]
    [31 37]
    """
    length = whole("size", size)
    if length < 1:
        raise ValueError(f"size must be at least 1, not {length}")
    windows = _Windows(whole("start", start), stop, backend)
    kind = _listing.dtype_of(dtype, windows.stop or 0)
    if windows.stop is not None:  # no more memory than the primes can fill
        length = max(1, min(length, _bounds.at_most_between(windows.position, windows.stop)))
    return _blocks(windows, length, kind)


def _blocks(windows: _Windows, size: int, kind: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """Cut the windows' primes anew; the block being filled belongs to nobody else yet."""
    block, filled = np.empty(size, kind), 0
    for found in windows:
        taken = 0
        while taken < found.size:
            step = min(size - filled, found.size - taken)
            block[filled : filled + step] = _held(found[taken : taken + step], kind)
            filled, taken = filled + step, taken + step
            if filled == size:
                yield block
                block, filled = np.empty(size, kind), 0
    if filled:
        yield block[:filled].copy()


def _held(primes: NDArray[Any], kind: np.dtype[Any]) -> NDArray[Any]:
    if primes.size and primes[-1] > np.iinfo(kind).max:
        raise OverflowError(f"the next primes go up to {primes[-1]}, which {kind} does not hold")
    return primes


class _Windows(Iterator["NDArray[Any]"]):
    """The primes of one window after the other; `position` moves on only when a window is done."""

    def __init__(self, start: int, stop: Any, backend: str) -> None:
        self._kernel = PRIMES[backend]
        self.backend = backend
        self.position = max(start, 0)
        self.stop = None if stop is None else upper("stop", whole("stop", stop))
        self._width = _FIRST

    def __next__(self) -> NDArray[Any]:
        if self.stop is not None and self.position >= self.stop:
            raise StopIteration
        if self.position >= LIMIT:
            raise OverflowError(f"the next prime is above 2**64 = {LIMIT}; give a stop to end before")
        end = min(self.position + self._width, LIMIT if self.stop is None else self.stop)
        kind = np.dtype(np.uint32 if end <= 2**32 else np.uint64)
        found = _listing.fresh(self._kernel, self.position, end, kind)
        self.position = end
        self._width = min(2 * self._width, max(_LARGEST, isqrt(end) // 8))
        return found


class _Chunks(Iterator[Iterator[int]]):
    """The windows' primes as iterators of Python ints.

    `chain` ends for good when this raises, but not when an iterator that it was given raises. So an error is
    handed on inside an iterator, and what could not be done is done at the next call.
    """

    def __init__(self, windows: _Windows) -> None:
        self.windows = windows
        self._primes: NDArray[Any] = np.empty(0, np.uint64)
        self._taken = 0
        self._chunk: list[int] = []
        self._items = iter(self._chunk)

    @property
    def position(self) -> int:
        left = length_hint(self._items)
        if left:
            return self._chunk[-left]
        if self._taken < self._primes.size:
            return int(self._primes[self._taken])
        return self.windows.position

    def __next__(self) -> Iterator[int]:
        try:
            while self._taken == self._primes.size:
                self._primes, self._taken = next(self.windows), 0
            chunk = self._primes[self._taken : self._taken + _ITEMS].tolist()
            self._chunk, self._items, self._taken = chunk, iter(chunk), self._taken + len(chunk)
        except StopIteration:
            raise
        except BaseException as error:
            return _Raising(error)
        return self._items


class _Raising(Iterator[int]):
    """Raises an error once, and is at its end then."""

    def __init__(self, error: BaseException) -> None:
        self._error: BaseException | None = error

    def __next__(self) -> int:
        error, self._error = self._error, None
        raise error or StopIteration
