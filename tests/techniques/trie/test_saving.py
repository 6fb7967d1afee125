"""Tries as bytes and files: what is saved comes back, and what is damaged is noticed."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy import TrieMap
from perfpy.techniques.trie import Trie

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from keysets import FORMS, LAYOUTS, make

sys.path.pop(0)

forms = pytest.mark.parametrize("form", FORMS, ids="-".join)
KEYS = ["", "pear", "peach", "\0", "é", "\udc80", "\U0001f350", "a" * 300]


def use(one):
    """Ask a trie that may be damaged for everything; whatever it says, it must stay within its memory."""
    keys = one.trie if isinstance(one, TrieMap) else one
    asked = ["", "pear", "é", "a" * 300, "zz"] if keys.key_type is str else [b"", b"pear", b"a" * 300]
    keys.ranks(asked)
    for key in asked:
        _ = key in keys
        keys.count(key)
    for attempt in (
        lambda: [keys.prefixes(key) for key in asked],
        lambda: list(zip(keys, range(1000), strict=False)),
        lambda: [keys[rank] for rank in range(min(len(keys), 100))],
        lambda: [one.value_at(rank) for rank in range(min(len(keys), 100))] if keys is not one else None,
        lambda: list(zip(keys.match("*a"), range(100), strict=False)) if keys.key_type is str else None,
    ):
        try:
            attempt()
        except (ValueError, MemoryError):  # of bytes that are no UTF-8; of a key that is said to be huge
            continue


@forms
def test_garbage_in_cycles_is_collected(form, tmp_path):
    path = tmp_path / "words.trie"
    make(KEYS, form).save(path)
    kind = type(make([], form))
    for _ in range(20):
        for one in (kind.load(path), kind.load(path, mmap=False), make(KEYS, form)):
            part, keys = one.keys("p"), iter(one)
            next(keys)
            cycle = [one, part, keys, reversed(one)]
            cycle.append(cycle)
            del one, part, keys, cycle
        gc.collect()
    assert list(make(KEYS, form)) == sorted(KEYS)


@forms
class TestSaving:
    @pytest.mark.parametrize(
        "keys", [KEYS, [b"a", b"\xff", b""], [], {"b": 1, "a": -5}, {"a": 1.5}, {b"a": b"x", b"b": b""}]
    )
    def test_what_is_saved_comes_back(self, form, keys, tmp_path):
        one = make(keys, form)
        path = tmp_path / "words.trie"
        one.save(path)
        family = TrieMap if isinstance(keys, dict) else Trie
        for back in (
            family.from_bytes(one.to_bytes()),
            type(one).from_bytes(bytearray(one.to_bytes())),
            pickle.loads(pickle.dumps(one)),
            perfpy.load_trie(path),
            perfpy.load_trie(str(path), verify=True),
            perfpy.load_trie(path, mmap=False),
            type(one).load(path),
        ):
            assert back == one
            assert list(back) == sorted(keys)
            assert isinstance(back, family)
            (inner,) = [back.trie if isinstance(back, TrieMap) else back]
            assert inner.layout == one.stats().layout
        assert type(pickle.loads(pickle.dumps(one))) is type(one)
        assert [item.name for item in tmp_path.iterdir()] == ["words.trie"]

    def test_every_damaged_byte_is_noticed(self, form):
        good = make({"pear": 5, "plum": 77}, form).to_bytes()
        for position in range(len(good)):
            bad = bytearray(good)
            bad[position] ^= 1 << position % 8
            with pytest.raises(ValueError, match="trie"):
                Trie.from_bytes(bad)
        for size in (0, 1, 63, 64, 65, len(good) - 1):
            with pytest.raises(ValueError, match="trie"):
                Trie.from_bytes(good[:size])
        with pytest.raises(ValueError, match="trie"):
            Trie.from_bytes(good + b"\0")

    @settings(max_examples=60)
    @given(st.binary(max_size=60), st.integers(0, 700), st.booleans())
    def test_damage_that_is_not_looked_for_does_no_harm(self, form, noise, position, mapped):
        keys = dict.fromkeys(KEYS, 3) if mapped else KEYS
        good = make(keys, form).to_bytes()
        bad = (good[:position] + noise + good[position + len(noise) :])[: len(good)]
        try:
            back = Trie.from_bytes(bad, verify=False)
        except (ValueError, perfpy.BackendUnavailable):
            return
        use(back)

    @settings(max_examples=60)
    @given(st.randoms(use_true_random=False))
    def test_single_bits(self, form, random_):
        good = make([*KEYS, *(f"{number * 7919 % 10_007}" for number in range(300))], form).to_bytes()
        bad = bytearray(good)
        for _ in range(random_.choice([1, 1, 2, 10])):
            bad[random_.randrange(192, len(bad))] ^= 1 << random_.randrange(8)
        try:
            back = Trie.from_bytes(bad, verify=False)
        except ValueError:
            return
        use(back)


@pytest.mark.parametrize("mapped", [True, False])
def test_files_that_are_no_tries(tmp_path, mapped):
    path = tmp_path / "file"
    for content in (b"", b"pear\napple\n", b"\0" * 1000):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="this is no trie"):
            perfpy.load_trie(path, mmap=mapped)
    perfpy.bloom_filter(10).save(path)
    with pytest.raises(ValueError, match="this is no trie"):
        perfpy.load_trie(path, mmap=mapped)
    with pytest.raises(FileNotFoundError):
        perfpy.load_trie(tmp_path / "none")


def test_one_family_does_not_take_the_other():
    with pytest.raises(ValueError, match="without values"):
        TrieMap.from_bytes(perfpy.trie(["a"]).to_bytes())
    assert isinstance(Trie.from_bytes(perfpy.trie({"a": 1}).to_bytes()), TrieMap)


def test_a_backend_says_which_layouts_it_reads():
    with pytest.raises(ValueError, match="another backend reads"):
        type(perfpy.trie(["a"], backend="numpy")).from_bytes(perfpy.trie(["a"], backend="c").to_bytes())
    with pytest.raises(ValueError, match="another backend reads"):
        type(perfpy.trie(["a"], backend="c")).from_bytes(perfpy.trie(["a"], backend="numpy").to_bytes())


def test_python_and_numpy_read_each_other():
    one = perfpy.trie(KEYS, backend="python")
    other = type(perfpy.trie([], backend="numpy")).from_bytes(one.to_bytes())
    assert other == one
    assert other.to_bytes() == one.to_bytes()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mapped_file_outlives_its_name(tmp_path, layout):
    path = tmp_path / "words.trie"
    perfpy.trie(KEYS, layout=layout, backend="c").save(path)
    one = perfpy.load_trie(path)
    keys = iter(one)
    perfpy.trie(["other"], layout=layout, backend="c").save(path)
    assert sorted(KEYS) == list(keys) == list(one)
    assert list(perfpy.load_trie(path)) == ["other"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_bytes_in_another_process(layout):
    code = (
        "import sys, perfpy;"
        f"sys.stdout.write(perfpy.trie(['b', 'é', 'a'], layout={layout!r}, backend='c').to_bytes().hex())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == perfpy.trie(iter("ébaa"), layout=layout, backend="c").to_bytes().hex()
