"""Where keys come from: any order, any iterable, arrays, files, more than fits in memory; and values."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy import datasets
from perfpy.techniques.trie import _c as c_backend
from perfpy.techniques.trie import _pairs as pairs_in_files
from perfpy.techniques.trie._values import packed

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from keysets import FORMS, LAYOUTS, TEXT, make

sys.path.pop(0)

forms = pytest.mark.parametrize("form", FORMS, ids="-".join)
KEYS = ["pear", "apple", "plum", "apple", "é"]
WANTED = ["apple", "pear", "plum", "é"]


@forms
class TestSources:
    @pytest.mark.parametrize(
        "source",
        [
            list, tuple, set, iter, np.array, dict.fromkeys,
            lambda keys: np.array(keys, object),
            lambda keys: np.array(keys, np.dtypes.StringDType()),
            lambda keys: np.repeat(np.array(keys), 2)[::2],
            lambda keys: SimpleNamespace(to_numpy=lambda: np.array(keys, object)),
            lambda keys: perfpy.trie(keys, backend="python"),
        ],
        ids=["list", "tuple", "set", "iterator", "array", "dict", "objects", "strings", "strided",
             "series", "trie"],
    )  # fmt: skip
    def test_any_iterable(self, form, source):
        keys = source(KEYS)
        if isinstance(keys, dict):
            keys = keys.keys()
        assert list(make(keys, form)) == WANTED

    def test_arrays_of_bytes(self, form):
        assert list(make(np.array([b"b", b"a"]), form)) == [b"a", b"b"]

    def test_batches_take_them_too(self, form):
        one = make(KEYS, form)
        for source in (list, iter, np.array):
            assert one.contains(source(["pear", "pea"])).tolist() == [True, False]
        assert one.ranks([]).tolist() == []
        with pytest.raises(TypeError, match="single str"):
            one.ranks("pear")

    def test_a_source_that_fails(self, form):
        def keys():
            yield "a"
            raise LookupError("no more")

        with pytest.raises(LookupError, match="no more"):
            make(keys(), form)

    def test_keys_of_two_types(self, form):
        for keys in (["a", b"a"], [b"a", "a"], ["a", None], [1]):
            with pytest.raises(TypeError, match="keys must be all str or all bytes"):
                make(keys, form)


class TestLines:
    def test_of_a_file(self, tmp_path):
        path = tmp_path / "words"
        path.write_bytes("pear\r\napple\n\n é \napple".encode())
        assert list(perfpy.trie_from_lines(path)) == [" é ", "apple", "pear"]
        assert perfpy.trie_from_lines(str(path), encoding=None)[0] == " é ".encode()

    def test_of_another_encoding(self, tmp_path):
        path = tmp_path / "words"
        path.write_bytes("é\n".encode("latin-1"))
        assert list(perfpy.trie_from_lines(path, encoding="latin-1")) == ["é"]
        with pytest.raises(UnicodeDecodeError):
            perfpy.trie_from_lines(path)


class TestMemoryLimit:
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_keys_are_merged_from_files(self, layout):
        keys = [*datasets.zipf_words(15_000), "", "\udc80", "x" * 100_000, *map(str, range(2000))]
        random.Random(3).shuffle(keys)
        one = perfpy.trie(iter(keys), layout=layout, memory_limit=1, backend="c")
        assert list(one) == sorted(set(keys))

    def test_many_runs_are_merged_in_rounds(self, monkeypatch):
        monkeypatch.setattr(c_backend, "_MOST_RUNS", 3)
        monkeypatch.setattr(c_backend, "_LEAST_LIMIT", 1000)
        keys = [f"{number * 7919 % 3001:04}" for number in range(6000)]
        assert list(perfpy.trie(keys, memory_limit=1, backend="c")) == sorted(set(keys))

    def test_only_the_empty_key(self, monkeypatch):
        monkeypatch.setattr(c_backend, "_LEAST_LIMIT", 1)
        assert list(perfpy.trie([""] * 5, memory_limit=1, backend="c")) == [""]

    def test_a_full_disk_is_an_error(self, monkeypatch):
        if not Path("/dev/full").exists():
            pytest.skip("needs /dev/full")
        monkeypatch.setattr(c_backend.tempfile, "TemporaryFile", lambda: open("/dev/full", "wb"))  # noqa: SIM115, PTH123
        with pytest.raises(OSError, match="No space left"):
            perfpy.trie(map(datasets.made_up_word, range(10_000)), memory_limit=1, backend="c")


class TestPairsInFiles:
    KEYS = ("", "\0", "\0\0", "a", "a\0", "a\0b", "ab", "\udc80", "é\xff", "\x01")

    @pytest.fixture(autouse=True)
    def small_files(self, monkeypatch):
        monkeypatch.setattr(c_backend, "_LEAST_LIMIT", 500)
        monkeypatch.setattr(pairs_in_files, "_BATCH", 10)

    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("kind", [str, bytes])
    @pytest.mark.parametrize(
        "value",
        [lambda n: n - 50, lambda n: n / 3, lambda n: b"%d" % n * (n % 4), lambda n: n if n % 3 else n / 2,
         lambda n: 10**30 + n, np.int16],
        ids=["ints", "floats", "bytes", "mixed", "far", "numpy"],
    )  # fmt: skip
    def test_are_as_in_a_dict(self, layout, kind, value):
        draw = random.Random(7)
        keys = ["".join(draw.choices(self.KEYS, k=draw.randrange(5))) for _ in range(400)]
        if kind is bytes:
            keys = [key.encode("utf-8", "surrogatepass") for key in keys]
        pairs = [(key, value(number)) for number, key in enumerate(keys)]
        one = perfpy.trie(iter(pairs), layout=layout, memory_limit=1, backend="c")
        assert dict(one) == dict(pairs)
        assert list(one) == sorted(dict(pairs))
        assert one == perfpy.trie(dict(pairs), layout=layout, backend="c")

    def test_what_is_wrong_is_refused(self):
        good = [(f"{number:04}", number) for number in range(100)]
        for bad, complaint in [
            ((b"x", 1), "keys must be all str or all bytes"),
            (("x", None), "values must be all numbers or all bytes"),
            (("x", b"1"), "values must be all numbers or all bytes"),
            ("x", "keys must all be pairs"),
        ]:
            with pytest.raises(TypeError, match=complaint):
                perfpy.trie(iter([*good, bad]), memory_limit=1, backend="c")
        with pytest.raises(ValueError, match="2\\*\\*64"):
            perfpy.trie(iter([*good, ("x", 2**65)]), memory_limit=1, backend="c")

    def test_they_take_little_memory(self):
        count = 40_000
        pairs = ((f"{number * 7919 % count:08}", number) for number in range(count))
        tracemalloc.start()
        one = perfpy.trie(pairs, memory_limit=1, backend="c")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(one) == count
        # Most of it is for blocks of records: 92 bytes for a pair, 140 where Python's own allocator is off.
        assert peak < 200 * count  # in a dict they take 421

    def test_few_keys_stay_in_memory(self):
        pairs = ((str(number % 10), number) for number in range(5000))
        found = pairs_in_files.sorted_pairs(pairs, 5000)
        assert found == {str(digit): 4990 + digit for digit in range(10)}


class TestSorting:
    @pytest.mark.parametrize("alphabet", ["ab", "a", "\0a", "aé\U0010ffff"])
    def test_keys_with_long_common_beginnings(self, alphabet):
        random_ = random.Random(4)
        keys = [
            "a" * random_.choice([0, 7, 8, 9, 40])
            + "".join(random_.choices(alphabet, k=random_.randrange(20)))
            for _ in range(4000)
        ]
        assert list(perfpy.trie(keys, backend="c")) == sorted(set(keys))

    def test_bad_orders(self):
        keys = [f"{number:05}" for number in range(30_000)]
        for order in (
            keys[::-1],
            keys[::2] + keys[1::2],
            keys[15_000:] + keys[:15_000],
            keys[:1] * 30_000 + keys,
        ):
            assert list(perfpy.trie(order, backend="c")) == keys


@forms
class TestValues:
    @pytest.mark.parametrize(
        "values",
        [
            [3, 1, 2, 1], [0, 0, 0, 0], [-(2**63), 2**63 - 1, 0, 5], [2**64 - 1, 0, 1, 2],
            [10**30, 10**30 + 5, 10**30, 10**30], [1.5, -0.0, 1e300, 2.0], [1, 2.5, 3, 4],
            [b"", b"\0" * 300, b"a", b"b"], [np.int8(3), 4, np.uint64(5), 6],
        ],
        ids=["ints", "zeros", "signed", "unsigned", "far", "floats", "mixed", "bytes", "numpy"],
    )  # fmt: skip
    def test_come_back(self, form, values):
        pairs = dict(zip(["pear", "apple", "", "é"], values, strict=True))
        one = make(pairs, form)
        assert isinstance(one, Mapping)
        assert one == pairs
        assert dict(one) == pairs
        assert list(one) == sorted(pairs)
        assert list(one.items()) == sorted(pairs.items(), key=lambda item: item[0])
        assert make(iter(pairs.items()), form) == one
        assert hash(make(pairs, form)) == hash(one)
        assert one.get_many(["pear", "x", b"y"], "none") == [pairs["pear"], "none", "none"]
        assert [one.value_at(rank) for rank in range(4)] == [pairs[key] for key in sorted(pairs)]
        assert one.value_at(-1) == pairs["é"]

    def test_of_keys_that_are_asked_for(self, form):
        one = make({"in": 1, "inn": 2, "out": 3}, form)
        assert one.trie == {"in", "inn", "out"}
        assert list(one.prefixed("in")) == [("in", 1), ("inn", 2)]
        assert one.prefixes("inner") == [("in", 1), ("inn", 2)]
        assert list(reversed(one)) == ["out", "inn", "in"]
        assert "inn" in one
        assert one.get("x") is None
        assert one != {"in": 1}
        assert one != make({"in": 1, "inn": 2, "out": 4}, form)
        for missing in ("x", b"in", 7):
            with pytest.raises(KeyError):
                one[missing]
        assert one.stats().keys == 3
        assert one.nbytes > one.trie.nbytes
        assert "3 str keys" in repr(one)

    def test_the_last_of_a_key_counts(self, form):
        assert dict(make([("a", 1), ("b", 2), ("a", 3)], form)) == {"a": 3, "b": 2}

    def test_wrong_ones(self, form):
        for values in (["x"], [None], [True], [1, b"x"], [object()]):
            with pytest.raises(TypeError, match="values must be all numbers or all bytes"):
                make(dict(zip("abcd", values, strict=False)), form)
        with pytest.raises(ValueError, match="2\\*\\*64"):
            make({"a": 0, "b": 2**64}, form)
        with pytest.raises(TypeError, match="keys must all be pairs"):
            make([("a", 1), "b"], form)
        with pytest.raises(TypeError, match="keys must be all str or all bytes"):
            make({1: 1}, form)


@settings(max_examples=60)
@given(st.dictionaries(TEXT, st.integers(-(2**62), 2**62), min_size=1), st.integers(0, 62))
def test_packed_ints(pairs, bits):
    values = [value >> bits for value in pairs.values()]
    column = packed(values.__iter__)
    assert [column[rank] for rank in range(len(values))] == values
    width = (max(values) - min(values)).bit_length()
    assert len(column.data) == (len(values) * width + 7) // 8
