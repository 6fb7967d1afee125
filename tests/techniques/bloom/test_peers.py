"""Filters of other packages: what they can do, and that they say what they cannot."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import perfpy
from perfpy import BloomFilter, bloom_filter
from perfpy.techniques.bloom import BLOOM_FILTER
from perfpy.techniques.bloom._workloads import SETS, agree

PEERS = [row for row in perfpy.backends("bloom_filter") if row.peer]


@pytest.fixture(params=PEERS, ids=lambda row: row.name)
def peer(request):
    if not request.param.available:
        pytest.skip(request.param.reason)
    return request.param.name


@pytest.mark.parametrize("items", [[1, 2.5, "a", b"b", None, (1, "c")], iter("abc"), np.arange(50), range(9)])
def test_keys_that_were_added_are_found(peer, items):
    keys = items.tolist() if isinstance(items, np.ndarray) else list(items)
    one = bloom_filter(100, backend=peer, items=items if isinstance(items, np.ndarray) else iter(keys))
    one.add("single")
    assert one.contains([*keys, "single"]).all()
    assert all(key in one for key in keys)
    assert not one.contains([("stranger", number) for number in range(20)]).all()
    assert one.contains(np.array(["single"])).tolist() == [True]
    assert one
    one.clear()
    assert not one
    assert "single" not in one


def test_a_function_makes_the_keys(peer):
    one = bloom_filter(100, backend=peer, key=lambda item: item["id"], items=[{"id": 1}])
    one.add({"id": 2})
    assert one.contains([{"id": 1}, {"id": 2}, {"id": 300}]).tolist() == [True, True, False]
    assert {"id": 2} in one


def test_union_copy_and_equality(peer):
    one, other = (bloom_filter(100, backend=peer, items=items) for items in ([1, 2], [2, 3]))
    both = one | other
    assert both.contains([1, 2, 3]).all()
    assert both == bloom_filter(100, backend=peer, items=[1, 2, 3])
    assert both != one
    kept = one.copy()
    one |= other
    assert one == both != kept
    with pytest.raises(ValueError, match="same backend, capacity and error rate"):
        one | bloom_filter(200, backend=peer)
    with pytest.raises(ValueError, match="same backend"):
        one | bloom_filter(100, backend="python")
    with pytest.raises(ValueError, match="perfpy's own"):
        bloom_filter(100, backend="python") | one
    assert bloom_filter(100, backend="python") != one
    with pytest.raises(TypeError):
        one | {1}
    if peer == "abloom":
        with pytest.raises(ValueError, match="'abloom' cannot intersect"):
            one & other
    else:
        assert 2 in (kept & other)
        assert 1 not in (kept & other)


def test_size_is_the_peers_own(peer):
    one = bloom_filter(10_000, 0.01, backend=peer)
    assert 9.5 * 10_000 < one.bits < 11 * 10_000
    assert one.nbytes == -(-one.bits // 8)
    assert (one.capacity, one.error_rate) == (10_000, 0.01)
    assert one.layout == ("blocked" if peer == "abloom" else "classic")
    assert peer in repr(one)
    if peer == "rbloom":
        one.update(range(5000))
        assert one.approximate_count() == pytest.approx(5000, rel=0.05)


def test_what_a_peer_cannot_do_is_said(peer, tmp_path):
    one = bloom_filter(10, backend=peer, items=[1])
    saved = bloom_filter(10, items=[1])
    saved.save(tmp_path / "filter")
    for refused in (
        lambda: one.fill_ratio,
        one.expected_error,
        one.to_bytes,
        lambda: one.save(tmp_path / "peer"),
        lambda: pickle.dumps(one),
        lambda: one.remove(1),
        lambda: type(one).from_bytes(saved.to_bytes()),
        lambda: type(one).load(tmp_path / "filter"),
        lambda: type(one).load(tmp_path / "filter", mmap=True),
        lambda: bloom_filter(10, backend=peer, seed=5),
        lambda: bloom_filter(10, backend=peer, counting=True),
        lambda: bloom_filter(10, backend=peer, scalable=True),
    ):
        with pytest.raises(ValueError, match=f"backend '{peer}'"):
            refused()
    with pytest.raises(ValueError, match=r"'abloom'.*cannot take layout='classic'"):
        bloom_filter(10, backend="abloom", layout="classic")
    assert isinstance(one, BloomFilter)


@pytest.mark.parametrize("workload", ["tiny", "small"])
def test_peers_agree_with_the_reference(peer, workload):
    chosen = SETS[workload]
    bound = BLOOM_FILTER.table[peer].traits.bound
    reference = bloom_filter(**chosen.arguments(), backend="c")
    one = bloom_filter(**chosen.arguments(), backend=peer)
    assert agree(reference, one, bound).equal
    assert not agree(reference, one).equal
    empty = bloom_filter(chosen.capacity, chosen.error_rate, backend=peer)
    assert "are missing" in agree(reference, empty, bound).detail
    loose = bloom_filter(chosen.capacity, 0.1, backend=peer, items=chosen.arguments()["items"])
    assert "of strangers" in agree(reference, loose, bound).detail
