"""Counters as bytes: what is saved comes back, and what is damaged is noticed."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy._container import pack

TECHNIQUES = ("linear_counting", "loglog", "superloglog", "k_minimum_values")
FAMILIES = dict(
    zip(
        TECHNIQUES,
        (perfpy.LinearCounting, perfpy.LogLog, perfpy.SuperLogLog, perfpy.KMinimumValues),
        strict=True,
    )
)
RANDOM = np.random.default_rng(11).integers(0, 2**62, 5000)
SMALL = {
    "linear_counting": {"bits": 77},
    "loglog": {"precision": 4},
    "superloglog": {"precision": 5},
    "k_minimum_values": {"k": 9},
}


@pytest.mark.parametrize("count", [0, 3, 5000])
def test_what_is_saved_comes_back(technique, backend, count, tmp_path):
    one = getattr(perfpy, technique)(RANDOM[:count], seed=7, backend=backend)
    path = tmp_path / "counter"
    one.save(path)
    for back in (
        type(one).from_bytes(one.to_bytes()),
        pickle.loads(pickle.dumps(one)),
        type(one).load(path),
        type(one).load(path, verify=False),
    ):
        assert back == one
        assert type(back) is type(one)
        back.update(["more"])
        one_more = one.copy()
        one_more.add("more")
        assert back == one_more
    assert FAMILIES[technique].load(path) == one
    assert one.to_bytes() == getattr(perfpy, technique)(RANDOM[:count], seed=7).to_bytes()


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_every_damaged_byte_is_noticed(technique):
    good = getattr(perfpy, technique)(RANDOM[:20], **SMALL[technique]).to_bytes()
    family = FAMILIES[technique]
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        with pytest.raises(ValueError, match="this"):
            family.from_bytes(bad)
    for size in (0, 1, 63, 64, 65, len(good) - 1):
        with pytest.raises(ValueError, match="this"):
            family.from_bytes(good[:size])


@pytest.mark.parametrize("technique", TECHNIQUES)
@given(st.binary(max_size=300), st.integers(0, 400))
@settings(deadline=None, max_examples=40)
def test_foreign_bytes_are_refused(technique, noise, position):
    good = getattr(perfpy, technique)(RANDOM[:20], **SMALL[technique]).to_bytes()
    mixed = good[:position] + noise + good[position + len(noise) :]
    for verify in (True, False):
        try:
            back = FAMILIES[technique].from_bytes(mixed, verify=verify)
        except ValueError:
            continue
        back.update(range(100))  # whatever it says: within its memory
        assert back.count() > 0


@pytest.mark.parametrize(
    ("technique", "changes", "data", "words"),
    [
        ("linear_counting", {"size": 7}, bytes(1), "says of itself"),
        ("linear_counting", {"size": 16.0}, bytes(2), "says of itself"),
        ("linear_counting", {"seed": -1}, bytes(2), "says of itself"),
        ("linear_counting", {"seed": 2**64}, bytes(2), "says of itself"),
        ("linear_counting", {"more": 1}, bytes(2), "says of itself"),
        ("linear_counting", {}, bytes(3), "3 bytes for 16 bits"),
        ("linear_counting", {"size": 2**36}, b"", "0 bytes for"),
        ("linear_counting", {"size": 15}, b"\x00\x80", "bits behind its last one"),
        ("loglog", {"size": 8}, bytes(8), "says of itself"),
        ("loglog", {"size": 17}, bytes(17), "registers and says 17"),
        ("loglog", {}, bytes(15), "15 registers and says 16"),
        ("loglog", {}, bytes([62] * 16), "61 is the highest rank"),
        ("superloglog", {}, bytes([62] * 16), "61 is the highest rank"),
        ("k_minimum_values", {}, bytes(7), "it has 7 bytes"),
        ("k_minimum_values", {}, bytes(16), "not in order"),
        ("k_minimum_values", {}, np.arange(17, dtype="<u8").tobytes(), "17 hashes and says 16"),
    ],
)
def test_what_makes_no_sense_is_refused(technique, changes, data, words):
    family = FAMILIES[technique]
    meta = {"size": 16, "seed": 0, **changes}
    with pytest.raises(ValueError, match=words):
        family.from_bytes(b"".join(pack(family.kind, meta, data)))


def test_a_superloglog_is_no_loglog():
    with pytest.raises(ValueError, match="this is no LogLog sketch"):
        perfpy.LogLog.from_bytes(perfpy.superloglog([1]).to_bytes())
