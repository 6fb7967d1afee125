"""Bloom filters: what they promise, whichever backend keeps the promise."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import perfpy
from perfpy.techniques.bloom import BLOOM_FILTER, bloom_filter
from perfpy.techniques.bloom._filter import Spec, empty_memory
from perfpy.techniques.bloom._sizing import Geometry, blocked_error, geometry

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from filters import FORMS, make

sys.path.pop(0)

TECHNIQUE = "bloom_filter"
BACKENDS = [row.name for row in perfpy.backends(TECHNIQUE) if row.available and not row.peer]
KEYS = st.one_of(
    st.integers(), st.floats(), st.text(), st.binary(), st.none(), st.tuples(st.integers(), st.text())
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rate", [0.5, 0.01, 1e-4, 1e-9])
@given(keys=st.lists(KEYS, max_size=30), more=st.lists(KEYS, max_size=10), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=25)
def test_all_backends_set_the_same_bits(form, rate, keys, more, seed):
    filters = [make(form, backend, 20, rate, seed=seed, items=keys) for backend in BACKENDS]
    for one in filters:
        one.update(iter(more))
        for key in more:
            one.add(key)
        assert one == filters[0]
        assert all(key in one for key in keys + more)
        assert one.contains(keys + more).all()
        assert one.contains(keys).dtype == bool
    strangers = [("stranger", number) for number in range(40)]
    expected = [key in filters[0] for key in strangers]
    for one in filters:
        assert one.contains(strangers).tolist() == [key in one for key in strangers] == expected


@pytest.mark.parametrize("form", FORMS)
def test_every_route_of_a_key_is_the_same(form, backend):
    numbers = [0, 1, 5, 100]
    routes = [
        numbers,
        tuple(numbers),
        iter(numbers),
        np.array(numbers),
        np.array(numbers, np.uint8),
        np.array(numbers, ">i4"),
        np.array(numbers, np.float32),
        np.repeat(numbers, 2)[::2],
        np.array(numbers, object),
        range(0, 6, 5),
        [1.0, 100.0],
    ]
    expected = make(form, backend, items=numbers)
    joined = make(form, backend)
    for route in routes[:-2]:
        if form == "counting":
            joined.clear()
        joined.update(route)
        assert joined == expected
    for route in routes[-2:]:
        assert expected.contains(route).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "keys",
    [
        np.random.default_rng(5).integers(0, 2**62, 1_100_000),
        np.arange(1_100_000),
        np.arange(1_100_000) << 32,
        np.arange(1_100_000) * 0.5,
    ],
    ids=["random", "sequential", "shifted", "halves"],
)
@pytest.mark.parametrize("rate", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5])
def test_the_error_rate_is_the_nominal_one(form, keys, rate):
    """Binomial: no more than 5 deviations above what was asked for, and not far below it either."""
    members, strangers = keys[:100_000], keys[100_000:]
    one = make(form, capacity=len(members), rate=rate, items=members)
    assert one.contains(members).all()
    found = np.count_nonzero(one.contains(strangers))
    expected = rate * len(strangers)
    assert found <= expected + 5 * expected**0.5
    assert found >= 0.7 * expected - 5 * expected**0.5
    assert one.expected_error() == pytest.approx(rate, rel=0.08)
    assert one.approximate_count() == pytest.approx(len(members), rel=0.01)


def simulated_error(load, probes):
    """Draw the numbers of keys of blocks, their bits, and a stranger's, from the rule of the layout."""
    random = np.random.default_rng(3)
    trials = 4000
    hits = 0
    for _ in range(trials):
        block = np.zeros((16, 32), bool)
        for _ in range(random.poisson(load)):
            words = random.permutation(16)[:probes]
            block[words, random.integers(0, 32, probes)] = True
        words = random.permutation(16)[:probes]
        hits += block[words, random.integers(0, 32, probes)].all()
    return hits / trials


@pytest.mark.parametrize(("load", "probes"), [(100, 3), (80, 6), (60, 9)])
def test_the_formula_for_blocks_is_that_of_a_simulation(load, probes):
    expected = blocked_error(load, probes)
    assert simulated_error(load, probes) == pytest.approx(expected, abs=5 * (expected / 4000) ** 0.5)


