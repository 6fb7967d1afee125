"""ExaLogLog sketches as bytes: what is saved comes back, and what is damaged is noticed."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import perfpy
from perfpy._container import pack
from perfpy.techniques.cardinality import ExaLogLog, exaloglog, hyperloglog

TECHNIQUE = "exaloglog"
BACKENDS = [row.name for row in perfpy.backends(TECHNIQUE) if row.available and not row.peer]
RANDOM = np.random.default_rng(11).integers(0, 2**62, 60_000)


@pytest.mark.parametrize("count", [0, 3, 896, 897, 60_000])
def test_what_is_saved_comes_back(count, backend, tmp_path):
    one = exaloglog(RANDOM[:count], seed=7, backend=backend)
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
    assert ExaLogLog.load(path) == one


@pytest.mark.parametrize("count", [5, 5000])
def test_all_backends_write_the_same(count):
    assert len({exaloglog(RANDOM[:count], backend=name).to_bytes() for name in BACKENDS}) == 1


@pytest.mark.parametrize("count", [2, 30])
def test_every_damaged_byte_is_noticed(count):
    good = exaloglog(RANDOM[:count], precision=4).to_bytes()
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        with pytest.raises(ValueError, match="sketch"):
            ExaLogLog.from_bytes(bad)
    for size in (0, 1, 63, 64, 65, len(good) - 1):
        with pytest.raises(ValueError, match="sketch"):
            ExaLogLog.from_bytes(good[:size])


def registers(first):
    """Return sixteen registers as a file has them, of which one is not empty."""
    return ExaLogLog._packed(np.array([first] + [0] * 15, np.uint32)).tobytes()


@pytest.mark.parametrize(
    ("exact", "data", "words"),
    [
        (True, bytes(7), "bytes of hashes"),
        (True, bytes(64), "bytes of hashes"),
        (True, bytes(16), "in order"),
        (False, bytes(55), "bytes of registers"),
        (False, bytes(56), "empty"),
        (False, registers(237 << 20), "highest value"),
        (False, registers(1), "values that there are not"),  # an empty register with a window
        (False, registers(2 << 20 | 1 << 17), "values that there are not"),
        (False, registers(2 << 20), "values that there are not"),  # without the 1 for value 0
        (False, registers(20 << 20), "values that there are not"),
    ],
)
def test_what_makes_no_sense_is_refused(exact, data, words):
    meta = {"precision": 4, "seed": 0, "exact": exact}
    with pytest.raises(ValueError, match=words):
        ExaLogLog.from_bytes(b"".join(pack(ExaLogLog.kind, meta, data)))


@pytest.mark.parametrize(
    "content", [1 << 20 | 1 << 19, 2 << 20 | 1 << 18, 20 << 20 | 1, 21 << 20, 236 << 20 | 2**20 - 1]
)
def test_what_makes_sense_is_read(content):
    meta = {"precision": 4, "seed": 0, "exact": False}
    one = ExaLogLog.from_bytes(b"".join(pack(ExaLogLog.kind, meta, registers(content))))
    assert one._state()[0] == content


def test_another_sketch_is_refused():
    with pytest.raises(ValueError, match="this is no ExaLogLog sketch"):
        ExaLogLog.from_bytes(hyperloglog(["a"]).to_bytes())
