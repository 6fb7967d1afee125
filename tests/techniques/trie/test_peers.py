"""Other packages as backends: what they can take they answer as the reference does, the rest is an error."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy

AVAILABLE = [row.name for row in perfpy.backends("trie") if row.peer and row.available]

peers = pytest.mark.parametrize("peer", AVAILABLE)


@peers
@settings(max_examples=40)
@given(keys=st.lists(st.text("abé\U0001f350", max_size=6), max_size=30))
def test_are_in_order(peer, keys):
    one, reference = perfpy.trie(keys, backend=peer), perfpy.trie(keys, backend="python")
    assert one == reference
    assert list(one) == list(reference)
    for key in [*keys, "x", "a\0", "\ud800", "é" * 50_000, 7, b"a"]:
        assert (key in one) == (key in reference)
        if isinstance(key, str):
            assert one.prefixes(key[:20]) == reference.prefixes(key[:20])
            assert list(one.keys(key)) == list(reference.keys(key))
    assert one.ranks(keys).tolist() == reference.ranks(keys).tolist()
    assert type(one).from_bytes(one.to_bytes()) == one
    assert one.nbytes > 0


@peers
@pytest.mark.parametrize(
    ("keys", "reason"),
    [(["a\0"], "NUL"), (["\ud800"], "surrogate"), ([b"a"], "bytes"), (["a" * 10**5], "30,000 characters"),
     ([chr(point) for point in range(32, 2000)], "alphabet")],
    ids=["nul", "surrogate", "bytes", "long", "alphabet"],
)  # fmt: skip
def test_refuse_what_they_cannot_take(peer, keys, reason):
    takes = {"marisa-trie": {"NUL", "bytes", "30,000 characters", "alphabet"}, "DAWG2": {"alphabet"}}
    if reason in takes.get(peer, ()):
        assert list(perfpy.trie(keys, backend=peer)) == keys
        return
    with pytest.raises(ValueError, match=f"{peer}.*{reason}"):
        perfpy.trie(keys, backend=peer)


@pytest.mark.skipif("datrie" not in AVAILABLE, reason="needs datrie")
def test_no_alphabet_ends_the_process():
    code = """
import perfpy
for count in range(230, 300):
    keys = [chr(40 + number) + "x" for number in range(count)]
    try:
        assert list(perfpy.trie(keys, backend="datrie")) == keys, count
    except ValueError as error:
        assert "alphabet" in str(error), error
"""
    subprocess.run([sys.executable, "-c", code], check=True)
