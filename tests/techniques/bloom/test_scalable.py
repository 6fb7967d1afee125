"""Filters that grow: the error rate holds, nothing is lost, and what is saved comes back."""

from __future__ import annotations

import json
import pickle
import threading

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfpy._container import pack, unpack
from perfpy.techniques.bloom import BloomFilter, ScalableBloomFilter, bloom_filter

TECHNIQUE = "bloom_filter"


def make(items=(), backend="c", capacity=10, rate=0.01, **options):
    return bloom_filter(capacity, rate, scalable=True, backend=backend, items=items, **options)


def test_small(backend):
    one = make(["a", "b"], backend)
    one.update(str(number) for number in range(500))
    one.add("c")
    assert isinstance(one, ScalableBloomFilter)
    assert one.contains(["a", "c", "499"]).all()
    assert "b" in one
    assert len(one.layers) > 2
    assert one.approximate_count() == pytest.approx(503, rel=0.05)
    assert one.capacity >= 503
    assert one.nbytes * 8 >= one.bits == sum(layer.bits for layer in one.layers)
    assert 0 < one.fill_ratio < 1
    assert (one.backend, one.layout, one.seed, one.error_rate) == (backend, "blocked", 0, 0.01)
    other = one.copy()
    other.add("d")
    assert one != other
    other.clear()
    assert not other
    assert len(other.layers) == 1


@pytest.mark.parametrize("layout", ["blocked", "classic"])
@pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
def test_the_error_rate_holds_at_a_thousand_times_the_capacity(layout, rate):
    keys = np.random.default_rng(1).permutation(900_000)
    members, strangers = keys[:200_000], keys[200_000:]
    one = make(members, capacity=200, rate=rate, layout=layout)
    assert one.contains(members).all()
    expected = rate * len(strangers)
    assert one.contains(strangers).sum() <= expected + 5 * expected**0.5
    assert one.expected_error() <= rate


def test_only_different_keys_make_it_grow():
    one = make(capacity=1000)
    for _ in range(20):
        one.update(range(900))
    one.update([key for key in range(900) for _ in range(50)])
    one.update(np.repeat(np.arange(900, 950), 80))
    assert len(one.layers) == 1
    one.update(np.repeat(np.arange(950, 1100), 2))
    assert len(one.layers) == 2


def test_a_function_makes_the_keys(backend):
    one = make([{"id": 1}], backend, key=lambda item: item["id"])
    one.add({"id": 2})
    one.update(iter([{"id": 3}]))
    assert one.contains([{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]).tolist() == [True, True, True, False]
    assert {"id": 3} in one.copy()
    with pytest.raises(ValueError, match="key function"):
        one.to_bytes()


@pytest.mark.parametrize("count", [0, 5, 700])
@pytest.mark.parametrize("layout", ["blocked", "classic"])
def test_what_is_saved_comes_back(backend, layout, count, tmp_path):
    one = make(range(count), backend, layout=layout, seed=3)
    one.save(tmp_path / "filter")
    unpickled = pickle.loads(pickle.dumps(one))
    assert unpickled.backend == backend
    for back in (
        ScalableBloomFilter.from_bytes(one.to_bytes()),
        ScalableBloomFilter.load(tmp_path / "filter"),
        unpickled,
    ):
        assert back == one
        assert type(back) is ScalableBloomFilter
        assert (back.error_rate, back.seed, back.layout, back.capacity) == (0.01, 3, layout, one.capacity)
        more = range(count, count + 1000)
        again = one.copy()
        again.update(more)
        back.update(more)
        assert back == again  # it grows on as it would have done


def test_what_is_no_scalable_filter_is_refused():
    with pytest.raises(ValueError, match="something else"):
        ScalableBloomFilter.from_bytes(bloom_filter(10).to_bytes())
    with pytest.raises(ValueError, match="something else"):
        BloomFilter.from_bytes(make().to_bytes())


def test_every_damaged_byte_is_noticed():
    good = make(range(20)).to_bytes()
    for position in range(0, len(good), 3):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        with pytest.raises(ValueError, match="filter"):
            ScalableBloomFilter.from_bytes(bad)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=3),
)


@given(name=st.sampled_from(["capacity", "error_rate", "layout", "seed", "room", "layers"]), junk=JUNK)
@example(name="error_rate", junk=1e-66)
@example(name="capacity", junk=2**50)
@settings(max_examples=100)
def test_a_checked_container_of_nonsense_is_refused_or_harmless(name, junk):
    one = make(range(100))
    meta, data = unpack(ScalableBloomFilter.kind, one.to_bytes())
    meta = json.loads(json.dumps(meta))
    for target in (meta, meta["layers"][1]):
        before = target.get(name)
        target[name] = junk
        forged = b"".join(pack(ScalableBloomFilter.kind, meta, data))
        target[name] = before
        try:
            back = ScalableBloomFilter.from_bytes(forged)
        except ValueError:
            continue
        assert back.contains(range(100)).dtype == bool


class TestUnion:
    def test_keys_of_both_are_there_and_strangers_are_rare(self, backend):
        one, other = make(range(300), backend), make(range(200, 2000), backend)
        both = one | other
        assert both.contains(range(2000)).all()
        assert both == other | one
        assert both.error_rate <= 0.02
        assert both.contains(range(2000, 22_000)).mean() <= both.error_rate
        assert len(one.layers) < len(other.layers) <= len(both.layers)
        one |= other
        assert one == both
        one.update(range(2000, 3000))
        assert one.contains(range(3000)).all()

    def test_layers_with_room_for_both_become_one(self):
        one, other = make(range(400), capacity=1000), make(range(300, 700), capacity=1000)
        both = one | other
        assert len(both.layers) == 1
        assert both.error_rate == 0.01
        assert both == make(range(700), capacity=1000)
        full = make(range(9000), capacity=1000)
        assert len((full | full).layers) == len(full.layers)

    def test_a_union_can_be_saved(self):
        both = make(range(300)) | make(range(5000, 5300))
        back = ScalableBloomFilter.from_bytes(both.to_bytes())
        assert back == both
        assert back.error_rate == both.error_rate > 0.01

    def test_backends_combine(self):
        both = make(range(100), "python") | make(range(100, 300), "c")
        assert both.contains(range(300)).all()

    @pytest.mark.parametrize("options", [{"capacity": 20}, {"rate": 0.1}, {"seed": 1}, {"layout": "classic"}])
    def test_what_does_not_fit_is_refused(self, options):
        with pytest.raises(ValueError, match="same capacity, error rate, layout and seed"):
            make() | make(**options)
        assert make() != make(**options)

    def test_other_types_are_refused(self):
        one = make([1])
        for other in ({1}, bloom_filter(10)):
            with pytest.raises(TypeError, match="unsupported operand"):
                one | other
            assert one != other
        with pytest.raises(ValueError, match="scalable=False"):
            one & make([1])
        with pytest.raises(TypeError):
            one & 1
        with pytest.raises(TypeError, match="unhashable"):
            hash(one)


def test_threads_lose_nothing():
    one = make(capacity=100)
    parts = np.arange(40_000).reshape(4, -1)
    threads = [threading.Thread(target=one.update, args=(part,)) for part in parts]
    threads.append(threading.Thread(target=lambda: [one.add(f"single {i}") for i in range(5000)]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one.contains(parts.ravel()).all()
    assert one.contains([f"single {i}" for i in range(5000)]).all()
    assert one.expected_error() <= 0.01
