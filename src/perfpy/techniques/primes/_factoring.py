"""`prime_factors`: what a number is the product of."""

from __future__ import annotations

from ._arguments import sixty_four_bits
from ._tables import PRIME_FACTORS


def prime_factors(n: int, *, backend: str = "auto") -> list[int]:
    """Return the prime factors of a number in ascending order, each as often as it divides the number.

    Parameters
    ----------
    n : int
        The number, from 1 to 2**64 - 1.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All give the same factors.

    Returns
    -------
    list of int
        Primes whose product is `n`; empty for 1, and `n` alone for a prime.

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
    is_prime : Only whether there is more than one factor.

    Notes
    -----
    Small factors are divided out; the others are found by Pollard's rho method in the form of [1]_, in about
    the fourth root of `n` steps.

    References
    ----------
    .. [1] R. P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.prime_factors(360)
    [2, 2, 2, 3, 3, 5]
    >>> perfpy.prime_factors(100109100129100369)
    [95362951, 1049769319]
    """
    number = sixty_four_bits("n", n, least=1)
    factors: list[int] = PRIME_FACTORS[backend](number)
    return factors
