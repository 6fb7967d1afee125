"""`count_primes` and `nth_prime`: how many primes there are, and which one has a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._arguments import interval, whole
from ._tables import COUNT_PRIMES, NTH_PRIME

if TYPE_CHECKING:
    from perfpy.executors import ExecutorLike

#: How many primes have at most 64 bits (OEIS A007053).
_MOST = 425_656_284_035_217_743


def count_primes(
    start_or_stop: int, stop: int | None = None, *, backend: str = "auto", executor: ExecutorLike = None
) -> int:
    """Count the primes of an interval.

    ``count_primes(stop)`` counts the primes below `stop`, ``count_primes(start, stop)`` those p with
    ``start <= p < stop``, as `range` does. Note that the prime-counting function includes its argument:
    pi(x) is ``count_primes(x + 1)``.

    Parameters
    ----------
    start_or_stop : int
        The end of the interval if `stop` is left out, else its start. A float is taken if its value is
        whole, as 1e12.
    stop : int, optional
        The end of the interval, which is not part of it; at most 2**64.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All are exact.
    executor : None, str or concurrent.futures.Executor, optional
        Where it runs: in this thread (None), on ``"threads"``, ``"processes"``, ``"threads:4"``, or on any
        executor with a ``submit`` method. Parts of the interval are handed out in pieces of equal work.

    Returns
    -------
    int
        How many primes there are.

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
    primes : The primes themselves.
    nth_prime : The inverse function.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.count_primes(10**6)
    78498
    >>> perfpy.count_primes(10**8, 10**8 + 10**6)
    54208
    """
    kernel = COUNT_PRIMES[backend]
    low, high = interval(start_or_stop, stop)
    if high <= 2 or low >= high:
        return 0
    if executor is not None:
        from . import _pieces

        return _pieces.count_primes(executor, COUNT_PRIMES.resolve(backend), low, high)
    return int(kernel(low, high))


def nth_prime(n: int, *, backend: str = "auto", executor: ExecutorLike = None) -> int:
    """Return the prime with a number; the first is 2.

    Parameters
    ----------
    n : int
        Number of the prime, from 1 to 425656284035217743, the number of primes below 2**64.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All are exact.
    executor : None, str or concurrent.futures.Executor, optional
        Where the primes before it are counted, as for `count_primes`.

    Returns
    -------
    int
        The prime.

    Raises
    ------
    ValueError
        If `n` is out of range or there is no such backend.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    count_primes : The inverse function.

    Notes
    -----
    An approximation of the prime is found first, from the smooth function that is closest to the number of
    primes [1]_. Counting the primes below it says how many are left to walk.

    References
    ----------
    .. [1] H. Riesel, "Prime Numbers and Computer Methods for Factorization", 2nd ed., Birkhäuser, 1994,
       chapter 2.

    Examples
    --------
    >>> import perfpy
    >>> [perfpy.nth_prime(n) for n in (1, 2, 10_000)]
    [2, 3, 104729]
    """
    kernel = NTH_PRIME[backend]
    number = whole("n", n)
    if not 1 <= number <= _MOST:
        raise ValueError(f"n must be from 1 to {_MOST}, the number of primes below 2**64, not {number}")
    if executor is not None:
        from . import _pieces

        return _pieces.nth_prime(executor, NTH_PRIME.resolve(backend), number)
    return int(kernel(number))
