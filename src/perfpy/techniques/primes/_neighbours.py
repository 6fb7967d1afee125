"""`next_prime` and `previous_prime`: the primes beside a number."""

from __future__ import annotations

from ._arguments import LIMIT, whole
from ._tables import ABOVE_64_BITS, NEXT_PRIME, PREVIOUS_PRIME

_LAST = 18_446_744_073_709_551_557  # the largest prime with 64 bits


def next_prime(n: int, *, backend: str = "auto") -> int:
    """Return the smallest prime above a number.

    Parameters
    ----------
    n : int
        A number of any size and sign.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All give the same prime.

    Returns
    -------
    int
        The prime; from 2**64 on, what passes the test of `is_prime` for numbers of that size.

    Raises
    ------
    ValueError
        If there is no such backend, or it cannot take numbers with more than 64 bits and the prime is one.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    previous_prime : The other direction.
    iter_primes : Many in a row.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.next_prime(13)
    17
    >>> perfpy.next_prime(2**64)
    18446744073709551629
    """
    number = whole("n", n)
    kernel = NEXT_PRIME[backend, ABOVE_64_BITS] if number >= _LAST else NEXT_PRIME[backend]
    return int(kernel(number)) if number >= 2 else 2


def previous_prime(n: int, *, backend: str = "auto") -> int:
    """Return the largest prime below a number.

    Parameters
    ----------
    n : int
        A number of any size above 2.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All give the same prime.

    Returns
    -------
    int
        The prime; above 2**64, what passes the test of `is_prime` for numbers of that size.

    Raises
    ------
    ValueError
        If `n` is 2 or less, there is no such backend, or it cannot take numbers with more than 64 bits and
        `n` is one.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    next_prime : The other direction.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.previous_prime(13)
    11
    >>> perfpy.previous_prime(2**64)
    18446744073709551557
    """
    number = whole("n", n)
    if number <= 2:
        raise ValueError(f"n must be above 2, the smallest prime, not {number}")
    kernel = PREVIOUS_PRIME[backend, ABOVE_64_BITS] if number > LIMIT else PREVIOUS_PRIME[backend]
    return int(kernel(number))
