"""Sequences of keys, above all those that begin with a prefix: made in C where the trie is."""

from __future__ import annotations

import contextlib
import copy
import gc
import itertools
import pickle
import random
import sys
import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy._ext.trie import _c

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from keysets import BYTE_KEYS, BYTES, FORMS, KEYS, LAYOUTS, TEXT, make

sys.path.pop(0)

forms = pytest.mark.parametrize("form", FORMS, ids="-".join)
layouts = pytest.mark.parametrize("layout", LAYOUTS)

#: Keys around the last code points and bytes, which nothing comes after.
LAST = [
    "",
    "\0",
    "a",
    "a\U0010ffff",
    "a\U0010ffff\U0010ffff",
    "a\udfff",
    "b",
    "\ud800",
    "\udbff\udfff",
    "\uffff",
]
LAST += ["\U0010fffe", "\U0010ffff", "\U0010ffff\0", "\U0010ffff\U0010ffff", "\U0010ffff\U0010ffffz"]
LAST_BYTES = [
    b"",
    b"\0",
    b"\xfe",
    b"\xff",
    b"\xfe\xff",
    b"\xff\xff",
    b"\xff\xff\xff",
    b"a\xff",
    b"a\xff\xff",
    b"b",
]


def check(one, keys, prefix):
    """Compare what begins with a prefix, and all that a sequence can do, with a list."""
    wanted = sorted(key for key in set(keys) if key.startswith(prefix))
    found = one.keys(prefix)
    assert list(found) == list(found) == wanted
    assert (len(found), bool(found), one.count(prefix)) == (len(wanted), bool(wanted), len(wanted))
    assert list(reversed(found)) == wanted[::-1]
    assert list(found.ranks) == [one.rank(key) for key in wanted]
    assert [found[place] for place in range(len(wanted))] == wanted
    assert list(found[1:]) == wanted[1:]
    assert list(found[::2]) == wanted[::2]
    assert found == one.keys(prefix=prefix) == one[found.ranks.start : found.ranks.stop]


@forms
@settings(max_examples=50)
@given(keys=KEYS, probes=st.lists(TEXT, max_size=5))
def test_prefixes_of_text(form, keys, probes):
    one = make(keys, form)
    for prefix in {"", *probes, *(key[:length] for key in keys for length in (1, 2, len(key)))}:
        check(one, keys, prefix)


@forms
@settings(max_examples=50)
@given(keys=BYTE_KEYS, probes=st.lists(BYTES, max_size=5))
def test_prefixes_of_bytes(form, keys, probes):
    one = make([*keys, b""], form)
    for prefix in {b"", *probes, *(key[:length] for key in keys for length in (1, 2, len(key)))}:
        check(one, [*keys, b""], prefix)


@forms
@pytest.mark.parametrize(
    "keys", [LAST, LAST_BYTES, LAST[1:], LAST_BYTES[1:]], ids=lambda keys: repr(keys[-1])
)
def test_prefixes_that_nothing_comes_after(form, keys):
    one = make(keys, form)
    for prefix in [*keys, keys[-1] + keys[-1], *(key + key for key in keys)]:
        check(one, keys, prefix)


@forms
def test_long_prefixes(form):
    keys = ["x" * 5000, "x" * 5000 + "y", "ä" * 3000, "ä" * 3000 + "b", "z"]
    one = make(keys, form)
    for prefix in ["x" * 4999, "x" * 5000, "x" * 5001, "x" * 10**6, "ä" * 2999, "ä" * 3000, "ä" * 3001, "zz"]:
        check(one, keys, prefix)


@layouts
def test_prefixes_of_many_keys(layout):
    draw = random.Random(4)
    keys = sorted({"".join(draw.choices("abcdeé", k=draw.randrange(1, 12))) for _ in range(30000)})
    one = make(keys, ("c", layout))
    for prefix in {key[:length] for key in draw.sample(keys, 150) for length in range(1, len(key) + 1)}:
        wanted = [key for key in keys if key.startswith(prefix)]
        assert (list(one.keys(prefix)), one.count(prefix)) == (wanted, len(wanted))


@forms
def test_arguments(form):
    one = make(list("abc"), form)
    assert list(one.keys(None)) == list(one.keys(prefix=None)) == list(one.range(None, None)) == list("abc")
    assert (one.count(), one.count(None), one.count(prefix="a")) == (3, 3, 1)
    assert list(one.range(high="b")) == list(one.range("a", high="b")) == ["a"]
    assert list(one.range("c", "a")) == []
    for wrong in (b"a", 7):
        with pytest.raises(TypeError, match="prefix must be str, as the keys are, not"):
            one.keys(wrong)
        with pytest.raises(TypeError, match="prefix must be str, as the keys are, not"):
            one.count(wrong)
        with pytest.raises(TypeError, match="low must be str, as the keys are, not"):
            one.range(wrong)
        with pytest.raises(TypeError, match="high must be str, as the keys are, not"):
            one.range("a", wrong)
    for call in (one.keys, one.count):
        with pytest.raises(TypeError):
            call("a", "b")
        with pytest.raises(TypeError):
            call(before="b")
        with pytest.raises(TypeError):
            call("a", prefix="b")


