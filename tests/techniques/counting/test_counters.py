"""Counters of different keys: what they hold, unite, copy and refuse, whichever backend holds it."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy.hashing import hash64
from perfpy.techniques import find

TECHNIQUES = ("linear_counting", "loglog", "superloglog", "k_minimum_values")
BACKENDS = ("python", "numpy", "c")
KEYS = st.one_of(
    st.integers(), st.floats(), st.text(), st.binary(), st.none(), st.tuples(st.integers(), st.text())
)
RANDOM = np.random.default_rng(11).integers(0, 2**62, 60_000)
SMALL = {
    "linear_counting": {"bits": 77},
    "loglog": {"precision": 4},
    "superloglog": {"precision": 5},
    "k_minimum_values": {"k": 9},
}


def counter(technique, items=None, **options):
    return getattr(perfpy, technique)(items, **options)


def size_of(options):
    return 1 << options["precision"] if "precision" in options else next(iter(options.values()))


def held(technique, hashes, size):
    """Return what a counter holds of hashes, by the definition."""
    if technique == "k_minimum_values":
        return sorted(set(hashes))[:size]
    if technique == "linear_counting":
        bits = {hash_ * size >> 64 for hash_ in hashes}
        return [sum(8 * byte + bit in bits and 1 << bit for bit in range(8)) for byte in range(-(-size // 8))]
    ranks, precision = [0] * size, size.bit_length() - 1
    for hash_ in hashes:
        digits = f"{hash_:064b}"
        register, rest = int(digits[:precision], 2), digits[precision:] + "1"
        ranks[register] = max(ranks[register], rest.index("1") + 1)
    return ranks


@pytest.mark.parametrize("technique", TECHNIQUES)
@given(keys=st.lists(KEYS, max_size=60), more=st.lists(KEYS, max_size=10), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=25, deadline=None)
def test_all_backends_hold_the_same(technique, keys, more, seed):
    options = SMALL[technique]
    expected = held(technique, {hash64(key, seed) for key in keys + more}, size_of(options))
    for backend in BACKENDS:
        one = counter(technique, keys, seed=seed, backend=backend, **options)
        one.update(iter(more))
        for key in more:
            one.add(key)
        assert one._state().tolist() == expected
        assert one.seed == seed


@pytest.mark.parametrize("count", [3, 100, 60_000])
@pytest.mark.parametrize("scale", [4, 9, 14])
def test_many_keys_are_held_by_the_definition(technique, backend, count, scale):
    options = {name: scale if name == "precision" else 2**scale - 3 for name in SMALL[technique]}
    one = counter(technique, RANDOM[:count], backend=backend, **options)
    hashes = [hash64(key) for key in RANDOM[:count].tolist()]
    assert one._state().tolist() == held(technique, hashes, size_of(options))


@pytest.mark.parametrize("hashes", [[0], [2**64 - 1], [0, 1, 2**63, 2**64 - 1], [2**60 - 1, 2**60, 2**59]])
def test_hashes_at_the_ends(technique, backend, hashes):
    options = SMALL[technique]
    one = counter(technique, backend=backend, **options)
    one._take(np.array(hashes * 2, np.uint64))
    assert one._state().tolist() == held(technique, hashes, size_of(options))
    one._take(RANDOM[:50].astype(np.uint64))
    both = [*hashes, *RANDOM[:50].tolist()]
    assert one._state().tolist() == held(technique, both, size_of(options))


def test_the_order_and_the_split_of_keys_do_not_matter(technique, backend):
    for count in (100, 5000):
        keys = RANDOM[:count]
        whole = counter(technique, keys, backend=backend)
        for order in (keys[::-1], np.repeat(keys, 3), keys.tolist()):
            assert counter(technique, order, backend=backend) == whole
        parts = [counter(technique, keys[start::7], backend=backend) for start in range(7)]
        united = parts[0]
        for part in parts[1:]:
            united = part | united
        assert united == whole
        assert united.count() == whole.count()


@pytest.mark.parametrize("counts", [(5, 5), (5, 5000), (5000, 5), (5000, 5000)])
def test_minima_of_different_k_unite(counts):
    for backend in BACKENDS:
        first, second = RANDOM[: counts[0]], RANDOM[-counts[1] :]
        large = perfpy.k_minimum_values(first, k=1000, backend=backend)
        small = perfpy.k_minimum_values(second, k=100, backend=backend)
        expected = perfpy.k_minimum_values([*first, *second], k=100)
        assert large | small == expected
        assert small | large == expected
        assert large.k == 1000
        large |= small
        assert large == expected
        large.add("one more")
        expected.add("one more")
        assert large == expected


def test_copies_are_independent(technique, backend):
    one = counter(technique, RANDOM[:10], backend=backend)
    other = one.copy()
    assert other == one
    assert type(other) is type(one)
    other.add("another")
    assert other != one
    other.clear()
    assert not other
    assert other.count() == 0
    assert other == counter(technique)
    assert one
    assert f"different keys, {one.nbytes:,} bytes, backend {backend}>" in repr(one)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_counters_of_different_backends_unite(technique):
    one = counter(technique, [1], backend="python")
    assert one | counter(technique, [2], backend="c") == counter(technique, [1, 2], backend="numpy")


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_what_does_not_fit_is_refused(technique):
    one = counter(technique, [1])
    with pytest.raises(ValueError, match="same seed"):
        one | counter(technique, [1], seed=1)
    if technique != "k_minimum_values":
        with pytest.raises(ValueError, match="other must have the same"):
            one | counter(technique, **SMALL[technique])
    for other in ({1}, perfpy.hyperloglog([1]), perfpy.superloglog([1], precision=4)):
        if technique == "superloglog" and isinstance(other, perfpy.SuperLogLog):
            continue
        with pytest.raises(TypeError):
            one | other
        with pytest.raises(TypeError):
            other | one
        with pytest.raises(TypeError, match="other must be of type"):
            one.merge(other)
        assert one != other
    with pytest.raises(TypeError):
        one |= {1}
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    assert one != counter(technique, [1], seed=1)
    for level in (0, 1, math.nan):
        with pytest.raises(ValueError, match="level must be between 0 and 1"):
            one.confidence(level)
    for level in ("0.9", None, [0.9], np.array([0.5, 0.9])):
        with pytest.raises(TypeError, match=f"level must be a float, not {type(level).__name__}"):
            one.confidence(level)


def test_registers_of_loglog_are_not_those_of_superloglog():
    assert perfpy.loglog([1], precision=4) != perfpy.superloglog([1], precision=4)
    with pytest.raises(TypeError, match="other must be of type SuperLogLog"):
        perfpy.superloglog([1]).merge(perfpy.loglog([1]))


def test_a_function_makes_the_keys(technique, backend):
    one = counter(technique, [{"id": 1}], key=lambda item: item["id"], backend=backend)
    one.add({"id": 2})
    one.update(iter([{"id": 3}, {"id": 1}]))
    assert one == counter(technique, [1, 2, 3])
    assert one.copy() == one
    with pytest.raises(ValueError, match="key function"):
        one.to_bytes()


def test_what_is_no_key_is_refused_and_what_came_before_is_in(technique, backend):
    one = counter(technique, backend=backend)
    with pytest.raises(TypeError, match=r"keys must be .* not list"):
        one.add([1])
    with pytest.raises(TypeError, match=r"keys must be .* not list"):
        one.update(["before", [1], "after"])
    assert one == counter(technique, ["before"])


@pytest.mark.parametrize("source", ["array", "list"])
def test_threads_lose_nothing(technique, backend, source):
    count = 4000 if backend == "python" else 100_000
    keys = np.arange(count)
    parts = [keys[start::4] for start in range(4)]
    if source == "list":
        parts = [part.tolist() for part in parts]
    one = counter(technique, backend=backend)
    singles = [f"single {number}" for number in range(count // 40)]
    threads = [threading.Thread(target=one.update, args=(part,)) for part in parts]
    threads.append(threading.Thread(target=lambda: [one.add(key) for key in singles]))
    threads.append(threading.Thread(target=lambda: [one.count() for _ in range(50)]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one == counter(technique, keys.tolist() + singles)


def test_attributes():
    assert perfpy.linear_counting(bits=100).bits == 100
    assert perfpy.linear_counting(bits=100).nbytes == 13
    assert (perfpy.loglog(precision=7).precision, perfpy.superloglog(precision=4).precision) == (7, 4)
    few, many = (perfpy.k_minimum_values(range(count), k=8) for count in (7, 8))
    assert (few.is_exact, many.is_exact, few.k) == (True, False, 8)
    assert few.confidence(0.9) == (7, 7)


def test_a_full_bitmap_counts_without_end():
    full = perfpy.linear_counting(range(1000), bits=8)
    assert full.count() == math.inf
    assert full.confidence() == (0, math.inf)
    assert "countless" in repr(full)


def test_c_checks_what_it_is_given():
    kind = find("linear_counting")["c"].__mro__[2]
    assert kind.__name__ == "Store"
    for rule, size in ((0, 0), (1, 3), (1, 1), (1, 2**33), (2, 2**41), (3, 8), (-1, 8)):
        with pytest.raises(ValueError, match="there is no rule"):
            kind(rule, size, 0)
    one = kind(1, 16, 0)
    with pytest.raises(ValueError, match="size is out of range"):
        one._reset(17)
    with pytest.raises(ValueError, match="content must be as long"):
        one._unite(np.zeros(17, np.uint8))
    with pytest.raises(ValueError, match="content must be as long"):
        kind(2, 8, 0)._unite(np.zeros(0, np.uint8))
    with pytest.raises(TypeError, match="hashes must be"):
        one._take(np.zeros(3))
