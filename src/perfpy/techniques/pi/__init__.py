"""Pi by the Monte Carlo method: the part of random points in a square that fall into its circle."""

from __future__ import annotations

import operator
import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from perfpy._dispatch import Backend, Technique, Traits

from ._estimate import PiEstimate

if TYPE_CHECKING:
    from perfpy.executors import ExecutorLike

__all__ = ["ESTIMATE_PI", "PiEstimate", "estimate_pi"]

_HERE = "perfpy.techniques.pi"
_EXT = "perfpy._ext.pi"
_MOST = 2**63

ESTIMATE_PI = Technique(
    "estimate_pi",
    (
        Backend(
            "python",
            f"{_HERE}._python:count_inside",
            traits=Traits(interruptible=True, note="one point after the other"),
        ),
        Backend(
            "numpy",
            f"{_HERE}._numpy:count_inside",
            package="numpy",
            traits=Traits(interruptible=True, note="4096 generators in step"),
        ),
        Backend(
            "numba",
            f"{_HERE}._numba:count_inside",
            package="numba",
            extra="numba",
            traits=Traits(releases_gil=True, interruptible=True, note="512 generators in step"),
        ),
        Backend(
            "cython",
            f"{_HERE}._cython:count_inside",
            extension=f"{_EXT}._cython",
            traits=Traits(releases_gil=True, interruptible=True, note="64 generators in step"),
        ),
        Backend(
            "c",
            f"{_HERE}._c:count_inside",
            extension=f"{_EXT}._c",
            traits=Traits(releases_gil=True, interruptible=True, note="SIMD kernel: a generator per lane"),
        ),
    ),
    auto=("c", "cython", "numba", "numpy"),
)


def estimate_pi(
    samples: int, *, seed: int | None = None, backend: str = "auto", executor: ExecutorLike = None
) -> PiEstimate:
    """Estimate pi from random points: a quarter of it is the part of a square that its circle covers.

    Parameters
    ----------
    samples : int
        Number of points, from 1 to 2**63. A float is taken if its value is whole, as 1e9. A hundred times as
        many give a digit more.
    seed : int, optional
        Which points: from 0 to 2**64 - 1. The same seed gives the same count from every backend, on every
        executor and on every machine. The operating system chooses one if left out; it is in the result.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All count the same.
    executor : None, str or concurrent.futures.Executor, optional
        Where it runs: in this thread (None), on ``"threads"``, ``"processes"``, ``"threads:4"``, or on any
        executor with a ``submit`` method. The points are handed out in pieces.

    Returns
    -------
    PiEstimate
        The value, its standard error, and the count they are made of.

    Raises
    ------
    ValueError
        If a number is out of range or there is no such backend.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    Notes
    -----
    Every point is a function of the seed and its number: runs of 1024 points come from xoshiro128++ [1]_,
    which begins each run with a block of Philox4x32-10 [2]_. Points are on a grid of 2**32 by 2**32, and
    whether one is inside is decided by integers, so that the count is exact. That a grid is not a plane
    changes the expected value by -1.0e-14, as counting its points shows; the standard error of 2**63 points
    is 5e-10.

    References
    ----------
    .. [1] D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", ACM Transactions on
       Mathematical Software 47, 2021.
    .. [2] J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

    Examples
    --------
    >>> import perfpy
    >>> estimate = perfpy.estimate_pi(10**6, seed=1)
    >>> estimate
    PiEstimate(samples=1000000, inside=785523, seed=1)
    >>> print(estimate)
    3.1421 +- 0.0016
    """
    kernel = ESTIMATE_PI[backend]
    count, chosen = _samples(samples), _seed(seed)
    if executor is None:
        return PiEstimate(count, int(kernel(chosen, 0, count)), chosen)
    from . import _pieces

    return PiEstimate(
        count, _pieces.count_inside(executor, ESTIMATE_PI.resolve(backend), chosen, count), chosen
    )


def _samples(samples: Any) -> int:
    count = _whole("samples", samples)
    if not 1 <= count <= _MOST:
        raise ValueError(f"samples must be from 1 to 2**63 = {_MOST}, not {count}")
    return count


def _seed(seed: Any) -> int:
    if seed is None:
        return secrets.randbits(64)
    number = _whole("seed", seed)
    if not 0 <= number < 2**64:
        raise ValueError(f"seed must be from 0 to 2**64 - 1, not {number}")
    return number


def _whole(name: str, value: Any) -> int:
    """Return an argument as an int; a float is taken if its value is whole, a bool never."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer, not the bool {value}")
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value) or value != np.trunc(value):
            raise ValueError(
                f"{name} must be an integer (or a float with a whole value, as 1e9), not {value}"
            )
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}: {value!r:.60}") from None
