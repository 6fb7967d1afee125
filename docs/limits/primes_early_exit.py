"""What it costs, and gains, when workers that look for a divisor can see that another one has found it."""

from __future__ import annotations

import json

from perfpy.lab import units
from perfpy.techniques.primes import early_exit

#: A prime, and a product of two primes whose smaller one is a third of the way to the square root.
PRIME, COMPOSITE = 10**14 + 31, 3_333_391 * 29_999_999
CHUNKS = (100, 1000, 10_000, 100_000)


def row(sharing: str, n: int) -> list[str]:
    """Return the times of a search for each chunk size."""
    return [units.time(early_exit.search(n, sharing=sharing, chunk=chunk).seconds) for chunk in CHUNKS]


def main() -> None:
    """Print the table."""
    assert early_exit.search(PRIME).prime
    assert early_exit.search(COMPOSITE).divisor == 3_333_391
    header = ["flag", "number", *(f"chunks of {chunk:,}" for chunk in CHUNKS)]
    cells = [
        [sharing, kind, *row(sharing, n)]
        for kind, n in (("prime", PRIME), ("composite", COMPOSITE))
        for sharing in early_exit.SHARINGS
    ]
    print(json.dumps({"header": header, "cells": cells}))


if __name__ == "__main__":
    main()
