"""`is_prime`: whether numbers are prime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ._arguments import LIMIT, short, whole
from ._tables import ABOVE_64_BITS, IS_PRIME

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from perfpy.executors import ExecutorLike


@overload
def is_prime(n: int, *, backend: str = "auto", executor: ExecutorLike = None) -> bool: ...
@overload
def is_prime(n: ArrayLike, *, backend: str = "auto", executor: ExecutorLike = None) -> NDArray[np.bool_]: ...


def is_prime(n: Any, *, backend: str = "auto", executor: ExecutorLike = None) -> bool | NDArray[np.bool_]:
    """Tell whether a number, or each number of an array, is prime.

    Parameters
    ----------
    n : int or array_like of integers
        The number or numbers, of any size and sign; those below 2 are not prime. Floats are taken if their
        values are whole.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All give the same answers.
    executor : None, str or concurrent.futures.Executor, optional
        Where an array is tested: in this thread (None), on ``"threads"``, ``"processes"``, ``"threads:4"``,
        or on any executor with a ``submit`` method. A single number is tested in this thread by every
        backend but ``"trial"``, which hands out ranges of divisors.

    Returns
    -------
    bool or bool array of the shape of `n`
        A single bool for a single number.

    Raises
    ------
    ValueError
        If a float is not whole, a number has more bits than the backend can take, or there is no such
        backend.
    TypeError
        If `n` does not hold numbers.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    primes : All primes of an interval: quicker than testing its numbers.
    prime_factors : What a number that is not prime is made of.

    Notes
    -----
    Below 2**64 the answer is proven: the Miller-Rabin test is done for a set of bases that no composite
    number of that size passes [1]_. From there on it is the test of Baillie, Pomerance, Selfridge and
    Wagstaff [2]_, which no composite number is known to pass; that none exists has not been proven.

    References
    ----------
    .. [1] J. Sorenson and J. Webster, "Strong pseudoprimes to twelve prime bases", Math. Comp. 86, 2017.
    .. [2] R. Baillie and S. S. Wagstaff, "Lucas pseudoprimes", Math. Comp. 35, 1980.

    Examples
    --------
    >>> import perfpy
    >>> perfpy.is_prime(2**61 - 1)
    True
    >>> perfpy.is_prime([[0, 1, 2], [3, 4, 5]])
    array([[False, False,  True],
           [ True, False,  True]])
    >>> perfpy.is_prime(2**127 - 1)
    True
    """
    if type(n) is int and 0 <= n < LIMIT:
        kernel = IS_PRIME[backend]
        if executor is not None:
            return _of_one(n, backend, executor)
        return bool(kernel(n, None))
    if isinstance(n, (np.ndarray, list, tuple, memoryview)) or hasattr(n, "__array__"):
        answers: bool | NDArray[np.bool_] = _of_array(n, backend, executor)
        return answers
    return _of_one(whole("n", n), backend, executor)


def _of_one(number: int, backend: str, executor: ExecutorLike) -> bool:
    """Test one number of any size."""
    kernel = IS_PRIME[backend, ABOVE_64_BITS if number >= LIMIT else ()]
    if executor is not None:
        from perfpy.executors import engine

        engine(executor)  # a mistake in it is one for a single number, too
        if IS_PRIME.resolve(backend) == "trial":
            return bool(kernel(number, None, executor=executor))
    return number >= 2 and bool(kernel(number, None))


def _of_array(values: Any, backend: str, executor: ExecutorLike) -> Any:
    """Test the numbers of an array of any shape and type."""
    if np.ma.is_masked(values):
        raise ValueError(f"n must have no masked elements ({short(values)}); use compressed()")
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"n must be an array of integers, not {short(values)}: {error}") from None
    if array.dtype.kind == "f" and not isinstance(values, np.ndarray):
        array = np.asarray(values, dtype=object)  # integers of mixed size, which float64 would round
    if array.ndim == 0:
        return _of_one(whole("n", array[()]), backend, executor)
    if array.dtype.kind == "O":
        return _of_objects(array, backend, executor)
    kernel = IS_PRIME[backend]
    numbers = _unsigned(array)
    result = np.empty(numbers.size, np.bool_)
    if executor is not None:
        from . import _pieces

        result = _pieces.is_prime(executor, IS_PRIME.resolve(backend), numbers, result)
    elif numbers.size:
        kernel(numbers, result)
    return result.reshape(array.shape)


def _unsigned(array: NDArray[Any]) -> NDArray[np.uint64]:
    """Return the numbers as a contiguous uint64 array, with 0 for the negative ones."""
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or (array != np.trunc(array)).any():
            raise ValueError(f"n must hold whole numbers ({short(array)}); round them first")
        if (array >= LIMIT).any():
            raise ValueError(
                f"n must hold floats below 2**64 ({short(array)}); convert larger ones to int, dtype=object"
            )
        array = np.maximum(array, 0)
    elif array.dtype.kind == "i":
        array = np.maximum(array, 0) if array.size and array.min() < 0 else array
    elif array.dtype.kind != "u" and array.size:
        raise TypeError(f"n must hold integers, not {array.dtype} ({short(array)})")
    flat = np.ascontiguousarray(array, dtype=np.uint64).reshape(-1)
    return flat if flat.flags.aligned else flat.copy()


def _of_objects(array: NDArray[Any], backend: str, executor: ExecutorLike) -> NDArray[np.bool_]:
    """Test integers of any size: those below 2**64 at once, the others one by one."""
    numbers = [whole("n", value) for value in array.reshape(-1).tolist()]
    small = np.array([0 <= number < LIMIT for number in numbers], np.bool_)
    result = np.zeros(len(numbers), np.bool_)
    within = np.array([number for number in numbers if 0 <= number < LIMIT], np.uint64)
    result[small] = _of_array(within, backend, executor)
    for index in np.flatnonzero(~small):
        result[index] = _of_one(numbers[index], backend, executor)
    return result.reshape(array.shape)
