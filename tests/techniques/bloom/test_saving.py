"""Bloom filters as bytes: what is saved comes back, and what is damaged is noticed."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfpy.techniques.bloom import BloomFilter, bloom_filter

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from filters import FORMS, make

sys.path.pop(0)

TECHNIQUE = "bloom_filter"


class TestSaving:
    @pytest.mark.parametrize("form", FORMS)
    def test_what_is_saved_comes_back(self, form, backend, tmp_path):
        one = make(form, backend, items=["a", 1, 2.5], seed=7)
        path = tmp_path / "filter"
        one.save(path)
        for back in (
            type(one).from_bytes(one.to_bytes()),
            type(one).from_bytes(bytearray(one.to_bytes())),
            pickle.loads(pickle.dumps(one)),
            type(one).load(path),
            type(one).load(str(path), mmap=True),
            one.copy(),
        ):
            assert back == one
            assert type(back) is type(one)
            assert (back.capacity, back.error_rate, back.seed) == (1000, 0.01, 7)
            assert back.contains(["a", 1, 2.5, "b"]).tolist() == [True, True, True, False]
        assert [item.name for item in tmp_path.iterdir()] == ["filter"]

    def test_a_mapped_filter_cannot_be_changed(self, backend, tmp_path):
        path = tmp_path / "filter"
        make("blocked", backend, items=[1]).save(path)
        one = type(make("blocked", backend)).load(path, mmap=True)
        for change in (
            lambda: one.add(2),
            lambda: one.update([2]),
            one.clear,
            lambda: one.__ior__(make("blocked", items=[2])),
        ):
            with pytest.raises(ValueError, match="read-only"):
                change()
        changeable = one.copy()
        changeable.add(2)
        assert 2 in changeable
        assert 2 not in one

    def test_every_damaged_byte_is_noticed(self):
        good = make("blocked", capacity=10, items=range(10)).to_bytes()
        kind = type(make("blocked"))
        for position in range(len(good)):
            bad = bytearray(good)
            bad[position] ^= 1 << position % 8
            with pytest.raises(ValueError, match="filter"):
                kind.from_bytes(bad)
        for size in (0, 1, 63, 64, 65, len(good) - 1):
            with pytest.raises(ValueError, match="filter"):
                kind.from_bytes(good[:size])
        with pytest.raises(ValueError, match="filter"):
            kind.from_bytes(good + b"\0")

    @given(st.binary(max_size=300), st.integers(0, 400))
    def test_foreign_bytes_are_refused(self, noise, position):
        good = make("blocked", capacity=10, items=range(10)).to_bytes()
        mixed = good[:position] + noise + good[position + len(noise) :]
        for verify in (True, False):
            try:
                back = BloomFilter.from_bytes(mixed, verify=verify)
            except ValueError:
                continue
            back.contains(range(100))  # whatever it says: within its memory

    def test_an_empty_file(self, tmp_path):
        (tmp_path / "empty").touch()
        kind = type(make("blocked"))
        for mode in (True, False):
            with pytest.raises(ValueError, match="this is no Bloom filter"):
                kind.load(tmp_path / "empty", mmap=mode)

    def test_the_same_bytes_in_another_process(self):
        code = (
            "import sys; from perfpy.techniques.bloom import bloom_filter;"
            "sys.stdout.write(bloom_filter(10, items=['a', 1.5, (None, b'x')]).to_bytes().hex())"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stdout == bloom_filter(10, items=["a", 1.5, (None, b"x")]).to_bytes().hex()
