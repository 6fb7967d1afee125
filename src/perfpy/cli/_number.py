"""Numbers on a command line."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import click

_POWER = re.compile(r"(\d+)(?:\*\*|\^)(\d+)([+-]\d+)?")
_LARGEST_EXPONENT = 10_000  # beyond it a slip of the finger would take all memory


class Number(click.ParamType):  # type: ignore[type-arg]
    """An integer as people write it: 1000000, 1_000_000, 1e6, 10**6, 10^6, 2**64-59."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _integer(value.strip())
        if found is None:
            self.fail(f"{value!r} is not a whole number like 1000000, 1e6, 10**6 or 2**64-59", param, ctx)
        return found


#: The type of such an argument.
NUMBER = Number()


def _integer(text: str) -> int | None:
    power = _POWER.fullmatch(text.replace("_", ""))
    if power:
        base, exponent, rest = int(power[1]), int(power[2]), int(power[3] or 0)
        return base**exponent + rest if exponent <= _LARGEST_EXPONENT else None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if (
        not number.is_finite()
        or number.adjusted() > _LARGEST_EXPONENT
        or number != number.to_integral_value()
    ):
        return None
    return int(number)
