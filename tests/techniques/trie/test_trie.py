"""Tries: what they say of their keys, against sorted lists and sets."""

from __future__ import annotations

import bisect
import copy
import fnmatch
import random
import re
import sys
from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy import datasets

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from keysets import BYTE_KEYS, BYTES, FORMS, KEYS, TEXT, distance, make

sys.path.pop(0)

EXAMPLES = settings(max_examples=60)

forms = pytest.mark.parametrize("form", FORMS, ids="-".join)


def check_order(one, keys, probes):
    """Compare everything that is about order with what a sorted list says."""
    wanted = sorted(set(keys))
    assert list(one) == wanted
    assert [one[rank] for rank in range(len(one))] == wanted
    assert list(reversed(one)) == wanted[::-1]
    assert len(one) == len(wanted)
    for probe in [*keys, *probes]:
        below = sum(key < probe for key in wanted)
        assert (probe in one) == (probe in wanted)
        assert one.ceiling(probe) == next((key for key in wanted if key >= probe), None)
        assert one.floor(probe) == next((key for key in reversed(wanted) if key <= probe), None)
        assert list(one.range(probe)) == wanted[below:]
        assert list(one.range(high=probe)) == wanted[:below]
        assert list(one.keys(probe)) == [key for key in wanted if key.startswith(probe)]
        assert one.count(probe) == sum(key.startswith(probe) for key in wanted)
        assert one.prefixes(probe) == [key for key in wanted if probe.startswith(key)]
        if probe in wanted:
            assert one.rank(probe) == below
    assert one.ranks([*keys, *probes]).tolist() == [
        wanted.index(key) if key in wanted else -1 for key in [*keys, *probes]
    ]


@forms
@EXAMPLES
@given(keys=KEYS, probes=st.lists(TEXT, max_size=8))
def test_any_text(form, keys, probes):
    check_order(make(keys, form), keys, probes)


@forms
@EXAMPLES
@given(keys=BYTE_KEYS.filter(bool), probes=st.lists(BYTES, max_size=8))
def test_any_bytes(form, keys, probes):
    check_order(make(keys, form), keys, probes)


@cache
def real_keys():
    keys = [*datasets.words()[::150], *datasets.paths(3000), *datasets.zipf_words(3000)]
    random.Random(1).shuffle(keys)
    return keys


@forms
def test_real_keys(form):
    keys = real_keys()
    one = make(keys, form)
    wanted = sorted(set(keys))
    assert list(one) == wanted
    assert one.ranks(wanted).tolist() == list(range(len(wanted)))
    assert not one.contains([key + "\0" for key in wanted]).any()
    for probe in random.Random(2).sample(wanted, 100):
        assert one.prefixes(probe + "s") == [key for key in wanted if (probe + "s").startswith(key)]


@forms
def test_long_keys(form):
    keys = ["a" * 2**20, "a" * 2**20 + "b", "é" * 70_000, "\ud800" * 1000, "a" * 255, "a" * 256]
    one = make(keys, form)
    assert list(one) == sorted(keys)
    assert all(key in one for key in keys)
    assert "a" * (2**20 - 1) not in one
    assert one.longest_prefix("a" * 2**20 + "c") == "a" * 2**20


@forms
def test_many_prefixes(form):
    keys = ["a" * length for length in range(300)]
    one = make(keys, form)
    assert one.prefixes("a" * 250 + "b") == keys[:251]


@forms
class TestAsASet:
    def test_it_is_one(self, form):
        one = make(["b", "a", "b"], form)
        assert isinstance(one, Set)
        assert one == {"a", "b"}
        assert frozenset("ab") == one
        assert one == make(["a", "b"], FORMS[0])
        assert one != {"a", "c"}
        assert one != {"a"}
        assert one != ["a", "b"]
        assert one < {"a", "b", "c"}
        assert one <= make(list("abc"), form)
        assert not one <= {"a"}
        assert one.isdisjoint({"c"})

    def test_operations_make_tries(self, form):
        one, other = make(["a", "b"], form), make(["b", "c"], form)
        for made, wanted in [
            (one & other, ["b"]),
            (one | other, ["a", "b", "c"]),
            (one - other, ["a"]),
            (one ^ other, ["a", "c"]),
            (one & {"a", 7}, ["a"]),
            (one - one, []),
        ]:
            assert list(made) == wanted
            assert type(made) is type(one)
            assert made.layout == one.layout

    def test_it_has_the_hash_of_a_frozenset(self, form):
        for keys in ([], ["a"], ["a", "b", "\udc80"], [b"a", b""]):
            assert hash(make(keys, form)) == hash(frozenset(keys))

    def test_it_cannot_be_changed(self, form):
        one = make(["a"], form)
        assert copy.copy(one) is one
        assert copy.deepcopy([one])[0] is one
        with pytest.raises(TypeError):
            one[0] = "b"

    def test_an_empty_one(self, form):
        one = make([], form)
        assert list(one) == list(reversed(one)) == one.prefixes("a") == list(one.keys()) == []
        assert "" not in one
        assert one == set()
        assert one.floor("a") is one.ceiling("a") is one.longest_prefix("a") is None
        assert one.ranks(["a", ""]).tolist() == [-1, -1]
        assert one.stats().bytes_per_key == 0