@forms
def test_sequences_of_keys_are_one_class(form):
    one = make([f"{number:03}" for number in range(50)], form)
    for part in (one.keys(), one.keys("01"), one.range("010", "020"), one[3:9], one[::2], one[::-1]):
        assert isinstance(part, perfpy.KeyRange)
        assert isinstance(part, Sequence)
        assert copy.copy(part) == copy.deepcopy(part) == pickle.loads(pickle.dumps(part)) == part
        assert part == part[:]
        with pytest.raises(TypeError, match="unhashable"):
            hash(part)
    assert repr(one.keys("01")) == "<10 keys from '010' to '019'>"
    assert repr(one.keys("x")) == "<no keys>"
    with pytest.raises(TypeError):
        perfpy.KeyRange()


def test_whatever_makes_sequences_is_one():
    for wrong in (int, 7, perfpy.KeyRange):
        with pytest.raises(TypeError, match="no class derived of Range"):
            _c.use_ranges(wrong)
    with pytest.raises(TypeError):
        _c.Range()
    with pytest.raises(TypeError):
        type(make("a", ("c", "fast")).keys())()


@layouts
def test_iterators_one_in_the_other(layout):
    """They share a cursor that is kept for the next one."""
    keys = [f"{a}{b}{c}" for a in "abc" for b in "abc" for c in "abcdefghijklm"]
    one = make(keys, ("c", layout))
    for outer in one.keys("a"):
        for middle in one.keys(outer[:2]):
            inner = one.keys(middle[1:])
            assert list(inner) == [key for key in keys if key.startswith(middle[1:])]
            assert next(iter(one.keys("cc"))) == "cca"
            assert one[one.rank(outer)] == outer
    parts = [iter(one.keys(key[:2])) for key in keys[::13]]
    assert [key for some in zip(*parts, strict=True) for key in some] == [
        key
        for some in zip(*(keys[at : at + 13] for at in range(0, len(keys), 13)), strict=True)
        for key in some
    ]


@layouts
def test_who_takes_one_of_many_keys_pays_for_one(layout):
    one = make([b"%03d" % number + bytes(2**18) for number in range(100)], ("c", layout))
    part = one.keys(b"0")
    tracemalloc.start()
    assert next(iter(part))[:3] == b"000"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**18


@layouts
def test_sequences_and_iterators_that_are_left_keep_nothing(layout):
    one = make([f"{number:05}" for number in range(1000)], ("c", layout))
    counts = []
    for _ in range(3):
        for prefix, taken in itertools.product(("0000", "00", "0", "x"), (0, 1, 5, 100)):
            list(itertools.islice(one.keys(prefix), taken))
        gc.collect()
        counts.append(sys.getallocatedblocks())
    assert counts[-1] - counts[1] < 20


@layouts
def test_cycles_are_collected(layout):
    class Key(str):
        """One that may refer to something."""

    freed = []

    class Canary:
        def __del__(self):
            freed.append(1)

    one = make(["a", "ab"], ("c", layout))
    prefix = Key("a")
    prefix.keys, prefix.iterator, prefix.canary = one.keys(prefix), iter(one.keys(prefix)), Canary()
    one.own = prefix
    del one, prefix
    gc.collect()
    assert freed


@layouts
def test_threads_list_keys_of_one_trie(layout):
    keys = [f"{number:05}" for number in range(3000)]
    one = make(keys, ("c", layout))
    shared = iter(one.keys("0"))

    def read(seed):
        draw = random.Random(seed)
        for _ in range(300):
            prefix = f"{draw.randrange(3000):05}"[: draw.randrange(3, 6)]
            start = keys.index(min(key for key in keys if key.startswith(prefix)))
            assert list(one.keys(prefix)) == keys[start : start + one.count(prefix)]
        return list(itertools.islice(shared, 100))

    with ThreadPoolExecutor(4) as pool:
        found = [key for some in pool.map(read, range(8)) for key in some]
    assert sorted(found) == keys[:800]


@layouts
def test_keys_of_a_damaged_trie_end(layout):
    """Whatever its bytes are, there is an end, and no key is made up of what is elsewhere in memory."""
    keys = [b"%05d" % number for number in range(500)]
    sound = bytes(make(keys, ("c", layout))._memory)
    draw = random.Random(8)
    for _ in range(300):
        data = bytearray(sound)
        for _ in range(draw.randrange(1, 6)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        try:
            one = _c.Trie(bytes(data), layout, False)
        except ValueError:
            continue
        for prefix in (b"", b"0", b"000", b"00123", b"004", b"\xff"):
            part = one.keys(prefix)
            assert 0 <= len(part) == one.count(prefix) <= len(one)
            found = []
            with contextlib.suppress(ValueError):  # it is damaged
                found.extend(itertools.islice(part, 1000))
                assert len(found) == min(len(part), 1000)
            assert all(isinstance(key, bytes) for key in found)


@forms
def test_maps(form):
    keys = ["", "a", "ab", "abc", "b\U0010ffff", "\U0010ffff"]
    one = make({key: len(key) for key in keys}, form)
    for prefix in [*keys, "x", "abcd"]:
        wanted = [(key, len(key)) for key in keys if key.startswith(prefix)]
        assert list(one.prefixed(prefix)) == wanted
    assert list(one.items()) == [(key, len(key)) for key in keys]
    assert list(one.keys()) == keys
