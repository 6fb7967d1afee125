"""Tries of real strings: bytes, build, look-ups, enumeration, loading; perfpy's layouts and their peers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import perfpy

from .peers import trie as peers

_OWN = ("compact", "fast")
_ALL = [*_OWN, *peers.STRUCTURES]
_CORPORA = ["words", "paths", "tokens"]


def made(name, keys):
    """Return a structure of sorted keys, once it has been found right."""
    try:
        structure = (
            perfpy.trie(keys, layout=name, backend="c") if name in _OWN else peers.STRUCTURES[name](keys)
        )
    except ImportError as missing:
        raise NotImplementedError(str(missing)) from None
    hits, misses = peers.some(keys, 1000)
    if not all(key in structure for key in hits) or any(key in structure for key in misses):
        raise AssertionError(f"{name} gives a wrong answer")
    return structure


def corpus(name):
    """Return the strings of a corpus that is there."""
    try:
        return peers.corpus(name)
    except ImportError as missing:
        raise NotImplementedError(str(missing)) from None


class Structure:
    """What a structure does with a corpus."""

    params = (_ALL, _CORPORA)
    param_names = ("structure", "corpus")
    warmup_time = 0  # setup has run it
    rounds = 2
    timeout = 300

    def setup(self, name, source):
        self.keys = corpus(source)
        self.structure = made(name, self.keys)
        self.hits, self.misses = peers.some(self.keys, 50_000)

    def track_bytes_per_key(self, name, *_):
        own = name in _OWN
        return (self.structure.nbytes if own else len(self.structure.tobytes())) / len(self.keys)

    track_bytes_per_key.unit = "bytes"

    def time_build(self, name, *_):
        made(name, self.keys)

    def peakmem_build(self, name, *_):
        made(name, self.keys)

    def time_50_000_hits(self, *_):
        structure = self.structure
        for key in self.hits:
            key in structure  # noqa: B015

    def time_50_000_misses(self, *_):
        structure = self.structure
        for key in self.misses:
            key in structure  # noqa: B015

    def time_all_keys(self, *_):
        list(self.structure.keys())

    def time_keys_by_prefix(self, *_):
        for key in self.hits[:200]:
            list(self.structure.keys(key[:3]))

    def time_prefixes_of_10_000_texts(self, *_):
        for key in self.hits[:10_000]:
            self.structure.prefixes(key)


class Ordered:
    """What only perfpy's structures do: ranks, keys by rank, batches, edit distance, files."""

    params = (list(_OWN), _CORPORA)
    param_names = ("layout", "corpus")
    warmup_time = 0
    rounds = 2
    timeout = 300

    def setup(self, name, source):
        self.trie = made(name, corpus(source))
        self.keys, _ = peers.some(list(self.trie), 50_000)
        self.ranks = self.trie.ranks(self.keys).tolist()
        folder = tempfile.TemporaryDirectory()
        self.folder, self.file = folder, Path(folder.name, "trie")
        self.trie.save(self.file)

    def teardown(self, *_):
        self.folder.cleanup()

    def time_50_000_ranks(self, *_):
        rank = self.trie.rank
        for key in self.keys:
            rank(key)

    def time_50_000_ranks_at_once(self, *_):
        self.trie.ranks(self.keys)

    def time_50_000_keys_by_rank(self, *_):
        trie = self.trie
        for rank in self.ranks:
            trie[rank]

    def time_within_distance_1(self, *_):
        for key in self.keys[:20]:
            list(self.trie.within(key))

    def time_load_mapped(self, *_):
        perfpy.load_trie(self.file)
