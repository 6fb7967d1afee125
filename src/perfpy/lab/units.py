"""Numbers with units, short enough for a table."""

from __future__ import annotations

import math

_TIME = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_MEMORY = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def time(seconds: float | None) -> str:
    """Return a time to three significant digits: ``"4.21 ms"``."""
    if seconds is None:
        return ""
    scale, unit = next((item for item in _TIME if seconds >= item[0] * 0.9995), _TIME[-1])
    return f"{three(seconds / scale)} {unit}"


def memory(size: float | None) -> str:
    """Return a size: ``"15.3 MiB"``."""
    if size is None:
        return ""
    scale, unit = next((item for item in _MEMORY if size >= item[0]), (1, "B"))
    return f"{three(size / scale)} {unit}" if scale > 1 else f"{size:.0f} B"


def time_tick(seconds: float) -> str:
    """Return a round time as it stands at an axis: ``"10 ms"``."""
    return _without_zeros(time(seconds))


def memory_tick(size: float) -> str:
    """Return a round size as it stands at an axis: ``"2 MiB"``."""
    return _without_zeros(memory(size))


def _without_zeros(text: str) -> str:
    number, _, unit = text.partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"


def ratio(value: float | None) -> str:
    """Return a speed-up: 412 and a times sign."""
    return "" if value is None else f"{three(value)}\N{MULTIPLICATION SIGN}"


def difference(value: float | None) -> str:
    """Return a difference between results: ``"0"`` for none, two digits for others."""
    if value is None:
        return ""
    return "0" if value == 0 else f"{value:.2g}"


def three(value: float) -> str:
    """Return a number to three significant digits without an exponent: ``"1,230"``, ``"0.0123"``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    if digits and math.floor(math.log10(abs(rounded))) > math.floor(math.log10(abs(value))):
        digits -= 1  # 9.999 became 10.0, one digit less after the point
    return f"{rounded:,.{digits}f}"
