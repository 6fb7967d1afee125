"""Trial division: what dividing work teaches, because one worker that finds a divisor makes the others' idle.

`is_prime` is the backend ``"trial"``. It is there to be compared, not to be used.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from time import perf_counter
from typing import TYPE_CHECKING, Any

from perfpy import executors
from perfpy.executors import Sizes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from perfpy.executors import ExecutorLike

_GRAIN = 10_000  # divisors
_MOST = 2_000_000  # divisors of a piece: some tenths of a second


def is_prime(n: Any, out: NDArray[np.bool_] | None, *, executor: ExecutorLike = None) -> bool | None:
    """Test an int, its divisors handed out to an executor, or fill `out` for the numbers of an array."""
    if out is not None:
        for index in range(n.size):
            out[index] = is_prime(int(n[index]), None)
        return None
    if n < 4 or n % 2 == 0:
        return bool(n in (2, 3))
    divisors = odd_divisors(n)
    if executor is None:
        return smallest_divisor(n, divisors) is None
    return not _found(n, divisors, executor)


def odd_divisors(n: int) -> range:
    """Return the odd numbers that have to be tried for an odd number above 3."""
    return range(3, isqrt(n) + 1, 2)


def smallest_divisor(n: int, divisors: range) -> int | None:
    """Return the first of the divisors that divides the number."""
    for divisor in divisors:
        if n % divisor == 0:
            return divisor
    return None


def _found(n: int, divisors: range, executor: ExecutorLike) -> bool:
    """Tell whether some divisor divides the number; no more pieces are handed out once one does."""
    assert executor is not None
    engine = executors.engine(executor)
    sizes = Sizes(
        len(divisors),
        workers=engine.workers,
        most=_MOST,
        longest=engine.longest,
        shortest=engine.shortest,
        grain=_GRAIN,
    )
    found: list[int] = []

    def pieces() -> Iterator[range]:
        for piece in sizes:
            if found:
                return
            yield piece

    def combine(piece: range, result: tuple[float, int | None]) -> None:
        seconds, divisor = result
        sizes.measured(piece, seconds)
        if divisor is not None:
            found.append(divisor)

    executors.run(engine, _try, (n, divisors), pieces(), combine)
    return bool(found)


def _try(piece: range, n: int, divisors: range) -> tuple[float, int | None]:
    started = perf_counter()
    divisor = smallest_divisor(n, divisors[piece.start : piece.stop])
    return perf_counter() - started, divisor


executors.sendable(_try)