@forms
class TestTypes:
    def test_what_is_no_key_is_not_in_it(self, form):
        for one in (make(["a", ""], form), make([b"a", b""], form)):
            other = b"a" if one.key_type is str else "a"
            for thing in (other, 7, None, ["a"], ("a",), np.str_ if one.key_type is str else "a"):
                assert thing not in one
            assert one.contains([other, 7, None]).tolist() == [False] * 3

    def test_elsewhere_it_is_an_error(self, form):
        one = make(["a"], form)
        for ask in (
            one.rank, one.floor, one.ceiling, one.prefixes, one.longest_prefix, one.keys, one.count,
            one.range, one.within, one.match,
        ):  # fmt: skip
            for thing in (b"a", 7, ["a"]):
                with pytest.raises(TypeError, match="must be str"):
                    ask(thing)
        with pytest.raises(TypeError, match="must be bytes"):
            make([b"a"], form).rank("a")
        with pytest.raises(TypeError, match="integer"):
            one["a"]

    def test_a_rank_of_what_is_no_key(self, form):
        with pytest.raises(KeyError, match="b"):
            make(["a"], form).rank("b")

    def test_subclasses_are_keys(self, form):
        class Word(str):
            __slots__ = ()

        one = make([Word("b"), np.str_("a")], form)
        assert list(map(type, one)) == [str, str]
        assert Word("a") in one
        assert one.rank(np.str_("b")) == 1


@forms
class TestSlices:
    def test_are_those_of_a_list(self, form):
        keys = [f"{number:03}" for number in range(700)]
        one = make(keys, form)
        random_ = random.Random(5)
        bounds = [None, 0, 1, -1, 350, 699, 700, 701, -700, -1000]
        for _ in range(60):
            part = slice(random_.choice(bounds), random_.choice(bounds), random_.choice([None, 1, 2, -1, -3]))
            assert list(one[part]) == keys[part]
            assert list(reversed(one[part])) == keys[part][::-1]
            assert len(one[part]) == len(keys[part])

    def test_an_index_is_that_of_a_list(self, form):
        one = make(list("abc"), form)
        assert (one[0], one[-1], one[np.int64(1)], one[True]) == ("a", "c", "b", "b")
        for index in (3, -4, 2**70):
            with pytest.raises(IndexError):
                one[index]

    def test_are_sequences(self, form):
        part = make(list("abcdef"), form)[1:4]
        assert part == make(list("bcd"), form).keys()
        assert part[1] == "c"
        assert part[-1] == "d"
        assert list(part[1:]) == ["c", "d"]
        assert "b" in part
        assert "a" not in part
        assert 7 not in part
        assert part.index("c") == 1
        assert part.count("a") == 0
        assert part.ranks == range(1, 4)
        assert repr(part) == "<3 keys from 'b' to 'd'>"
        with pytest.raises(ValueError, match="not among"):
            part.index("a")
        with pytest.raises(ValueError, match="not among"):
            part.index("b", 1)


