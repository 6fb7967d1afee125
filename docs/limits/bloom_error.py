"""How often Bloom filters find strangers, over keys of several kinds, beside the rate that was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

import perfpy
from perfpy import datasets

MEMBERS, STRANGERS, CHUNK = 10**6, 2 * 10**7, 10**6
RATES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
#: Made-up suffixes for each word: so many words that are strangers.
SUFFIXES = 10


def random_keys(first: int, count: int) -> np.ndarray:
    """Return random integers, which are as good as different."""
    return np.random.default_rng(first).integers(0, 2**63, count)


def sequential_keys(first: int, count: int) -> np.ndarray:
    """Return consecutive integers."""
    return np.arange(first, first + count)


def shifted_keys(first: int, count: int) -> np.ndarray:
    """Return integers whose lower 32 bits are 0."""
    return np.arange(first, first + count) << 32


INTEGERS = {"random": random_keys, "sequential": sequential_keys, "shifted": shifted_keys}


def sets() -> Iterator[tuple[str, Any, list[Any]]]:
    """Yield the name of each kind of keys, the members, and the strangers in parts."""
    for name, make in INTEGERS.items():
        starts = range(MEMBERS, MEMBERS + STRANGERS, CHUNK)
        yield name, make(0, MEMBERS), [make(start, CHUNK) for start in starts]
    words = datasets.words()
    yield "words", words, [[f"{word}{suffix}" for word in words] for suffix in range(SUFFIXES)]


def cell(found: int, tried: int) -> str:
    """Write a rate with its standard error, which chance gives it."""
    return f"{found / tried:.3g} ± {max(found, 1) ** 0.5 / tried:.1g}"


def main() -> None:
    """Print the table."""
    rows: dict[tuple[str, float], list[str]] = {}
    for name, members, strangers in sets():
        for layout in ("blocked", "classic"):
            for rate in RATES:
                one = perfpy.bloom_filter(len(members), rate, items=members, layout=layout)
                assert one.contains(members).all(), f"a member is missing: {name}, {layout}, {rate}"
                found = sum(int(np.count_nonzero(one.contains(part))) for part in strangers)
                start = [layout, f"{rate:g}", f"{one.bits / one.capacity:.2f}", str(one.probes)]
                row = rows.setdefault((layout, rate), start)
                row.append(cell(found, sum(map(len, strangers))))
        del members, strangers
    header = ["layout", "asked for", "bits per key", "probes", *INTEGERS, "words"]
    print(
        json.dumps(
            {
                "header": header,
                "cells": [rows[key] for key in sorted(rows, key=lambda key: (key[0], -key[1]))],
            }
        )
    )


if __name__ == "__main__":
    main()
