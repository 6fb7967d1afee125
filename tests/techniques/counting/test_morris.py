"""Morris counters: mean and error against theory, the same events from all backends, and what is refused."""

from __future__ import annotations

import math
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy import morris_counter
from perfpy._container import pack
from perfpy.techniques.counting import MorrisCounter

TECHNIQUE = "morris_counter"
BACKENDS = ("python", "numpy", "c")


@given(
    st.lists(st.integers(0, 4), max_size=200),
    st.sampled_from([1.001, 1.1, 1.5, 2.0, 16.0]),
    st.integers(0, 100),
)
@settings(max_examples=60, deadline=None)
def test_all_backends_count_alike_however_events_are_divided(indices, base, seed):
    random, registers = np.random.default_rng(seed), [0] * 5
    for index in indices:
        registers[index] += random.random() < base ** -registers[index]
    for backend in BACKENDS:
        one = morris_counter(indices, size=5, base=base, seed=seed, backend=backend)
        assert one._registers.tolist() == registers
        other = morris_counter(size=5, base=base, seed=seed, backend=backend)
        for index in indices[:20]:
            other.add(index)
        other.update(np.array(indices[20:60], np.uint8))
        other.update(iter(indices[60:]))
        assert other == one


@pytest.mark.parametrize(("size", "base"), [(1, 2.0), (1, 1.001), (3, 1.01), (5000, 1.3)])
def test_many_events_are_counted_alike(backend, size, base):
    indices = np.random.default_rng(3).integers(0, size, 40_000)
    one = morris_counter(indices, size=size, base=base, seed=5, backend=backend)
    assert one == morris_counter(indices, size=size, base=base, seed=5, backend="python")
    assert one.counts().sum() == pytest.approx(40_000, rel=0.9)


@pytest.mark.parametrize("base", [1.01, 1.5, 2.0])
@pytest.mark.parametrize("events", [1, 2, 10, 100, 1000])
def test_mean_and_error_are_those_of_theory(base, events):
    """One array of many counters is as many trials."""
    trials = 4000
    indices = np.tile(np.arange(trials, dtype=np.int32), events)
    found = morris_counter(indices, size=trials, base=base, seed=events).counts()
    deviation = math.sqrt((base - 1) * events * (events - 1) / 2)
    assert abs(found.mean() - events) <= 4 * deviation / trials**0.5 + 1e-9
    assert found.std() == pytest.approx(deviation, rel=0.06 + 0.2 * (base - 1), abs=1e-9)


