"""HyperLogLog sketches: what they promise, whichever backend keeps the promise."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import perfpy
from perfpy.hashing import hash64, hash_keys
from perfpy.techniques.cardinality import HYPERLOGLOG, hyperloglog
from perfpy.techniques.cardinality._distinct import Spec
from perfpy.techniques.cardinality._python import place

TECHNIQUE = "hyperloglog"
BACKENDS = [row.name for row in perfpy.backends(TECHNIQUE) if row.available and not row.peer]
KEYS = st.one_of(
    st.integers(), st.floats(), st.text(), st.binary(), st.none(), st.tuples(st.integers(), st.text())
)
RANDOM = np.random.default_rng(11).integers(0, 2**62, 60_000)


def holding(keys, precision, seed=0):
    """Return what a sketch of these keys holds, by the definition: hashes, or the highest ranks."""
    hashes = {hash64(key, seed) for key in keys}
    if len(hashes) <= 2**precision // 8:
        return sorted(hashes)
    ranks = [0] * 2**precision
    for hash_ in hashes:
        bits = f"{hash_:064b}"
        register, rest = int(bits[:precision], 2), bits[precision:] + "1"
        ranks[register] = max(ranks[register], rest.index("1") + 1)
    return ranks


@pytest.mark.parametrize("precision", [4, 7, 10])
@given(keys=st.lists(KEYS, max_size=60), more=st.lists(KEYS, max_size=10), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=25, deadline=None)
def test_all_backends_hold_the_same(precision, keys, more, seed):
    expected = holding(keys + more, precision, seed)
    for backend in BACKENDS:
        one = hyperloglog(keys, precision=precision, seed=seed, backend=backend)
        one.update(iter(more))
        for key in more:
            one.add(key)
        assert one._state().tolist() == expected


@pytest.mark.parametrize("precision", [4, 5, 9, 14, 18])
@pytest.mark.parametrize("count", [3, 100, 60_000])
def test_many_keys_are_held_by_the_definition(precision, count, backend):
    keys = RANDOM[:count]
    assert hyperloglog(keys, precision=precision, backend=backend)._state().tolist() == holding(
        keys.tolist(), precision
    )


@pytest.mark.parametrize("hash_", [0, 1, 2**63, 2**64 - 1, 2**50 - 1, 2**50, 2**49, (1 << 50) + 1])
@pytest.mark.parametrize("precision", [4, 14, 24])
def test_hashes_at_the_ends(hash_, precision, backend):
    """Those with many zeros, also 0, which the table of C does not keep as the others."""
    kind = HYPERLOGLOG[backend]
    one = kind(Spec(precision, 0))
    one._take(np.array([hash_, hash_], np.uint64))
    assert one._state().tolist() == [hash_]
    assert one.count() == 1
    filler = RANDOM[: 2**precision // 8].astype(np.uint64) << np.uint64(1) | np.uint64(1)
    if precision < 24:
        one._take(filler)
        register, rank = place(hash_, precision)
        assert not one.is_exact
        assert one._state()[register] >= rank
        assert one._state().max() <= 65 - precision
        if hash_ == 0:
            assert one._state()[0] == 65 - precision


def test_the_order_and_the_split_of_keys_do_not_matter(backend):
    for count in (100, 513, 5000, 60_000):
        keys = RANDOM[:count]
        whole = hyperloglog(keys, precision=12, backend=backend)
        for order in (keys[::-1], np.sort(keys), np.repeat(keys, 3)):
            assert hyperloglog(order, precision=12, backend=backend) == whole
        parts = [hyperloglog(keys[start::7], precision=12, backend=backend) for start in range(7)]
        united = parts[0]
        for part in parts[1:]:
            united = part | united
        assert united == whole


@pytest.mark.parametrize("low", [4, 8, 11, 12])
@pytest.mark.parametrize("count", [0, 30, 400, 5000, 60_000])
def test_sketches_of_different_precisions_unite(low, count, backend):
    keys = RANDOM[:count]
    fine = hyperloglog(keys[: count // 2], precision=14, backend=backend)
    coarse = hyperloglog(keys[count // 3 :], precision=low, backend=backend)
    expected = hyperloglog(keys, precision=low, backend=backend)
    assert fine | coarse == expected
    assert coarse | fine == expected
    assert fine.precision == 14
    fine |= coarse
    assert fine == expected
    fine.add("one more")
    expected.add("one more")
    assert fine == expected
    fine.clear()
    assert fine == hyperloglog(precision=low, backend=backend)


def test_few_keys_are_counted_exactly(backend):
    one = hyperloglog(precision=10, backend=backend)
    for count in range(1, 129):
        one.add(f"key {count}")
        one.add(f"key {count}")
        assert one.count() == count
        assert one.is_exact
        assert one.confidence() == (count, count)
        assert one.nbytes == 8 * count
    one.add("key 129")
    assert not one.is_exact
    assert one.nbytes == 1024
    assert one.count() == pytest.approx(129, rel=0.2)
    low, high = one.confidence(0.9)
    assert low < one.count() < high
    assert one.confidence(0.999)[0] < low
    assert hyperloglog(RANDOM[:9], precision=4, backend=backend).confidence(0.9999)[1] == np.inf


@pytest.mark.parametrize("level", [0, 1, -1, 2, float("nan")])
def test_levels_out_of_range(level):
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        hyperloglog([1]).confidence(level)


def test_every_route_of_a_key_is_the_same(backend):
    numbers = [0, 1, 5, 100]
    expected = hyperloglog(numbers, backend=backend)
    for route in (
        tuple(numbers),
        iter(numbers),
        dict.fromkeys(numbers),
        np.array(numbers, np.uint8),
        np.array(numbers, ">i4"),
        np.array(numbers, np.float32),
        np.repeat(numbers, 2)[::2],
        np.array(numbers, object),
    ):
        assert hyperloglog(route, backend=backend) == expected
    words = ["", "a", "ä" * 20]
    assert hyperloglog(np.array(words), backend=backend) == hyperloglog(words, backend=backend)


def test_copies_are_independent(backend):
    for count in (10, 10_000):
        one = hyperloglog(RANDOM[:count], backend=backend)
        other = one.copy()
        assert other == one
        assert type(other) is type(one)
        other.add("another")
        assert (other == one) == (count == 10_000 and other.count() == one.count())
        other.clear()
        assert not other
        assert one


def test_sketches_of_different_backends_unite():
    assert hyperloglog([1], backend="python") | hyperloglog([2], backend="c") == hyperloglog([1, 2])


def test_what_does_not_fit_is_refused():
    one = hyperloglog([1])
    with pytest.raises(ValueError, match="same seed"):
        one | hyperloglog([1], seed=1)
    with pytest.raises(TypeError):
        one | {1}
    with pytest.raises(TypeError):
        one |= {1}
    with pytest.raises(TypeError, match="other must be of type HyperLogLog"):
        one.merge({1})
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    assert one != {1}
    assert one != hyperloglog([1], seed=1)
    assert one != hyperloglog([1], precision=13)


class TestKeys:
    def test_a_function_makes_the_keys(self, backend):
        one = hyperloglog([{"id": 1}], key=lambda item: item["id"], backend=backend)
        one.add({"id": 2})
        one.update(iter([{"id": 3}, {"id": 1}]))
        assert one == hyperloglog([1, 2, 3], backend=backend)
        assert one.copy().count() == 3
        with pytest.raises(ValueError, match="key function"):
            one.to_bytes()

    def test_what_is_no_key_is_refused_and_what_came_before_is_in(self, backend):
        one = hyperloglog(backend=backend)
        with pytest.raises(TypeError, match=r"keys must be .* not list"):
            one.add([1])
        with pytest.raises(TypeError, match=r"keys must be .* not list"):
            one.update(["before", [1], "after"])
        assert one == hyperloglog(["before"])

    def test_an_iterator_that_raises(self, backend):
        def keys():
            yield "before"
            raise ZeroDivisionError

        one = hyperloglog(backend=backend)
        with pytest.raises(ZeroDivisionError):
            one.update(keys())
        assert one == hyperloglog(["before"])

    @pytest.mark.parametrize("items", ["abc", b"abc", 5, np.zeros((2, 2)), np.zeros(2, complex)])
    def test_what_is_no_source_is_refused(self, items, backend):
        with pytest.raises((TypeError, ValueError), match="keys"):
            hyperloglog(items, backend=backend)


def test_c_checks_what_it_is_given():
    one = hyperloglog(precision=4, backend="c")
    with pytest.raises(ValueError, match="registers must be as many"):
        one._unite(np.zeros(17, np.uint8))
    with pytest.raises(TypeError, match="hashes must be"):
        one._take(np.zeros(3))
    for precision in (3, 25, 10**6):
        with pytest.raises(ValueError, match="precision is out of range"):
            one._reset(precision)
        with pytest.raises(ValueError, match="precision is out of range"):
            HYPERLOGLOG["c"](Spec(precision, 0))


@pytest.mark.parametrize("source", ["array", "list"])
@pytest.mark.parametrize("count", [1000, 400_000])
def test_threads_lose_nothing(source, count, backend):
    if backend == "python" and count > 1000:
        count = 20_000
    keys = np.arange(count)
    parts = [keys[start::4] for start in range(4)]
    if source == "list":
        parts = [part.tolist() for part in parts]
    one = hyperloglog(backend=backend)
    singles = [f"single {number}" for number in range(count // 40)]
    threads = [threading.Thread(target=one.update, args=(part,)) for part in parts]
    threads.append(threading.Thread(target=lambda: [one.add(key) for key in singles]))
    threads.append(threading.Thread(target=lambda: [one.count() for _ in range(50)]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one == hyperloglog(keys.tolist() + singles)


@pytest.fixture
def interrupted_soon():
    """Have a signal interrupt what runs: one of the system's, as no other thread may get the GIL."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.1)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("source", ["array", "iterator"])
