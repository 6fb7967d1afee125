"""What techniques return, as jobs may send it, and the modules whose pieces a worker runs."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from typing import Any

import perfpy._division
import perfpy.executors._trials
import perfpy.techniques.cardinality
import perfpy.techniques.counting
import perfpy.techniques.diffusion._pieces
import perfpy.techniques.julia._pieces
import perfpy.techniques.pi._pieces
import perfpy.techniques.primes._pieces
import perfpy.techniques.primes._trial
from perfpy.executors._sendable import sendable_type
from perfpy.techniques.bloom import ScalableBloomFilter
from perfpy.techniques.bloom import _scalable as scalable
from perfpy.techniques.pi import PiEstimate
from perfpy.techniques.trie import Trie, TrieMap
from perfpy.techniques.trie import _map as trie_map
from perfpy.techniques.trie import _saving as trie_saving

with suppress(ImportError):  # of a build without its extension, which cannot be asked for such pieces
    import perfpy.techniques.primes._c_pieces  # noqa: F401


def _checked(values: Any, *types: type) -> Any:
    """Return values if they are a tuple with values of these types."""
    if not isinstance(values, tuple) or len(values) != len(types) or not all(map(isinstance, values, types)):
        raise ValueError(f"expected {', '.join(kind.__name__ for kind in types)}")
    return values


def _estimate(values: Any) -> PiEstimate:
    samples, inside, seed = _checked(values, int, int, int)
    if not 0 <= inside <= samples or samples < 1:
        raise ValueError(f"there are no {inside} of {samples} points")
    return PiEstimate(samples, inside, seed)


def _saved(made: Any) -> Any:
    return made.__reduce__()[1]


sendable_type(PiEstimate, dataclasses.astuple, _estimate)
sendable_type(ScalableBloomFilter, _saved, lambda values: scalable._restored(*_checked(values, str, bytes)))
sendable_type(Trie, _saved, lambda values: trie_saving.restored(*_checked(values, str, bytes)))
sendable_type(TrieMap, _saved, lambda values: trie_map.rebuilt(*_checked(values, Trie, dict, bytes)))