@forms
class TestSearches:
    @settings(max_examples=40)
    @given(keys=KEYS, text=TEXT, most=st.integers(0, 3))
    def test_within_a_distance(self, form, keys, text, most):
        wanted = [key for key in sorted(set(keys)) if distance(key, text) <= most]
        assert list(make(keys, form).within(text, most)) == wanted

    @settings(max_examples=40)
    @given(keys=st.lists(st.text("ab]-!", max_size=6)), pattern=st.text("ab?*[]!-", max_size=7))
    def test_wildcards(self, form, keys, pattern):
        accepts = re.compile(fnmatch.translate(pattern))
        wanted = [key for key in sorted(set(keys)) if accepts.match(key)]
        assert list(make(keys, form).match(pattern)) == wanted

    def test_of_bytes(self, form):
        one = make([b"abc", b"abd", b"xyz", b"\xff"], form)
        assert list(one.match(b"a?[!c]")) == [b"abd"]
        assert list(one.match(b"*")) == list(one)
        assert list(one.within(b"abx")) == [b"abc", b"abd"]
        assert list(one.within(b"", 1)) == [b"\xff"]

    def test_what_is_shared_is_skipped(self, form):
        keys = [f"{head}{number:03}" for head in "abc" for number in range(300)]
        one = make(keys, form)
        assert list(one.match("?1*9")) == [f"{head}1{digit}9" for head in "abc" for digit in range(10)]
        assert list(one.within("b150", 0)) == ["b150"]

    def test_wrong_arguments(self, form):
        one = make(["a"], form)
        with pytest.raises(ValueError, match="distance must be at least 0"):
            one.within("a", -1)
        for distance_ in (1.5, "1", True):
            with pytest.raises(TypeError, match="distance must be an int"):
                one.within("a", distance_)


@forms
def test_threads_read_at_once(form):
    keys = datasets.zipf_words(20_000)
    one = make(keys, form)
    wanted = sorted(set(keys))

    def work(seed):
        random_ = random.Random(seed)
        some = random_.choices(wanted, k=500)
        ranks = one.ranks(some).tolist()
        part = random_.randrange(len(wanted))
        return (
            [one[rank] for rank in ranks] == some
            and all(key in one for key in some)
            and list(one[part : part + 500]) == wanted[part : part + 500]
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(12)))


@forms
def test_an_iterator_may_be_shared(form):
    one = make([str(number) for number in range(5000)], form)
    shared = iter(one)

    def take(_):
        return [key for key in shared]  # noqa: C416  # not list(), which would hold the lock all the time

    with ThreadPoolExecutor(4) as pool:
        if form[0] in ("numpy", "cython"):  # a generator
            pytest.skip("generators refuse to be used by two threads")
        parts = list(pool.map(take, range(4)))
    assert sorted(key for part in parts for key in part) == list(one)


def test_memory_of_few_objects():
    before = sys.getallocatedblocks()
    one = perfpy.trie((f"{number:06}" for number in range(20_000)), backend="c")
    assert sys.getallocatedblocks() - before < 1000
    assert len(one) == 20_000


@forms
def test_what_it_says_of_itself(form):
    one = make(["a", "b"], form)
    stats = one.stats()
    assert stats.keys == 2
    assert stats.nbytes == one.nbytes > 0
    assert stats.bytes_per_key == one.nbytes / 2
    assert (stats.backend, stats.layout) == (one.backend, one.layout) == (form[0], one.layout)
    assert "2 str keys" in repr(one)
    if form[0] == "c":
        assert one.layout == form[1]


@pytest.mark.parametrize("layout", ["compact", "fast"])
def test_many_keys(layout: str) -> None:
    """Of more than 400,000 edges, most of them in long texts, the fast layout has nodes."""
    random_ = random.Random(3)
    alphabet = "etaoinshrdlucmf\u00e9\u4e16"
    lengths = random_.choices(range(1, 17), k=150_000)
    keys = sorted({"".join(random_.choices(alphabet, k=length)) for length in lengths})
    one = perfpy.trie(keys, layout=layout, backend="c")
    assert list(one) == keys
    assert one.ranks(keys).tolist() == list(range(len(keys)))
    for rank in random_.sample(range(len(keys)), 2000):
        key = keys[rank]
        other = key[: random_.randint(0, len(key))] + random_.choice(alphabet)
        place = bisect.bisect_left(keys, other)
        assert one[rank] == key
        assert (other in one) == (place < len(keys) and keys[place] == other)
        assert one.ceiling(other) == (keys[place] if place < len(keys) else None)
        assert list(one.range(other, other + "f"))[:3] == [
            k for k in keys[place : place + 3] if k < other + "f"
        ]
        assert one.prefixes(key) == [key[:end] for end in range(len(key) + 1) if key[:end] in one]
