"""Look-ups and enumeration in tries of real strings: the peers are marisa-trie and DAWG2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers import trie as peers

import perfpy
from cases import Contender, Contest

#: Columns of the table.
TITLES = ["perfpy fast", "perfpy compact", *peers.STRUCTURES]
_LAYOUTS = {"perfpy fast": "fast", "perfpy compact": "compact"}


def _contest(corpus: str, question: Callable[[Any, list[str]], Contender], expected: Any) -> Contest:
    """Ask every structure the same; those peers that are installed."""
    keys = peers.corpus(corpus)
    ours = {
        title: question(perfpy.trie(keys, layout=layout, backend="c"), keys)
        for title, layout in _LAYOUTS.items()
    }
    others = {}
    for name, make in peers.STRUCTURES.items():
        try:
            others[name] = question(make(keys), keys)
        except ImportError:
            continue
    return Contest(ours=ours, peers=others, expected=expected(keys))


def _hits(structure: Any, keys: list[str]) -> Contender:
    queries, _ = peers.some(keys)
    return lambda: len([None for query in queries if query in structure])


def _misses(structure: Any, keys: list[str]) -> Contender:
    _, queries = peers.some(keys)
    return lambda: len([None for query in queries if query in structure])


def _everything(structure: Any, keys: list[str]) -> Contender:  # noqa: ARG001
    return lambda: len(list(structure.keys()))


def _beginnings(keys: list[str]) -> set[str]:
    """Return three characters that some of the keys begin with, of each."""
    return {key[:3] for key in peers.some(keys, 2000)[0] if len(key) >= 3}


def _by_prefix(structure: Any, keys: list[str]) -> Contender:
    beginnings = sorted(_beginnings(keys))
    return lambda: sum(len(list(structure.keys(beginning))) for beginning in beginnings)


def _count_by_prefix(keys: list[str]) -> int:
    beginnings = _beginnings(keys)
    return sum(key[:3] in beginnings for key in keys)


def _prefixes(structure: Any, keys: list[str]) -> Contender:
    texts = [query + "s" for query in peers.some(keys, 20_000)[0]]
    return lambda: sum(len(structure.prefixes(text)) for text in texts)


def _count_prefixes(keys: list[str]) -> int:
    known = set(keys)
    texts = (query + "s" for query in peers.some(keys, 20_000)[0])
    return sum(text[:end] in known for text in texts for end in range(len(text) + 1))


def _cases(corpus: str) -> dict[str, Callable[[], Contest]]:
    return {
        f"{corpus}: 100,000 hits": lambda: _contest(corpus, _hits, lambda keys: len(peers.some(keys)[0])),
        f"{corpus}: 100,000 misses": lambda: _contest(corpus, _misses, lambda _: 0),
        f"{corpus}: all keys": lambda: _contest(corpus, _everything, len),
        f"{corpus}: keys by prefix": lambda: _contest(corpus, _by_prefix, _count_by_prefix),
        f"{corpus}: prefixes of a text": lambda: _contest(corpus, _prefixes, _count_prefixes),
    }


CASES = {**_cases("words"), **_cases("paths")}
