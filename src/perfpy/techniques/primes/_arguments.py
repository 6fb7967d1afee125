"""Checks of the arguments that the functions about primes share."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

#: Numbers below this have 64 bits.
LIMIT = 2**64
_INTEGERS = "an integer (or a float with a whole value, as 1e9)"


def whole(name: str, value: Any) -> int:
    """Return an argument as an int; a float is taken if its value is whole, a bool never."""
    if type(value) is int:
        return value
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be {_INTEGERS}, not the bool {value}")
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value) or value != np.trunc(value):
            raise ValueError(f"{name} must be {_INTEGERS}, not {value}; round it first")
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be {_INTEGERS}, not {type(value).__name__}: {short(value)}") from None


def interval(start_or_stop: Any, stop: Any) -> tuple[int, int]:
    """Return the bounds of the numbers meant, as `range` reads them, clipped to what can hold a prime."""
    first = whole("start_or_stop", start_or_stop)
    if stop is None:
        return 0, upper("start_or_stop", first)
    last = upper("stop", whole("stop", stop))
    low = max(first, 0)
    return (low, last) if low < last else (0, 0)


def upper(name: str, value: int) -> int:
    """Return the end of an interval, at least 0; a `ValueError` if numbers with 64 bits do not reach it."""
    if value > LIMIT:
        raise ValueError(f"{name} must be at most 2**64 = {LIMIT}, not {value}")
    return max(value, 0)


def sixty_four_bits(name: str, value: Any, least: int) -> int:
    """Return an argument that is a number from `least` up to 2**64 - 1."""
    number = whole(name, value)
    if not least <= number < LIMIT:
        raise ValueError(f"{name} must be from {least} to 2**64 - 1 = {LIMIT - 1}, not {number}")
    return number


def short(value: object) -> str:
    """Return the repr of a value, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