@pytest.mark.parametrize(("events", "base"), [(10**4, 2.0), (10**5, 1.1), (10**6, 1.1)])
def test_mean_and_error_of_many_events(events, base):
    trials = 200
    found = np.empty(trials)
    for seed in range(trials):
        one = morris_counter(base=base, seed=seed)
        one.add(times=events // 10)
        one.clear()
        one.update(np.zeros(events // 10, np.uint8))
        one.add(0, events - events // 10)
        found[seed] = one.count()
    relative = math.sqrt((base - 1) / 2)
    assert abs(found.mean() / events - 1) <= 4 * relative / trials**0.5
    assert found.std() / events == pytest.approx(relative, rel=0.3)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (30, 500), (500, 500), (2000, 3)])
def test_united_counters_are_as_if_they_had_counted_all(first, second):
    trials, base = 4000, 1.3
    each = np.arange(trials)
    one = morris_counter(np.tile(each, first), size=trials, base=base, seed=1)
    other = morris_counter(np.tile(each, second), size=trials, base=base, seed=2, backend="numpy")
    kept = other.copy()
    both = one | other
    events = first + second
    deviation = math.sqrt((base - 1) * events * (events - 1) / 2)
    assert abs(both.counts().mean() - events) <= 4 * deviation / trials**0.5
    assert both.counts().std() == pytest.approx(deviation, rel=0.1)
    assert other == kept
    one |= other
    assert (one._registers >= other._registers).all()


def test_the_first_event_is_exact_as_nothing_is_added_to_the_power():
    """A mistake that was published is 2**c instead of 2**c - 1."""
    one = morris_counter()
    assert one.count() == 0
    one.add()
    assert one.count() == 1
    assert one._registers[0] == 1


def test_registers_do_not_overflow():
    one = morris_counter(size=2, base=1.001)
    one._registers[:] = 65535
    one.add(0, 1000)
    one |= one.copy()
    assert one._registers.tolist() == [65535, 65535]
    for backend in BACKENDS:
        full = morris_counter(base=1.2, backend=backend)
        full._registers[:] = 255
        full.add(times=1000)
        assert full._registers[0] == 255


@pytest.mark.parametrize(("base", "size", "nbytes"), [(1.199, 10, 20), (1.2, 10, 10), (16, 3, 3)])
def test_bytes(base, size, nbytes):
    one = morris_counter(base=base, size=size)
    assert (one.nbytes, one.size, one.base) == (nbytes, size, base)


def test_seeds():
    generator = np.random.Generator(np.random.MT19937(1))
    mine = morris_counter(np.zeros(1000, int), seed=generator)
    again = np.random.Generator(np.random.MT19937(1))
    assert mine == morris_counter(np.zeros(1000, int), seed=again, backend="python")
    assert generator.random() == again.random()
    different = {morris_counter(np.zeros(1000, int), base=1.01).count() for _ in range(20)}
    assert len(different) > 1


def test_copies_are_independent(backend):
    one = morris_counter([0, 0, 1], size=2, backend=backend, seed=1)
    other = one.copy()
    assert other == one
    other.add(1, 100)
    assert other != one
    other.clear()
    assert not other
    assert one
    assert f"{one.nbytes} bytes, backend {backend}>" in repr(one)


def test_what_does_not_fit_is_refused(backend):
    one = morris_counter(size=2, backend=backend)
    for other in (morris_counter(size=3), morris_counter(size=2, base=3)):
        with pytest.raises(ValueError, match="same size and base"):
            one | other
        assert one != other
    with pytest.raises(TypeError):
        one | 1
    with pytest.raises(TypeError):
        one |= 1
    with pytest.raises(TypeError, match="other must be a MorrisCounter"):
        one.merge(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    assert one != 1
    for use in (one.add, one.count):
        with pytest.raises(ValueError, match="index must be from 0 to 1, not 2"):
            use(2)
        with pytest.raises(TypeError, match="index must be an int"):
            use("0")
    with pytest.raises(ValueError, match="times must be from 0"):
        one.add(0, -1)
    one.add(0, 0)
    one.update([])
    assert not one
    with pytest.raises(ValueError, match="indices must be from 0 to 1, not 7"):
        one.update([1, 7, 0])
    assert one._registers.tolist() == [0, 1]
    with pytest.raises(TypeError, match="indices must be integers"):
        one.update(np.array([True]))


@pytest.mark.parametrize(
    ("indices", "counted", "error", "message"),
    [
        ("abc", 0, TypeError, r"^indices must be an iterable of int, not str: 'abc'$"),
        (b"\0" * 99, 0, TypeError, r"^indices must be an iterable of int, not bytes: b'.{20,40}$"),
        (5, 0, TypeError, "^indices must be an iterable of indices, not int$"),
        (np.zeros((2, 2), int), 0, ValueError, "^indices must be a 1-D array, not 2-D"),
        (np.ma.masked_less([0, 1], 1), 0, ValueError, "^indices must have no masked elements"),
        (np.zeros(2), 0, TypeError, "^indices must be integers, not of dtype float64$"),
        ([0, "x"], 1, TypeError, "^indices must be an int, not str: 'x'$"),
        ((0, 1, None), 2, TypeError, "^indices must be an int, not NoneType: None$"),
        ([0, 2**70], 1, ValueError, "^indices must be from 0 to 2, not 1180591620717411303424$"),
        ([[0, 1], [1, 0]], 0, TypeError, r"^indices must be an int, not list: \[0, 1\]$"),
        ([2, [0, 1], 0], 1, TypeError, r"^indices must be an int, not list: \[0, 1\]$"),
    ],
)
def test_errors_speak_of_indices_and_those_before_are_counted(backend, indices, counted, error, message):
    one = morris_counter(size=3, backend=backend)
    with pytest.raises(error, match=message):
        one.update(indices)
    assert one.counts().sum() == counted
    with pytest.raises(error, match=message):
        morris_counter(indices, size=3, backend=backend)


def test_threads_lose_no_random_numbers(backend):
    events = 2000 if backend == "python" else 100_000
    one = morris_counter(size=1, base=1.001, seed=1, backend=backend)
    threads = [threading.Thread(target=one.update, args=(np.zeros(events, np.uint8),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one == morris_counter(np.zeros(4 * events, np.uint8), base=1.001, seed=1)


class TestSaving:
    @pytest.mark.parametrize("base", [1.01, 2.0])
    def test_what_is_saved_comes_back(self, backend, base, tmp_path):
        one = morris_counter([0, 1, 1] * 50, size=3, base=base, seed=1, backend=backend)
        path = tmp_path / "counter"
        one.save(path)
        for back in (
            type(one).from_bytes(one.to_bytes()),
            pickle.loads(pickle.dumps(one)),
            type(one).load(path),
        ):
            assert back == one
            assert type(back) is type(one)
            back.add(2)
            assert back.count(2) == 1
        assert MorrisCounter.load(path) == one

    def test_every_damaged_byte_is_noticed(self):
        good = morris_counter([0, 1, 1], size=3).to_bytes()
        for position in range(len(good)):
            bad = bytearray(good)
            bad[position] ^= 1 << position % 8
            with pytest.raises(ValueError, match="this"):
                MorrisCounter.from_bytes(bad)

    @pytest.mark.parametrize(
        ("changes", "data", "words"),
        [
            ({"size": 0}, b"", "says of itself"),
            ({"size": 3.0}, bytes(3), "says of itself"),
            ({"base": 1}, bytes(3), "says of itself"),
            ({"base": 1.0}, bytes(6), "says of itself"),
            ({"base": 17.0}, bytes(3), "says of itself"),
            ({"more": 1}, bytes(3), "says of itself"),
            ({}, bytes(2), "2 bytes for"),
            ({"base": 1.1}, bytes(3), "3 bytes for"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, changes, data, words):
        meta = {"size": 3, "base": 2.0, **changes}
        with pytest.raises(ValueError, match=words):
            MorrisCounter.from_bytes(b"".join(pack(MorrisCounter.kind, meta, data)))


def test_c_checks_what_it_is_given():
    from perfpy._ext.counting import _morris

    source = np.random.default_rng().bit_generator.capsule
    registers, chances, indices = np.zeros(2, np.uint8), np.ones(256), np.zeros(3, np.intp)
    with pytest.raises(ValueError, match="as many as a register has values"):
        _morris.count(registers, chances[:-1], indices, source)
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match="indices must be those of registers"):
            _morris.count(registers, chances, indices + wrong, source)
    for position in range(3):
        arguments = [registers, chances, indices, source]
        arguments[position] = np.zeros(256, np.float32)
        with pytest.raises(TypeError):
            _morris.count(*arguments)
    with pytest.raises(ValueError, match="PyCapsule"):
        _morris.count(registers, chances, indices, None)


def test_it_is_a_technique():
    assert [row.name for row in perfpy.backends(TECHNIQUE)] == list(BACKENDS)