@pytest.mark.parametrize(("rate", "blocked", "classic"), [(1e-2, 9.95, 9.6), (1e-3, 15.56, 14.38)])
def test_bits_per_key(rate, blocked, classic):
    assert geometry(10**6, rate, "blocked").bits / 10**6 <= blocked
    assert geometry(10**6, rate, "classic").bits / 10**6 <= classic


@pytest.mark.parametrize("capacity", [1, 2, 63, 10**6, 10**12])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rate", [0.999, 0.3, 1e-7, 1e-12, 1e-18])
def test_every_geometry_is_possible(capacity, form, rate):
    shape = geometry(capacity, rate, form)
    assert shape.probes >= 1
    assert shape.nbytes * 8 >= shape.bits >= 64
    if form != "classic":
        assert blocked_error(capacity / shape.size, shape.probes) <= rate * 1.0001


class TestCounting:
    def test_what_is_removed_is_gone(self, backend):
        one = make("counting", backend, items=range(500))
        kept = one.copy()
        one.update(range(1000, 1200))
        for key in range(1000, 1200):
            one.remove(key)
        assert one == kept
        with pytest.raises(KeyError, match="a stranger"):
            one.remove("a stranger")
        assert one == kept

    def test_a_counter_that_is_full_stays_full(self, backend):
        one = make("counting", backend, capacity=1, rate=0.01)
        for _ in range(40):
            one.add("often")
        for _ in range(100):
            one.remove("often")
        assert "often" in one

    def test_batches_count_as_often_as_single_keys(self, backend):
        one, other = make("counting", backend), make("counting", "python")
        one.update(["a"] * 7 + ["b"] * 20 + ["a"] * 3)
        for key in ["a"] * 10 + ["b"] * 20:
            other.add(key)
        assert one == other

    @pytest.mark.parametrize("form", ["blocked", "classic"])
    def test_others_cannot_remove(self, backend, form):
        with pytest.raises(TypeError, match="counting=True"):
            make(form, backend, items=["a"]).remove("a")


class TestCombining:
    @pytest.mark.parametrize("form", ["blocked", "classic"])
    def test_union_is_a_filter_of_all_keys(self, backend, form):
        one, other = make(form, backend, items=range(300)), make(form, backend, items=range(200, 500))
        both = make(form, backend, items=range(500))
        assert one | other == both
        assert one != both
        one |= other
        assert one == both
        assert all(key in (both & other) for key in range(200, 500))

    def test_filters_of_different_backends_combine(self):
        assert make("blocked", "python", items=[1]) | make("blocked", "c", items=[2]) == make(
            "blocked", items=[1, 2]
        )

    @pytest.mark.parametrize("other", [{"capacity": 5000}, {"rate": 1e-4}, {"seed": 1}, {"form": "classic"}])
    def test_what_does_not_fit_is_refused(self, other):
        options = {"form": "blocked", **other}
        with pytest.raises(ValueError, match="same geometry and seed"):
            make("blocked") | make(**options)
        assert make("blocked") != make(**options)

    def test_other_types_are_refused(self):
        with pytest.raises(TypeError):
            make("blocked") | {1}
        with pytest.raises(ValueError, match="counting"):
            make("counting") | make("counting")
        assert make("blocked") != {1}
        with pytest.raises(TypeError, match="unhashable"):
            hash(make("blocked"))


