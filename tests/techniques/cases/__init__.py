"""What the contract tests need to know of each technique; an entry here brings one under all of them."""

from __future__ import annotations

from .case import Case
from .fields import FIELDS
from .keys import KEYS
from .numbers import NUMBERS

__all__ = ["CASES", "Case"]

CASES = {**FIELDS, **NUMBERS, **KEYS}
