"""HyperLogLog sketches of other packages: what they can do, and that they say what they cannot."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import perfpy
from perfpy import hyperloglog
from perfpy.techniques.cardinality import HYPERLOGLOG
from perfpy.techniques.cardinality._workloads import WORKLOADS, agree

PEERS = [row for row in perfpy.backends("hyperloglog") if row.peer]


@pytest.fixture(params=PEERS, ids=lambda row: row.name)
def peer(request):
    if not request.param.available:
        pytest.skip(request.param.reason)
    return request.param.name


@pytest.mark.parametrize("items", [["a", 1, 2.5, "a"], dict.fromkeys("abc"), np.array([1, 2, 3, 1])])
def test_keys_are_counted(peer, items):
    one = hyperloglog(items, backend=peer)
    assert one
    one.add("single")
    assert one.count() == pytest.approx(4, abs=0.01)
    low, high = one.confidence()
    assert low < one.count() < high
    assert f"about 4 different keys, {one.nbytes:,} bytes, backend {peer}" in repr(one)
    one.clear()
    assert not one
    assert one.count() == 0
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        one.confidence(1)


@pytest.mark.parametrize("keys", [100, 3000, 50_000])
def test_counts_are_about_right(peer, keys):
    one = hyperloglog([f"key {number}" for number in range(keys)], precision=10, backend=peer)
    assert one.count() == pytest.approx(keys, rel=4 * 1.04 / 32)


def test_a_function_makes_the_keys(peer):
    one = hyperloglog([{"id": 1}], key=lambda item: item["id"], backend=peer)
    one.add({"id": 2})
    one.update([{"id": 1}])
    assert one.count() == pytest.approx(2, abs=0.01)
    assert one.copy().count() == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("keys", [10, 20_000])
def test_union_copy_and_equality(peer, keys):
    one, other = (hyperloglog(range(start, start + keys), backend=peer) for start in (0, keys // 2))
    both = hyperloglog(range(keys // 2 * 3), backend=peer)
    assert one | other == both != one
    assert (one | other).count() == pytest.approx(keys * 1.5, rel=0.05)
    kept = one.copy()
    assert kept == one
    one |= other
    assert one == both != kept
    assert one != hyperloglog(range(keys // 2 * 3), backend="c") != one
    for wrong in (hyperloglog(precision=10, backend=peer), hyperloglog(backend="c")):
        with pytest.raises(ValueError, match="same backend and precision"):
            one | wrong
    with pytest.raises(ValueError, match=f"backend '{peer}' cannot tell what it holds"):
        hyperloglog(backend="c") | one
    with pytest.raises(TypeError):
        one | {1}
    with pytest.raises(TypeError, match="other must be of type HyperLogLog"):
        one.merge({1})


def test_what_a_peer_cannot_do_is_said(peer, tmp_path):
    one = hyperloglog([1], backend=peer)
    saved = hyperloglog([1])
    saved.save(tmp_path / "sketch")
    for refused in (
        lambda: one.is_exact,
        one.to_bytes,
        lambda: one.save(tmp_path / "peer"),
        lambda: pickle.dumps(one),
        lambda: one._take(np.zeros(1, np.uint64)),
        lambda: one._absorb_registers(np.zeros(1, np.uint8)),
        lambda: type(one).from_bytes(saved.to_bytes()),
        lambda: type(one).load(tmp_path / "sketch"),
        lambda: hyperloglog(backend=peer, seed=5),
        lambda: hyperloglog(backend=peer, precision=24),
    ):
        with pytest.raises(ValueError, match=f"backend '{peer}'"):
            refused()


def test_keys_of_types_that_a_peer_does_not_take():
    if not any(row.name == "datasketches" and row.available for row in PEERS):
        pytest.skip("datasketches is not installed")
    for key in (b"a", None, (1,)):
        with pytest.raises(TypeError, match="keys must be str, int or float with backend 'datasketches'"):
            hyperloglog([key], backend="datasketches")


@pytest.mark.parametrize("workload", WORKLOADS["hyperloglog"][:2], ids=lambda workload: workload.name)
def test_peers_agree_with_the_reference(peer, workload):
    bound = HYPERLOGLOG.table[peer].traits.bound
    reference = hyperloglog(**workload.arguments(), backend="c")
    one = hyperloglog(**workload.arguments(), backend=peer)
    assert agree(reference, one, bound).equal
    assert not agree(reference, one).equal
    assert not agree(reference, hyperloglog(range(100), backend=peer), bound).equal
