"""What a vocabulary takes in memory, and how soon a word is found: lists, sets, dicts and tries.

python docs/limits/trie_experiment.py [words|tokens|paths[:COUNT] ...]

With a count, so many keys of a corpus at random. Each structure is built in a process of its own, which is
measured before and after. Corpora that are not on the machine are left out: words are those of
/usr/share/dict, tokens those of the package wordfreq, paths the files of the operating system.
"""

from __future__ import annotations

import bisect
import ctypes
import gc
import importlib.util
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import perfpy
from perfpy import datasets

QUERIES = 100_000
ROUNDS = 3
PACKAGES = {"marisa-trie": "marisa_trie", "DAWG2": "dawg", "datrie": "datrie"}


def pickled(structure: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(structure, protocol=5))


def unpickled(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


class Sorted:
    """A sorted list, searched by bisection."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = sorted(keys)

    def __contains__(self, key: str) -> bool:
        place = bisect.bisect_left(self.keys, key)
        return place < len(self.keys) and self.keys[place] == key


class Strings:
    """A sorted array of byte strings, all as wide as the longest, searched by searchsorted."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = np.array(sorted(key.encode("utf-8", "surrogatepass") for key in keys))

    def __contains__(self, key: str) -> bool:
        data = key.encode("utf-8", "surrogatepass")
        place = self.keys.searchsorted(data)
        return bool(place < len(self.keys) and self.keys[place] == data)


def marisa(keys: list[str]) -> Any:
    import marisa_trie

    return marisa_trie.Trie(keys)


def dawg(keys: list[str]) -> Any:
    import dawg

    return dawg.CompletionDAWG(keys)


def alphabet_trie(keys: list[str]) -> Any:
    import datrie

    letters = set().union(*keys)
    if len(letters) > 250:
        raise ValueError("datrie ends the process on such an alphabet")
    made = datrie.BaseTrie(sorted(letters))
    for key in keys:
        made[key] = 1
    return made


def load_marisa(path: Path) -> Any:
    import marisa_trie

    made = marisa_trie.Trie()
    made.mmap(str(path))
    return made


def load_dawg(path: Path) -> Any:
    import dawg

    return dawg.CompletionDAWG().load(str(path))


def load_alphabet_trie(path: Path) -> Any:
    import datrie

    return datrie.BaseTrie.load(str(path))


def save(structure: Any, path: Path) -> None:
    structure.save(str(path))


#: How a structure is made, saved and loaded.
STRUCTURES: dict[
    str, tuple[Callable[[list[str]], Any], Callable[[Any, Path], Any], Callable[[Path], Any]]
] = {
    "list, bisect": (Sorted, pickled, unpickled),
    "set": (set, pickled, unpickled),
    "dict": (lambda keys: {key: rank for rank, key in enumerate(sorted(keys))}, pickled, unpickled),
    "numpy, searchsorted": (Strings, pickled, unpickled),
    "datrie": (alphabet_trie, save, load_alphabet_trie),
    "marisa-trie": (marisa, save, load_marisa),
    "DAWG2": (dawg, save, load_dawg),
    "perfpy compact": (lambda keys: perfpy.trie(keys, backend="c"), save, perfpy.load_trie),
    "perfpy fast": (lambda keys: perfpy.trie(keys, layout="fast", backend="c"), save, perfpy.load_trie),
}


def resident() -> int:
    """Return the bytes of the process, what has been freed given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def read(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "surrogatepass").split("\n")


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def look_up(structure: Any, queries: list[str]) -> float:
    """Return nanoseconds for a query, one after the other."""

    def loop() -> None:
        for query in queries:
            query in structure  # noqa: B015

    return min(seconds(loop) for _ in range(ROUNDS)) / len(queries) * 1e9


def measure(name: str, corpus: Path) -> list[str]:
    """Return the cells of a structure; runs in a process of its own."""
    make, write, load = STRUCTURES[name]
    make(["warm", "up"])
    queries = read(corpus)
    count = len(queries)
    queries = random.Random(1).sample(queries, min(QUERIES, count))
    misses = [query[:-1] + "\x7f" for query in queries]
    before = resident()
    keys = read(corpus)
    started = time.perf_counter()
    structure = make(keys)
    build = time.perf_counter() - started
    del keys
    memory = resident() - before
    hits, missed = look_up(structure, queries), look_up(structure, misses)
    if not all(query in structure for query in queries) or any(query in structure for query in misses):
        raise SystemExit(f"{name} gives a wrong answer")
    file = corpus.with_suffix(".saved")
    write(structure, file)
    loading = min(seconds(lambda: load(file)) for _ in range(ROUNDS))
    return [
        f"{memory / count:.1f}",
        f"{file.stat().st_size / count:.2f}",
        f"{build / count * 1e9:,.0f}",
        f"{loading * 1e3:,.2f}",
        f"{hits:,.0f}",
        f"{missed:,.0f}",
    ]


def child(name: str, corpus: Path) -> list[str]:
    command = [sys.executable, __file__, "--one", name, str(corpus)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        return [f"cannot: {result.stderr.strip().splitlines()[-1]}"] + [""] * 5
    cells: list[str] = json.loads(result.stdout)
    return cells


def corpora(names: list[str]) -> dict[str, list[str]]:
    """Return the strings of those corpora that are there, by what they are called."""
    found = {}
    for name in names or ["words", "tokens", "paths"]:
        corpus, _, count = name.partition(":")
        try:
            keys = getattr(datasets, corpus)()
        except ImportError as missing:
            print(missing, file=sys.stderr)
            continue
        keys = sorted(random.Random(1).sample(keys, int(count))) if count else keys
        found[f"{len(keys):,} {corpus}"] = keys
    return found


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
        return
    cells = []
    with tempfile.TemporaryDirectory() as folder:
        for title, keys in corpora(sys.argv[1:]).items():
            path = Path(folder, "corpus")
            path.write_bytes("\n".join(keys).encode("utf-8", "surrogatepass"))
            for name in STRUCTURES:
                package = PACKAGES.get(name)
                if package is None or importlib.util.find_spec(package):
                    cells.append([f"{title}: {name}", *child(name, path)])
    header = [
        "",
        "bytes per key in memory",
        "in a file",
        "build, ns per key",
        "load, ms",
        "hit, ns",
        "miss, ns",
    ]
    print(json.dumps({"header": header, "cells": cells}))


if __name__ == "__main__":
    main()
