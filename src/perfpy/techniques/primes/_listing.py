"""`primes`: all the primes of an interval, in an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from perfpy._dispatch import Kernel

from . import _bounds, _memory
from ._arguments import interval, short
from ._tables import COUNT_PRIMES, PRIMES

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from perfpy.executors import ExecutorLike

_UNCHECKED = 2**26  # bytes that are allocated without a look at how much memory there is


def primes(
    start_or_stop: int,
    stop: int | None = None,
    *,
    dtype: DTypeLike | None = None,
    backend: str = "auto",
    executor: ExecutorLike = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Return the primes of an interval in ascending order.

    ``primes(stop)`` returns the primes below `stop`, ``primes(start, stop)`` those p with
    ``start <= p < stop``: the interval is that of `range`. Numbers below 2 may be given, and are no primes.

    Parameters
    ----------
    start_or_stop : int
        The end of the interval if `stop` is left out, else its start. A float is taken if its value is
        whole, as 1e9.
    stop : int, optional
        The end of the interval, which is not part of it; at most 2**64.
    dtype : integer dtype, optional
        Type of the result, which has to hold ``stop - 1``. The dtype of `out` if that is given, else uint32
        if `stop` is at most 2**32 and uint64 above.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All give the same primes.
    executor : None, str or concurrent.futures.Executor, optional
        Where it runs: in this thread (None), on ``"threads"``, ``"processes"``, ``"threads:4"``, or on any
        executor with a ``submit`` method. Parts of the interval are handed out in pieces of equal work.
    out : 1-D integer array, optional
        Where the primes go; it may be longer than needed, and what is behind them may be overwritten.

    Returns
    -------
    1-D array
        The primes; the part of `out` that holds them where that was given.

    Raises
    ------
    ValueError
        If a number is out of range, `dtype` cannot hold the primes, or `out` is too short.
    TypeError
        If an argument is of the wrong type.
    MemoryError
        If the result cannot fit into memory; this is found out before anything is computed.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    count_primes : Only how many there are.
    iter_primes : One after the other.
    prime_blocks : In arrays of a fixed size, where they do not fit into memory at once.

    Notes
    -----
    The result is allocated for as many primes as there can be by the bounds of [1]_ and [2]_, filled
    directly, and trimmed in place; pages that are not written to take no memory. Besides it a call takes
    memory in proportion to ``sqrt(stop)`` at most.

    References
    ----------
    .. [1] P. Dusart, "Estimates of some functions over primes without R.H.", 2010.
    .. [2] H. L. Montgomery and R. C. Vaughan, "The large sieve", Mathematika 20, 1973.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.primes(30)
    array([ 2,  3,  5,  7, 11, 13, 17, 19, 23, 29], dtype=uint32)
    >>> perfpy.primes(10**18, 10**18 + 20)
    array([1000000000000000003, 1000000000000000009], dtype=uint64)

    Into memory that is there already:

    >>> import numpy as np
    >>> memory = np.zeros(6, np.int64)
    >>> perfpy.primes(14, 30, out=memory)
    array([17, 19, 23, 29])
    """
    kernel = PRIMES[backend]
    low, high = interval(start_or_stop, stop)
    if out is not None:
        return _into(_checked(out, dtype, high), kernel, backend, executor, low, high)
    kind = dtype_of(dtype, high)
    if executor is not None:
        from . import _pieces

        return _pieces.primes(executor, PRIMES.resolve(backend), low, high, kind)
    return fresh(kernel, low, high, kind)


def fresh(kernel: Kernel, low: int, high: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """Return the primes of [low, high) in an array of their own."""
    if kind.itemsize < 4:
        return fresh(kernel, low, high, np.dtype(np.uint32)).astype(kind)
    result = allocate(low, high, kind)
    if result.size:
        count = kernel(low, high, unsigned(result))
        result.resize(count, refcheck=False)  # in place: the pages of the rest go back to the system
    return result


def allocate(low: int, high: int, kind: np.dtype[Any]) -> NDArray[Any]:
    """Return memory for the primes of [low, high), which fits as far as can be told before they are known.

    From some megabytes on NumPy advises huge pages, without which page faults take longer than the sieve.
    """
    if high <= low:
        return np.empty(0, kind)
    most = _bounds.at_most_between(low, high)
    if most * kind.itemsize > _UNCHECKED:
        what = f"the primes from {low} to {high} as {kind}"
        _memory.require(_bounds.about_between(low, high) * kind.itemsize, what)
        if most * kind.itemsize > _memory.available():  # the bound is too loose to allocate by
            most = COUNT_PRIMES["auto"](low, high)
            _memory.require(most * kind.itemsize, what)
    return np.empty(most, kind)


def dtype_of(dtype: DTypeLike | None, high: int) -> np.dtype[Any]:
    """Return the dtype of the result; it holds every number below `high`."""
    if dtype is None:
        return np.dtype(np.uint32 if high <= 2**32 else np.uint64)
    kind = np.dtype(dtype)
    if kind.kind not in "iu":
        raise TypeError(f"dtype must be an integer type, not {kind}; convert the result")
    if not kind.isnative:
        raise TypeError(f"dtype must be in native byte order, not {kind!r}")
    _check_holds("dtype", kind, high)
    return kind


def _check_holds(name: str, kind: np.dtype[Any], high: int) -> None:
    largest = int(np.iinfo(kind).max)
    if high - 1 > largest:
        raise ValueError(
            f"{name} {kind} holds numbers up to {largest}, and the interval goes up to {high - 1}; "
            "use a wider type"
        )


def _checked(out: Any, dtype: DTypeLike | None, high: int) -> NDArray[Any]:
    """Return `out` if it can take the primes below `high`."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an integer array, not {type(out).__name__}: {short(out)}")
    if out.dtype.kind not in "iu" or not out.dtype.isnative:
        raise TypeError(f"out must have an integer dtype in native byte order, not {out.dtype!r}")
    if dtype is not None and np.dtype(dtype) != out.dtype:
        raise TypeError(f"dtype must be that of out where both are given, not {np.dtype(dtype)}")
    if out.ndim != 1:
        raise ValueError(f"out must be 1-D, not {out.ndim}-D of shape {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, but it is read-only; pass a copy")
    _check_holds("out of dtype", out.dtype, high)
    return out


def _into(
    out: NDArray[Any], kernel: Kernel, backend: str, executor: ExecutorLike, low: int, high: int
) -> NDArray[Any]:
    """Fill the start of `out` with the primes of [low, high) and return it."""
    if out.size < _bounds.at_most_between(low, high):
        count = COUNT_PRIMES["auto"](low, high) if low < high else 0
        if count > out.size:
            raise ValueError(f"out must have room for {count} primes, not for {out.size}")
    direct = out.flags.c_contiguous and out.flags.aligned and out.dtype.itemsize >= 4
    if low >= high:
        return out[:0]
    if executor is None and direct:
        return out[: kernel(low, high, unsigned(out))]
    kind = np.dtype(np.uint32) if out.dtype.itemsize < 4 else out.dtype
    if executor is None:
        found = fresh(kernel, low, high, kind)
    else:
        from . import _pieces

        found = _pieces.primes(executor, PRIMES.resolve(backend), low, high, kind, out if direct else None)
    part = out[: found.size]
    if not (direct and np.shares_memory(found, part)):
        part[...] = found
    return part


def unsigned(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array as kernels see it: unsigned, and no subclass."""
    plain = array.view(np.ndarray)
    return plain.view(np.uint32 if array.dtype.itemsize == 4 else np.uint64)
