"""How soon a key is found in vocabularies of several sizes, and what each of their keys takes.

python docs/limits/trie_sizes.py [CORPUS:COUNT ...]

One process, in which structures take turns; the least of some rounds. Keys are drawn at random from a corpus,
whole where no count is said, as in trie_experiment.py. The time of the loop around look-ups is taken off.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Container
from typing import Any

import dawg
import marisa_trie
from trie_experiment import corpora

import perfpy

QUERIES = 100_000
ROUNDS = 9
DEFAULT = [
    *(f"words:{count}" for count in (1_000, 10_000, 100_000, 300_000)),
    "words",
    *(f"tokens:{count}" for count in (10_000, 100_000, 300_000, 1_000_000)),
]


def made(keys: list[str]) -> dict[str, tuple[Container[str], int]]:
    """Return structures of some keys, and how many bytes each takes."""
    found: dict[str, tuple[Any, int]] = {}
    for layout in ("fast", "compact"):
        one = perfpy.trie(keys, layout=layout, backend="c")
        found[layout] = one, one.nbytes
    for name, package in (("DAWG", dawg.DAWG), ("CompletionDAWG", dawg.CompletionDAWG)):
        one = package(keys)
        found[name] = one, len(one.tobytes())
    one = marisa_trie.Trie(keys)
    found["marisa-trie"] = one, len(one.tobytes())
    return found


def look_up(structure: Container[str], queries: list[str]) -> float:
    """Return the seconds of all queries."""
    found = 0
    started = time.perf_counter()
    for query in queries:
        if query in structure:
            found += 1
    seconds = time.perf_counter() - started
    if found != len(queries):
        raise SystemExit(f"{type(structure).__name__} does not find {len(queries) - found} keys")
    return seconds


def go_round(queries: list[str]) -> float:
    """Return the seconds of the loop itself."""
    found = 0
    started = time.perf_counter()
    for query in queries:
        if query:
            found += 1
    return time.perf_counter() - started


def row(title: str, keys: list[str]) -> list[str]:
    structures = made(keys)
    drawn = random.Random(1).choices(keys, k=QUERIES)
    queries = [key.encode().decode() for key in drawn]  # objects of their own, in the order of their use
    least = dict.fromkeys([*structures, ""], float("inf"))
    for _ in range(ROUNDS):
        least[""] = min(least[""], go_round(queries))
        for name, (structure, _size) in structures.items():
            least[name] = min(least[name], look_up(structure, queries))
    cells = (
        f"{(least[name] - least['']) / QUERIES * 1e9:,.0f} ({size / len(keys):.2f})"
        for name, (_, size) in structures.items()
    )
    return [title, *cells]


def main() -> None:
    """Print the table."""
    cells = []
    for title, keys in corpora(sys.argv[1:] or DEFAULT).items():
        # The empty key, NUL and halves of pairs are not for every peer.
        keys = [key for key in keys if key and "\0" not in key and key.isprintable()]
        cells.append(row(title, keys))
    header = ["hit, ns (bytes per key)", '"fast"', '"compact"', "DAWG", "CompletionDAWG", "marisa-trie"]
    print(json.dumps({"header": header, "cells": cells}))


if __name__ == "__main__":
    main()