class TestKeys:
    def test_a_function_makes_the_keys(self, backend):
        one = bloom_filter(100, key=lambda item: item["id"], items=[{"id": 1}], backend=backend)
        one.add({"id": 2})
        one.update(iter([{"id": 3}]))
        assert one.contains([{"id": number} for number in range(5)]).tolist() == [
            False,
            True,
            True,
            True,
            False,
        ]
        assert {"id": 3} in one
        with pytest.raises(ValueError, match="key function"):
            one.to_bytes()

    def test_what_is_no_key_is_refused_and_what_came_before_is_in(self, backend):
        one = bloom_filter(100, backend=backend)
        for use in (
            one.add,
            lambda key: key in one,
            lambda key: one.update(["before", key, "after"]),
            lambda key: one.contains([1, key]),
        ):
            with pytest.raises(TypeError, match=r"keys must be .* not list"):
                use([1])
        assert "before" in one
        assert "after" not in one

    def test_an_iterator_that_raises(self, backend):
        def keys():
            yield "before"
            raise ZeroDivisionError

        one = bloom_filter(100, backend=backend)
        with pytest.raises(ZeroDivisionError):
            one.update(keys())
        assert "before" in one


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"capacity": 0}, ValueError, "capacity must be from 1"),
        ({"capacity": -1}, ValueError, "capacity"),
        ({"capacity": 2**63}, ValueError, "capacity"),
        ({"capacity": 1.5}, TypeError, "capacity"),
        ({"capacity": "1"}, TypeError, "capacity"),
        ({"error_rate": 0}, ValueError, "error_rate"),
        ({"error_rate": 1}, ValueError, "error_rate"),
        ({"error_rate": float("nan")}, ValueError, "error_rate"),
        ({"error_rate": "0.1"}, TypeError, "error_rate"),
        ({"layout": "square"}, ValueError, "layout"),
        ({"layout": 1}, TypeError, "layout"),
        ({"layout": "classic", "counting": True}, ValueError, "layout"),
        ({"scalable": True, "counting": True}, ValueError, "scalable must be False"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": "a"}, TypeError, "seed"),
        ({"key": 5}, TypeError, "key"),
        ({"items": "abc"}, TypeError, "keys"),
        ({"items": 5}, TypeError, "keys"),
        ({"backend": "nunpy"}, ValueError, "did you mean 'numpy'"),
    ],
)
def test_bad_arguments(arguments, kind, words):
    with pytest.raises(kind, match=words):
        bloom_filter(**{"capacity": 10, **arguments})


def test_methods_of_c_are_called_without_a_detour():
    """CPython wants the method to be that of the exact type, and looks into the dict where there is one."""
    kind = BLOOM_FILTER["c"]
    assert vars(kind)["add"].__objclass__ is kind
    assert not hasattr(bloom_filter(10), "__dict__")
    keyed = type(bloom_filter(10, key=str))
    assert keyed.add is not kind.add
    with pytest.raises(TypeError):
        kind.add(make("blocked", "python"), 1)


def test_more_than_memory_is_an_error_at_once():
    with pytest.raises(MemoryError):
        bloom_filter(2**50)


def test_c_checks_its_memory():
    filter_type = BLOOM_FILTER["c"]
    spec = Spec(10, 0.01, Geometry("blocked", 4, 6), 0)
    with pytest.raises(ValueError, match="memory must be"):
        filter_type(spec, empty_memory(Geometry("blocked", 3, 6)))
    with pytest.raises(ValueError, match="memory must be"):
        filter_type(spec, empty_memory(Geometry("blocked", 5, 6))[1:33])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", ["array", "list"])
def test_threads_lose_nothing(form, source):
    keys = np.arange(400_000)
    parts = [keys[start::4] for start in range(4)]
    if source == "list":
        parts = [part.tolist() for part in parts]
    one = make(form, capacity=len(keys))
    threads = [threading.Thread(target=one.update, args=(part,)) for part in parts]
    threads.append(threading.Thread(target=lambda: [one.add(f"single {i}") for i in range(10_000)]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one == make(
        form, capacity=len(keys), items=[*keys.tolist(), *(f"single {i}" for i in range(10_000))]
    )


class Machine(RuleBasedStateMachine):
    """A filter beside a set: no member is ever missing, and unions and copies are what they are called."""

    def __init__(self):
        super().__init__()
        self.filters = {backend: bloom_filter(50, 0.1, backend=backend) for backend in BACKENDS}
        self.members = set()

    @rule(key=st.integers(0, 200))
    def add(self, key):
        self.members.add(key)
        for one in self.filters.values():
            one.add(key)

    @rule(keys=st.lists(st.integers(0, 200), max_size=20), as_array=st.booleans())
    def update(self, keys, as_array):
        self.members.update(keys)
        for one in self.filters.values():
            one.update(np.array(keys, np.int64) if as_array else keys)

    @rule(keys=st.lists(st.integers(0, 200), max_size=20))
    def unite(self, keys):
        self.members.update(keys)
        for backend, one in self.filters.items():
            self.filters[backend] = one | bloom_filter(50, 0.1, items=keys, backend=backend)

    @rule()
    def reload(self):
        for backend, one in self.filters.items():
            self.filters[backend] = type(one).from_bytes(one.to_bytes())

    @rule()
    def clear(self):
        self.members.clear()
        for one in self.filters.values():
            one.clear()

    @invariant()
    def nothing_is_missing(self):
        members = sorted(self.members)
        reference = self.filters["python"]
        for one in self.filters.values():
            assert one == reference
            assert one.contains(members).all()
            assert bool(one) == bool(self.members)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
