"""ExaLogLog sketches: what they promise, whichever backend keeps the promise."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy.hashing import hash64
from perfpy.techniques.cardinality import EXALOGLOG, ExaLogLog, exaloglog, hyperloglog
from perfpy.techniques.cardinality._distinct import Spec

TECHNIQUE = "exaloglog"
BACKENDS = [row.name for row in perfpy.backends(TECHNIQUE) if row.available and not row.peer]
KEYS = st.one_of(
    st.integers(), st.floats(), st.text(), st.binary(), st.none(), st.tuples(st.integers(), st.text())
)
#: Hashes that begin with any number of zeros.
HASHES = st.builds(lambda bits, zeros: bits >> zeros, st.integers(0, 2**64 - 1), st.integers(0, 64))
RANDOM = np.random.default_rng(11).integers(0, 2**62, 60_000)


def most_hashes(precision):
    return 7 * 2**precision // 16


def registers_of(hashes, precision):
    """Return the registers by the definition: of the values put there, the highest and its window."""
    values = [set() for _ in range(2**precision)]
    for hash_ in hashes:
        bits = f"{hash_:064b}"
        rest = bits[: 62 - precision] + "1"
        values[int(bits[62 - precision : 62], 2)].add(4 * rest.index("1") + int(bits[62:], 2) + 1)
    registers = []
    for seen in values:
        highest = max(seen, default=0)
        # Value 0 is what a register has at first; it is in the window of the low ones.
        window = sum(1 << 20 - below for below in range(1, 21) if highest - below in seen | {0})
        registers.append(highest << 20 | (window if seen else 0))
    return registers


def holding(hashes, precision):
    hashes = set(hashes)
    return sorted(hashes) if len(hashes) <= most_hashes(precision) else registers_of(hashes, precision)


def taking(hashes, precision, backend):
    one = EXALOGLOG[backend](Spec(precision, 0))
    one._take(np.array(hashes, np.uint64))
    return one


@pytest.mark.parametrize("precision", [4, 6])
@given(keys=st.lists(KEYS, max_size=60), more=st.lists(KEYS, max_size=10), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=25, deadline=None)
def test_all_backends_hold_the_same(precision, keys, more, seed):
    expected = holding([hash64(key, seed) for key in keys + more], precision)
    for backend in BACKENDS:
        one = exaloglog(keys, precision=precision, seed=seed, backend=backend)
        one.update(iter(more))
        for key in more:
            one.add(key)
        assert one._state().tolist() == expected


@given(st.lists(HASHES, min_size=8, max_size=200), st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_hashes_of_all_kinds(hashes, parts):
    """In batches of any size; hashes with many zeros reach the last values, which are rare otherwise."""
    expected = holding(hashes, 4)
    for backend in BACKENDS:
        one = EXALOGLOG[backend](Spec(4, 0))
        for start in range(0, len(hashes), parts):
            one._take(np.array(hashes[start : start + parts], np.uint64))
        assert one._state().tolist() == expected


@pytest.mark.parametrize("precision", [4, 5, 9, 11, 17])
@pytest.mark.parametrize("count", [3, 100, 60_000])
def test_many_keys_are_held_by_the_definition(precision, count, backend):
    keys = RANDOM[:count]
    expected = holding([hash64(key) for key in keys.tolist()], precision)
    assert exaloglog(keys, precision=precision, backend=backend)._state().tolist() == expected


def test_so_many_keys_that_most_are_sifted_out():
    keys = np.arange(2_000_000)
    for precision in (4, 9):
        sketches = [exaloglog(keys, precision=precision, backend=backend) for backend in ("numpy", "c")]
        assert sketches[0] == sketches[1]


def test_the_order_and_the_split_of_keys_do_not_matter(backend):
    for count in (100, 513, 5000, 60_000):
        keys = RANDOM[:count]
        whole = exaloglog(keys, precision=9, backend=backend)
        for order in (keys[::-1], np.sort(keys), np.repeat(keys, 3)):
            assert exaloglog(order, precision=9, backend=backend) == whole
        parts = [exaloglog(keys[start::7], precision=9, backend=backend) for start in range(7)]
        united = parts[0]
        for part in parts[1:]:
            united = part | united
        assert united == whole


@given(
    st.tuples(*[st.tuples(st.lists(HASHES, max_size=40), st.integers(4, 7))] * 3), st.sampled_from(BACKENDS)
)
@settings(max_examples=80, deadline=None)
def test_laws_of_union(three, backend):
    """Commutative, associative, idempotent; what holds all keys, at the lowest precision."""
    a, b, c = (taking(hashes, precision, backend) for hashes, precision in three)
    empty = taking([], 7, backend)
    assert a | b == b | a
    assert (a | b) | c == a | (b | c)
    assert a | a == a
    assert a | empty == a
    assert empty | a == a
    lowest = min(precision for _, precision in three)
    everything = [hash_ for hashes, _ in three for hash_ in hashes]
    united = a | b | c
    assert united.precision == lowest
    assert united._state().tolist() == holding(everything, lowest)


@pytest.mark.parametrize("low", [4, 8, 10])
@pytest.mark.parametrize("count", [0, 30, 400, 60_000])
def test_sketches_of_different_precisions_unite(low, count, backend):
    keys = RANDOM[:count]
    fine = exaloglog(keys[: count // 2], precision=12, backend=backend)
    coarse = exaloglog(keys[count // 3 :], precision=low, backend=backend)
    expected = exaloglog(keys, precision=low, backend=backend)
    assert fine | coarse == expected
    assert coarse | fine == expected
    assert fine.precision == 12
    fine |= coarse
    assert fine == expected
    fine.add("one more")
    expected.add("one more")
    assert fine == expected
    fine.clear()
    assert fine == exaloglog(precision=low, backend=backend)


def test_few_keys_are_counted_exactly(backend):
    one = exaloglog(precision=8, backend=backend)
    for count in range(1, 113):
        one.add(f"key {count}")
        one.add(f"key {count}")
        assert one.count() == count
        assert one.is_exact
        assert one.confidence() == (count, count)
        assert one.nbytes == 8 * count
    one.add("key 113")
    assert not one.is_exact
    assert one.nbytes == 896
    assert one.count() == pytest.approx(113, rel=0.1)
    low, high = one.confidence(0.9)
    assert low < one.count() < high
    assert one.confidence(0.999)[0] < low


@pytest.mark.parametrize("precision", [4, 11, 24])
@pytest.mark.parametrize("hash_", [0, 1, 3, 4, 2**63, 2**64 - 1, 2**13, 2**13 - 1])
def test_hashes_at_the_ends(hash_, precision, backend):
    one = taking([hash_, hash_], precision, backend)
    assert one._state().tolist() == [hash_]
    if precision < 24:
        filler = np.arange(1, most_hashes(precision) + 1, dtype=np.uint64) << np.uint64(20) | np.uint64(
            1 << 63
        )
        one._take(filler)
        assert not one.is_exact
        assert one._state().tolist() == registers_of([hash_, *filler.tolist()], precision)


def full_registers(precision):
    """Return registers into which everything was put."""
    return np.full(2**precision, (4 * (63 - precision) << 20) + 2**20 - 1, np.uint32)


def test_the_ends_of_what_can_be_counted(backend):
    empty = exaloglog(backend=backend)
    assert empty.count() == 0
    assert not empty
    assert empty.confidence() == (0, 0)
    one = exaloglog(["a"], backend=backend)
    assert (one.count(), bool(one)) == (1, True)
    full = EXALOGLOG[backend](Spec(4, 0))
    full._absorb_registers(full_registers(4))
    assert full.count() == np.inf
    assert full.confidence() == (np.inf, np.inf)
    assert "countless" in repr(full)
    assert type(full).from_bytes(full.to_bytes()) == full
    before = full._state()
    full.update(range(100))
    assert (full._state() == before).all()
    # One value is missing in one register: of the order of all hashes that there are.
    nearly = full_registers(4)
    nearly[5] ^= 1
    one = EXALOGLOG[backend](Spec(4, 0))
    one._absorb_registers(nearly)
    assert 2**60 < one.count() < 2**70


def test_all_backends_sum_up_the_same_evidence():
    for precision, count in ((4, 8), (4, 40), (4, 10_000), (9, 300), (9, 60_000)):
        sketches = [exaloglog(RANDOM[:count], precision=precision, backend=backend) for backend in BACKENDS]
        found = [one._evidence(one._state()) for one in sketches]
        for absent, occurred in found:
            assert absent == found[0].absent
            assert [value for value in enumerate(occurred) if value[1]] == [
                value for value in enumerate(found[0].occurred) if value[1]
            ]
    registers = full_registers(4)
    registers[3] = 0
    found = [EXALOGLOG[backend](Spec(4, 0))._evidence(registers) for backend in BACKENDS]
    assert {absent for absent, _ in found} == {2**60}
    assert {tuple(occurred)[60] for _, occurred in found} == {15 * 8}


def test_packing_is_what_the_format_says():
    registers = np.arange(16, dtype=np.uint32) * np.uint32(0x1234567) & np.uint32(2**28 - 1)
    joined = sum(int(register) << 28 * index for index, register in enumerate(registers.tolist()))
    packed = ExaLogLog._packed(registers)
    assert packed.tobytes() == joined.to_bytes(56, "little")
    assert (ExaLogLog._unpacked(packed) == registers).all()


def test_copies_are_independent(backend):
    for count in (10, 10_000):
        one = exaloglog(RANDOM[:count], backend=backend)
        other = one.copy()
        assert other == one
        assert type(other) is type(one)
        other.update(range(100))
        assert other != one
        other.clear()
        assert not other
        assert one


def test_what_does_not_fit_is_refused():
    one = exaloglog([1])
    with pytest.raises(ValueError, match="same seed"):
        one | exaloglog([1], seed=1)
    with pytest.raises(TypeError):
        one | hyperloglog([1])
    with pytest.raises(TypeError):
        one |= {1}
    with pytest.raises(TypeError, match="other must be of type ExaLogLog"):
        one.merge(hyperloglog([1]))
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    assert one != hyperloglog([1], precision=11)
    assert one != exaloglog([1], precision=13)
    assert exaloglog([1], backend="python") | exaloglog([2], backend="c") == exaloglog([1, 2])
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        one.confidence(1)
    with pytest.raises(TypeError, match="level must be a float, not str"):
        one.confidence("0.9")


def test_a_function_makes_the_keys(backend):
    one = exaloglog([{"id": 1}], key=lambda item: item["id"], backend=backend)
    one.add({"id": 2})
    one.update(iter([{"id": 3}, {"id": 1}]))
    assert one == exaloglog([1, 2, 3], backend=backend)
    assert one.copy().count() == 3
    with pytest.raises(ValueError, match="key function"):
        one.to_bytes()


def test_c_checks_what_it_is_given():
    from perfpy._ext.cardinality import _c

    one = exaloglog(precision=4, backend="c")
    with pytest.raises(ValueError, match="registers must be as many"):
        one._unite(np.zeros(57, np.uint8))
    with pytest.raises(ValueError, match="precision is out of range"):
        one._reset(25)
    levels = np.zeros(61, np.uint64)
    for size, precision, wrong in ((55, 4, levels), (56, 5, levels), (56, 4, levels[1:])):
        with pytest.raises(ValueError, match="there must be registers"):
            _c.exaloglog_evidence(np.zeros(size, np.uint8), precision, wrong)
    with pytest.raises(ValueError, match="out of range"):
        _c.exaloglog_evidence(np.zeros(56, np.uint8), 70, levels)
    # Registers that cannot be are no danger.
    _c.exaloglog_evidence(np.full(56, 255, np.uint8), 4, levels)
    one._unite(np.full(56, 255, np.uint8))
    one.update(range(1000))
    assert isinstance(one, ExaLogLog)


@pytest.mark.parametrize("source", ["array", "list"])
def test_threads_lose_nothing(source, backend):
    count = 20_000 if backend == "python" else 200_000
    keys = np.arange(count)
    parts = [keys[start::4] for start in range(4)]
    if source == "list":
        parts = [part.tolist() for part in parts]
    one = exaloglog(backend=backend)
    singles = [f"single {number}" for number in range(count // 40)]
    threads = [threading.Thread(target=one.update, args=(part,)) for part in parts]
    threads.append(threading.Thread(target=lambda: [one.add(key) for key in singles]))
    threads.append(threading.Thread(target=lambda: [bool(one) for _ in range(50)]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one == exaloglog(keys.tolist() + singles)