def test_control_c_stops_a_long_update(source, interrupted_soon):
    keys = np.zeros(2 * 10**9, np.uint8) if source == "array" else iter(int, 1)
    one = hyperloglog(backend="c")
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        one.update(keys)
    assert time.perf_counter() - start < 5
    assert one.count() == 1


class Machine(RuleBasedStateMachine):
    """Sketches beside a set: what they hold is what the set has."""

    def __init__(self):
        super().__init__()
        self.sketches = {backend: hyperloglog(precision=7, backend=backend) for backend in BACKENDS}
        self.members = set()

    @rule(key=st.integers(0, 100))
    def add(self, key):
        self.members.add(key)
        for one in self.sketches.values():
            one.add(key)

    @rule(keys=st.lists(st.integers(0, 100), max_size=20), as_array=st.booleans())
    def update(self, keys, as_array):
        self.members.update(keys)
        for one in self.sketches.values():
            one.update(np.array(keys, np.int64) if as_array else keys)

    @rule(keys=st.lists(st.integers(0, 100), max_size=20), precision=st.integers(7, 9))
    def unite(self, keys, precision):
        self.members.update(keys)
        for backend in BACKENDS:
            self.sketches[backend] |= hyperloglog(keys, precision=precision, backend=backend)

    @rule()
    def reload(self):
        for backend, one in self.sketches.items():
            self.sketches[backend] = type(one).from_bytes(one.to_bytes())

    @rule()
    def clear(self):
        self.members.clear()
        for one in self.sketches.values():
            one.clear()

    @invariant()
    def they_hold_what_the_set_has(self):
        expected = holding(self.members, 7)
        for one in self.sketches.values():
            assert one._state().tolist() == expected
            assert bool(one) == bool(self.members)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)


def test_hashes_of_keys_are_those_of_perfpy():
    """The state while exact is what `hash_keys` says, so that anybody can tell what is in a file."""
    one = hyperloglog(["a", "b"], seed=3)
    assert one._state().tolist() == sorted(hash_keys(["a", "b"], 3).tolist())


def test_representation(backend):
    text = repr(hyperloglog(["a"], backend=backend))
    assert "1 different keys" in text
    assert "8 bytes" in text
    assert f"backend {backend}" in text
    assert "about" in repr(hyperloglog(RANDOM, backend=backend))
