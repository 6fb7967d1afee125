"""HyperLogLog sketches as bytes: what is saved comes back, and what is damaged is noticed."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy.techniques.cardinality import HyperLogLog, hyperloglog

TECHNIQUE = "hyperloglog"
BACKENDS = [row.name for row in perfpy.backends(TECHNIQUE) if row.available and not row.peer]
RANDOM = np.random.default_rng(11).integers(0, 2**62, 60_000)


class TestSaving:
    @pytest.mark.parametrize("count", [0, 3, 2048, 2049, 60_000])
    def test_what_is_saved_comes_back(self, count, backend, tmp_path):
        one = hyperloglog(RANDOM[:count], seed=7, backend=backend)
        path = tmp_path / "sketch"
        one.save(path)
        for back in (
            type(one).from_bytes(one.to_bytes()),
            pickle.loads(pickle.dumps(one)),
            type(one).load(path),
            type(one).load(str(path), verify=False),
        ):
            assert back == one
            assert type(back) is type(one)
            back.update(["more"])
            one_more = one.copy()
            one_more.add("more")
            assert back == one_more
        assert HyperLogLog.load(path) == one
        assert [item.name for item in tmp_path.iterdir()] == ["sketch"]

    def test_all_backends_write_the_same(self):
        for count in (5, 5000):
            assert len({hyperloglog(RANDOM[:count], backend=name).to_bytes() for name in BACKENDS}) == 1

    @pytest.mark.parametrize("count", [2, 30])
    def test_every_damaged_byte_is_noticed(self, count):
        good = hyperloglog(RANDOM[:count], precision=4).to_bytes()
        for position in range(len(good)):
            bad = bytearray(good)
            bad[position] ^= 1 << position % 8
            with pytest.raises(ValueError, match="sketch"):
                HyperLogLog.from_bytes(bad)
        for size in (0, 1, 63, 64, 65, len(good) - 1):
            with pytest.raises(ValueError, match="sketch"):
                HyperLogLog.from_bytes(good[:size])

    @given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from([2, 30]))
    @settings(deadline=None)
    def test_foreign_bytes_are_refused(self, noise, position, count):
        good = hyperloglog(RANDOM[:count], precision=4).to_bytes()
        mixed = good[:position] + noise + good[position + len(noise) :]
        for verify in (True, False):
            try:
                back = HyperLogLog.from_bytes(mixed, verify=verify)
            except ValueError:
                continue
            back.update(range(100))  # whatever it says: within its memory
            assert back.count() > 0

    @pytest.mark.parametrize(
        ("meta", "data", "words"),
        [
            ({"precision": 4, "seed": 0}, b"", "exact"),
            ({"precision": 3, "seed": 0, "exact": True}, b"", "says of itself"),
            ({"precision": 4.0, "seed": 0, "exact": True}, b"", "says of itself"),
            ({"precision": 4, "seed": -1, "exact": True}, b"", "says of itself"),
            ({"precision": 4, "seed": 0, "exact": 1}, b"", "says of itself"),
            ({"precision": 4, "seed": 0, "exact": True}, bytes(7), "bytes of hashes"),
            ({"precision": 4, "seed": 0, "exact": True}, bytes(24), "bytes of hashes"),
            ({"precision": 4, "seed": 0, "exact": True}, bytes(16), "in order"),
            ({"precision": 4, "seed": 0, "exact": False}, bytes(15), "registers"),
            ({"precision": 4, "seed": 0, "exact": False}, bytes(16), "empty"),
            ({"precision": 4, "seed": 0, "exact": False}, bytes([62] * 16), "highest rank"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, meta, data, words):
        from perfpy._container import pack

        with pytest.raises(ValueError, match=words):
            HyperLogLog.from_bytes(b"".join(pack(HyperLogLog.kind, meta, data)))

    def test_a_bloom_filter_is_no_sketch(self):
        with pytest.raises(ValueError, match="this is no HyperLogLog sketch"):
            HyperLogLog.from_bytes(perfpy.bloom_filter(10).to_bytes())

    def test_the_same_bytes_in_another_process(self):
        code = (
            "import sys; from perfpy.techniques.cardinality import hyperloglog;"
            "sys.stdout.write(hyperloglog(['a', 1.5, (None, b'x')], precision=4).to_bytes().hex())"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stdout == hyperloglog(["a", 1.5, (None, b"x")], precision=4).to_bytes().hex()
