"""Other packages that keep strings in little memory, in the way that costs them least."""

from __future__ import annotations

import random
from functools import cache

from perfpy import datasets


@cache
def corpus(name):
    """Return real strings that every peer can take, sorted: words, tokens or paths."""
    found = {"words": datasets.words, "tokens": datasets.tokens, "paths": datasets.paths}[name]()
    return [key for key in found if key and "\0" not in key and key.isprintable()]


def some(keys, count=100_000):
    """Return some of the keys, in any order, as strings of their own; and as many that are none."""
    chosen = random.Random(2025).sample(keys, min(count, len(keys)))
    return [f"{key} "[:-1] for key in chosen], [key + "\x7f" for key in chosen]


def marisa(keys):
    """Return a trie of marisa-trie."""
    import marisa_trie

    return marisa_trie.Trie(keys)


def dawg(keys):
    """Return an automaton of DAWG2 that can enumerate its keys."""
    import dawg

    return dawg.CompletionDAWG(keys)


STRUCTURES = {"marisa-trie": marisa, "DAWG2": dawg}
