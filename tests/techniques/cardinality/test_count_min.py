"""Count-min sketches: what they promise, whichever backend keeps the promise."""

from __future__ import annotations

import math
import pickle
import threading
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy._container import pack
from perfpy.hashing import hash64
from perfpy.techniques.cardinality import COUNT_MIN, CountMin, _count_min, count_min

TECHNIQUE = "count_min"
BACKENDS = [row.name for row in perfpy.backends(TECHNIQUE) if row.available and not row.peer]
KEYS = st.one_of(
    st.integers(), st.floats(), st.text(), st.binary(), st.none(), st.tuples(st.integers(), st.text())
)
FREQUENCIES = np.random.default_rng(5).zipf(1.1, 30_000) % 100_000


@pytest.fixture(params=[False, True], ids=["plain", "conservative"])
def conservative(request):
    return request.param


def simulated(keys, width, depth, conservative, seed=0):
    """Return the counters by the definition, as a dictionary, and a function from a key to its count."""
    counters = Counter()

    def places(key):
        hash_ = hash64(key, seed)
        step = ((hash_ << 32 | hash_ >> 32) % 2**64 * 0xD1342543DE82EF95) % 2**64 | 1
        return [(row, (hash_ + row * step) % 2**64 * width // 2**64) for row in range(depth)]

    for key in keys:
        mine = places(key)
        raised = min(counters[place] for place in mine) + 1
        for place in mine:
            counters[place] = max(counters[place], raised) if conservative else counters[place] + 1
    return counters, lambda key: min(counters[place] for place in places(key))


@given(keys=st.lists(KEYS, max_size=60), more=st.lists(KEYS, max_size=10), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("strict", [False, True])
def test_all_backends_hold_the_same(keys, more, seed, strict):
    counters, count = simulated(keys + more + more, 28, 3, strict, seed)
    for backend in BACKENDS:
        one = count_min(keys, error=0.1, failure=0.05, conservative=strict, seed=seed, backend=backend)
        assert (one.width, one.depth, one.conservative, one.seed) == (28, 3, strict, seed)
        one.update(iter(more))
        for key in more:
            one.add(key)
        table = one._memory[1:].reshape(3, 28)
        assert {place: table[place] for place in zip(*table.nonzero(), strict=True)} == dict(counters)
        assert one.total == len(keys) + 2 * len(more)
        wanted = [*keys, *more, "a stranger"]
        assert one.counts(wanted).tolist() == [count(key) for key in wanted]
        assert [one.count(key) for key in wanted] == [count(key) for key in wanted]


def test_many_keys_are_counted_the_same(backend, conservative):
    one = count_min(FREQUENCIES, error=0.01, conservative=conservative, backend=backend)
    assert one == count_min(FREQUENCIES.tolist(), error=0.01, conservative=conservative, backend="python")


@pytest.mark.parametrize("error", [0.05, 0.003, 1e-4])
@pytest.mark.parametrize("failure", [0.5, 0.1, 0.01])
def test_counts_are_within_the_bound_as_often_as_promised(error, failure, conservative):
    """Never too low; too high by more than the error for the promised part of keys at most."""
    truth = Counter(FREQUENCIES.tolist())
    keys = np.arange(100_000)
    exact = np.array([truth[key] for key in keys.tolist()])
    failed = tried = 0
    for seed in range(5):
        one = count_min(FREQUENCIES, error=error, failure=failure, conservative=conservative, seed=seed)
        excess = one.counts(keys) - exact
        assert excess.min() >= 0
        failed += np.count_nonzero(excess > error * one.total)
        tried += excess.size
        assert one.error_bound() <= error * one.total
    assert failed / tried <= failure


def test_conservative_counts_are_closer():
    plain = count_min(FREQUENCIES, error=0.003)
    conservative = count_min(FREQUENCIES, error=0.003, conservative=True)
    keys = np.arange(100_000)
    assert (conservative.counts(keys) <= plain.counts(keys)).all()
    assert conservative.counts(keys).sum() < 0.8 * plain.counts(keys).sum()


def test_errors_of_one_row_are_as_theory_has_them():
    """With one row, a stranger's count is that of its counter, in the mean the total over the width."""
    keys = np.arange(10_000)
    means = [
        count_min(keys, error=0.05, failure=0.9, seed=seed).counts(keys + 10**6).mean() for seed in range(40)
    ]
    width = math.ceil(math.e / 0.05)
    assert count_min(error=0.05, failure=0.9).depth == 1
    assert np.mean(means) == pytest.approx(10_000 / width, rel=0.01)


@pytest.mark.parametrize(("error", "width"), [(1, 3), (0.01, 272), (1e-6, 2_718_282)])
@pytest.mark.parametrize(("failure", "depth"), [(1, 1), (0.3, 2), (0.01, 5), (1e-12, 28)])
def test_the_form_is_that_of_the_bound(error, width, failure, depth):
    one = count_min(error=error, failure=failure)
    assert (one.width, one.depth) == (width, depth)
    assert one.nbytes == 8 * (1 + width * depth)


def test_counts_of_more_than_one(backend, conservative):
    one = count_min(conservative=conservative, backend=backend)
    one.add("a", 5)
    one.add("b", 2**62)
    one.add("a")
    assert one.count("a") == 6
    assert one.counts(["a", "b", "c"]).tolist() == [6, 2**62, 0]
    assert one.total == 2**62 + 6
    kept = one.copy()
    with pytest.raises(OverflowError, match="total below"):
        one.add("c", 2**62)
    with pytest.raises(OverflowError, match="total below"):
        one |= kept
    for wrong in (0, -1, 2**63, 10**30):
        with pytest.raises(ValueError, match=f"count must be from 1 to .*not {wrong}"):
            one.add("c", wrong)
    for wrong in ("1", 1.5, None):
        with pytest.raises(TypeError):
            one.add("c", wrong)
    assert one == kept


def test_union_is_a_sketch_of_all_keys(backend):
    one, other = (count_min(part, backend=backend) for part in (FREQUENCIES[:9000], FREQUENCIES[9000:]))
    both = count_min(FREQUENCIES, backend=backend)
    assert one | other == both
    assert one != both
    one |= other
    assert one == both
    assert one | count_min(["a"], backend="python") == both | count_min(["a"], backend="c")


def test_united_conservative_counts_are_not_too_low(backend):
    parts = (FREQUENCIES[:9000], FREQUENCIES[9000:])
    one, other = (count_min(part, error=0.01, conservative=True, backend=backend) for part in parts)
    keys = np.unique(FREQUENCIES)
    truth = Counter(FREQUENCIES.tolist())
    assert ((one | other).counts(keys) >= [truth[key] for key in keys.tolist()]).all()


@pytest.mark.parametrize("other", [{"error": 0.01}, {"failure": 0.5}, {"seed": 1}, {"conservative": True}])
def test_what_does_not_fit_is_refused(other):
    with pytest.raises(ValueError, match="same form and seed"):
        count_min() | count_min(**other)
    assert count_min() != count_min(**other)


def test_other_types_are_refused():
    one = count_min()
    with pytest.raises(TypeError):
        one | {1}
    with pytest.raises(TypeError):
        one |= {1}
    with pytest.raises(TypeError, match="other must be a CountMin"):
        one.merge({1})
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    assert one != {1}


def test_copies_are_independent(backend):
    one = count_min(["a"], backend=backend)
    other = one.copy()
    other.add("a")
    assert (one.count("a"), other.count("a")) == (1, 2)
    other.clear()
    assert (other.total, other.count("a"), bool(other), bool(one)) == (0, 0, False, True)
    assert f"total 1, {one.nbytes:,} bytes, backend {backend}" in repr(one)


class TestSaving:
    def test_what_is_saved_comes_back(self, backend, conservative, tmp_path):
        one = count_min(FREQUENCIES, error=0.01, conservative=conservative, seed=7, backend=backend)
        path = tmp_path / "sketch"
        one.save(path)
        for back in (
            type(one).from_bytes(one.to_bytes()),
            pickle.loads(pickle.dumps(one)),
            type(one).load(path),
        ):
            assert back == one
            assert type(back) is type(one)
            back.add("more")
            assert back.total == one.total + 1
        assert CountMin.load(path) == one

    def test_every_damaged_byte_is_noticed(self):
        good = count_min(range(10), error=0.5, failure=0.3).to_bytes()
        for position in range(len(good)):
            bad = bytearray(good)
            bad[position] ^= 1 << position % 8
            with pytest.raises(ValueError, match="sketch"):
                CountMin.from_bytes(bad)
        for size in (0, 63, 64, len(good) - 1):
            with pytest.raises(ValueError, match="sketch"):
                CountMin.from_bytes(good[:size])

    @pytest.mark.parametrize(
        ("changes", "words", "reason"),
        [
            ({"width": 0}, [0], "says of itself"),
            ({"width": 3.0}, [1, 1, 0, 0], "says of itself"),
            ({"depth": 0}, [0], "says of itself"),
            ({"depth": 33}, [0] * 100, "says of itself"),
            ({"seed": 2**64}, [1, 1, 0, 0], "says of itself"),
            ({"conservative": 1}, [1, 1, 0, 0], "says of itself"),
            ({"other": 1}, [1, 1, 0, 0], "says of itself"),
            ({}, [1, 1, 0], "says of itself"),
            ({}, [1, 2, 0, 0], "do not fit their total"),
            ({}, [2**63, 2, 0, 0], "do not fit their total"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, changes, words, reason):
        meta = {"width": 3, "depth": 1, "conservative": False, "seed": 0, **changes}
        data = np.array(words, "<u8").tobytes()
        with pytest.raises(ValueError, match=reason):
            CountMin.from_bytes(b"".join(pack(CountMin.kind, meta, data)))


class TestKeys:
    def test_a_function_makes_the_keys(self, backend):
        one = count_min([{"id": 1}], key=lambda item: item["id"], backend=backend)
        one.add({"id": 2}, 3)
        one.update(iter([{"id": 3}, {"id": 1}]))
        assert one.counts([{"id": number} for number in range(5)]).tolist() == [0, 2, 3, 1, 0]
        assert one.count({"id": 1}) == 2
        with pytest.raises(ValueError, match="key function"):
            one.to_bytes()

    def test_what_is_no_key_is_refused_and_what_came_before_is_counted(self, backend):
        one = count_min(backend=backend)
        for use in (one.add, one.count, lambda key: one.counts([1, key])):
            with pytest.raises(TypeError, match=r"keys must be .* not list"):
                use([1])
        with pytest.raises(TypeError, match=r"keys must be .* not list"):
            one.update(["before", [1], "after"])
        assert one == count_min(["before"])


def test_c_checks_its_memory():
    kind = COUNT_MIN["c"]
    spec = _count_min.Spec(5, 2, False, 0)
    memory = _count_min.empty_memory(spec)
    for bad in (spec._replace(width=6), spec._replace(depth=33), spec._replace(width=0)):
        with pytest.raises(ValueError, match="memory must have room"):
            kind(bad, memory)
    one = kind(spec, memory)
    for size in (2, 4):
        with pytest.raises(ValueError, match="as long as keys"):
            one._look_up([1, 2, 3], np.zeros(size, np.int64))


@pytest.mark.parametrize("source", ["array", "list"])
def test_threads_lose_nothing(source):
    keys = np.arange(400_000) % 1000
    parts = [keys[start::4] for start in range(4)]
    if source == "list":
        parts = [part.tolist() for part in parts]
    one = count_min()
    threads = [threading.Thread(target=one.update, args=(part,)) for part in parts]
    threads.append(threading.Thread(target=lambda: [one.add("single") for _ in range(10_000)]))
    threads.append(threading.Thread(target=lambda: [one.counts(keys) for _ in range(5)]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one == count_min([*keys.tolist(), *["single"] * 10_000])


class TestHeavyHitters:
    def test_the_most_frequent_are_found(self, backend, conservative):
        one = count_min(FREQUENCIES, error=1e-3, heavy_hitters=20, conservative=conservative, backend=backend)
        truth = Counter(FREQUENCIES.tolist())
        found = dict(one.most_common())
        bound = one.sketch.error_bound()
        assert len(one) == len(found) == 20
        twentieth = truth.most_common(20)[-1][1]
        for key, count in truth.items():
            if count > twentieth + bound:
                assert truth[key] <= found[key] <= truth[key] + bound
        assert one.most_common(3) == one.most_common()[:3]
        assert next(iter(one)) == 1
        assert all(type(key) is int for key in one)

    def test_it_counts_and_remembers_single_keys(self, backend):
        one = count_min(heavy_hitters=2, backend=backend)
        for key in "abracadabra":
            one.add(key)
        one.add("z", 3)
        assert one.most_common() == [("a", 5), ("z", 3)]
        assert (one.count("b"), one.count("x"), one.total) == (2, 0, 14)
        other = one.copy()
        other.update(["b"] * 9)
        assert other.most_common(1) == [("b", 11)]
        assert one.most_common(1) == [("a", 5)]
        other.clear()
        assert (other.total, other.most_common(), len(other)) == (0, [], 0)
        assert pickle.loads(pickle.dumps(one)).most_common() == one.most_common()
        assert repr(one).startswith("<HeavyHitters: 2 of at most 2 keys")

    def test_two_are_united(self, backend):
        first = count_min(list("aaaabbbcc"), heavy_hitters=2, backend=backend)
        second = count_min(list("ddddccccb"), heavy_hitters=2, backend="python")
        united = first | second
        assert united.most_common() == [("c", 6), ("a", 4)]  # "d" has as many, and comes later
        assert (united.total, first.total, second.total) == (18, 9, 9)
        first |= second
        assert first == united
        assert first != second
        assert first == first.copy() != count_min(list("aaaabbbccddddccccb"), heavy_hitters=3)
        united.merge(united)
        assert united.most_common(1) == [("c", 12)]

    def test_what_cannot_be_united(self):
        one = count_min(["a"], heavy_hitters=2)
        with pytest.raises(TypeError, match="other must be of type HeavyHitters, not CCountMin"):
            one.merge(count_min(["a"], backend="c"))
        with pytest.raises(TypeError, match="unsupported operand"):
            one | {"a"}
        with pytest.raises(TypeError, match="unsupported operand"):
            one |= {"a"}
        with pytest.raises(TypeError, match="unhashable"):
            hash(one)
        with pytest.raises(ValueError, match="same"):
            one.merge(count_min(["a"], heavy_hitters=2, error=0.1))
        assert one.most_common() == [("a", 1)]
        assert one != 1

    def test_a_function_makes_the_keys(self):
        one = count_min([{"id": 1}, {"id": 1}], key=lambda item: item["id"], heavy_hitters=3)
        one.add({"id": 2})
        assert one.most_common() == [(1, 2), (2, 1)]
        assert one.count({"id": 1}) == 2

    def test_text_of_arrays_is_remembered_as_text(self):
        one = count_min(np.array(["a", "b", "a"]), heavy_hitters=1)
        assert one.most_common() == [("a", 2)]
        assert type(one.most_common()[0][0]) is str
