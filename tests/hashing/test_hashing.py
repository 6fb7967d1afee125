"""The hash of keys: its definition, its forms in C and numpy, its quality."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfpy._ext.hashing import _c
from perfpy.hashing import _numpy, _python, hash64, hash_keys

TEXT = st.text(st.characters(exclude_categories=()), max_size=80)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.integers(0, 2**1023).map(float),
    st.booleans(),
)
ATOMS = st.one_of(NUMBERS, TEXT, st.binary(max_size=80), st.none())
KEYS = st.recursive(ATOMS, lambda keys: st.lists(keys, max_size=4).map(tuple), max_leaves=8)
SEEDS = st.integers(0, 2**64 - 1)

#: Pinned: files hold what was made with these.
KNOWN = {
    0: 0x48218226FF3CD4BF,
    1: 0x9E0160293A33AAF7,
    -1: 0x9CE41992D31384F9,
    18446744073709551616: 0xCE2F3E9533BE1B2D,
    -1180591620717411303424: 0xCF7C3A05AFC40E05,
    0.5: 0xC31C5B72485C7C7B,
    "": 0xAC188A19F171D96D,
    "spam": 0x48EBA6F53FDEF21F,
    "häh": 0x86F58CDD7DCF6A0A,
    b"spam": 0xD81C87C1EBCFBF98,
    None: 0x974DF228C59EBE71,
    (): 0x161EBC4B0828448A,
    ("a", (1, 2.5)): 0x24DF6B88B4DFAA17,
}


@pytest.mark.parametrize(("key", "expected"), KNOWN.items())
def test_known_answers(key, expected):
    assert hash64(key) == _python.hash64(key) == expected


@given(KEYS, SEEDS)
def test_c_is_the_reference(key, seed):
    assert _c.hash_key(key, seed) == _python.hash64(key, seed)


@given(st.lists(KEYS, max_size=20), SEEDS)
def test_many_are_each(keys, seed):
    expected = [_python.hash64(key, seed) for key in keys]
    assert hash_keys(keys, seed).tolist() == expected
    assert hash_keys(tuple(keys), seed).tolist() == expected
    assert hash_keys(iter(keys), seed).tolist() == expected
    assert _numpy.hash_keys(keys, seed).tolist() == expected


@pytest.mark.parametrize("dtype", [*"?bBhHiIlLqQefdg", ">i4", ">u8", ">f8", "<f4"])
@given(data=st.data())
def test_arrays_are_their_elements(dtype, data):
    wanted = np.dtype(dtype)
    element = st.floats(width=16) if wanted.kind == "f" else st.integers(0, 100)
    if wanted.kind == "i":
        element = st.integers(int(np.iinfo(wanted).min), int(np.iinfo(wanted).max))
    elif wanted.kind == "u":
        element = st.integers(0, int(np.iinfo(wanted).max))
    elif wanted.itemsize == 8 and wanted.kind == "f":
        element = st.floats()
    array = np.array(data.draw(st.lists(element, max_size=20)), wanted)
    expected = [_python.hash64(key, 7) for key in array.tolist()]
    assert hash_keys(array, 7).tolist() == expected
    assert hash_keys(np.repeat(array, 2)[::2], 7).tolist() == expected
    named = array.view(wanted.newbyteorder("<" if sys.byteorder == "little" else ">"))
    if wanted.isnative:  # by its name too, and not contiguous, so that a copy is made
        assert hash_keys(np.repeat(named, 2)[::2], 7).tolist() == expected
    native = array.astype(wanted.newbyteorder("="))
    assert _numpy.hash_keys(native, 7).tolist() == expected


@given(st.lists(TEXT.filter(lambda text: not text.endswith("\0")), min_size=1))
def test_arrays_of_text(texts):
    expected = [_python.hash64(text) for text in texts]
    array = np.array(texts)
    assert hash_keys(array).tolist() == expected
    assert hash_keys(array.astype(array.dtype.newbyteorder())).tolist() == expected
    named = array.dtype.newbyteorder("<" if sys.byteorder == "little" else ">")
    assert hash_keys(np.repeat(array.view(named), 2)[::2]).tolist() == expected
    assert hash_keys(np.array(texts, object)).tolist() == expected
    assert _numpy.hash_keys(array, 0).tolist() == expected


@given(st.lists(st.binary(max_size=50).filter(lambda item: not item.endswith(b"\0")), min_size=1))
def test_arrays_of_bytes(strings):
    expected = [_python.hash64(string) for string in strings]
    assert hash_keys(np.array(strings)).tolist() == expected
    assert _numpy.hash_keys(np.array(strings), 0).tolist() == expected


@pytest.mark.parametrize(
    "equal",
    [
        (1, 1.0, True, np.int8(1), np.uint64(1), np.float32(1), np.float64(1), np.True_),
        (0, 0.0, -0.0, False),
        (-1, -1.0, np.int16(-1)),
        (2**63, 2.0**63, np.uint64(2**63)),
        (2**64, 2.0**64),
        (-(2**63), -(2.0**63)),
        (-(2**100), -(2.0**100)),
        ("a", np.str_("a")),
        (b"a", bytearray(b"a"), memoryview(b"a"), np.bytes_(b"a")),
        (float("nan"), -float("nan"), np.float32("nan")),
        ((1, "a"), (1.0, "a")),
    ],
)
def test_equal_keys_have_equal_hashes(equal):
    assert len({hash64(key) for key in equal}) == 1


def test_different_kinds_are_different_keys():
    keys = [
        1,
        "1",
        b"1",
        (1,),
        ((1,),),
        None,
        (None,),
        "",
        b"",
        (),
        0,
        -1,
        2**64 - 1,
        0.5,
        "None",
        2**64,
        -(2**64),
    ]
    assert len({hash64(key) for key in keys}) == len(keys)


def test_a_subclass_cannot_lie():
    class Liar(int):
        def __abs__(self):
            return 5

        def to_bytes(self, *arguments):
            return b""

        def bit_length(self):
            return 0

    assert hash64(Liar(-(10**30))) == hash64(-(10**30))


@pytest.mark.parametrize("key", [object(), [1], {1}, {}, 1j, range(3), np.datetime64("2020"), np.array(1)])
def test_other_types_are_refused(key):
    for function in (hash64, _python.hash64):
        with pytest.raises(TypeError, match=f"keys must be .* not .*{type(key).__name__}"):
            function(key)
    with pytest.raises(TypeError, match="keys must be"):
        hash_keys([1, key])


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ("abc", TypeError),
        (b"abc", TypeError),
        (5, TypeError),
        (np.zeros((2, 2)), ValueError),
        (np.array(1), ValueError),
        (np.zeros(2, complex), TypeError),
        (np.zeros(2, "M8[s]"), TypeError),
        (np.ma.array([1, 2], mask=[0, 1]), ValueError),
    ],
)
def test_what_is_no_source_of_keys_is_refused(keys, kind):
    with pytest.raises(kind, match="keys"):
        hash_keys(keys)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range(seed):
    with pytest.raises(OverflowError):
        hash64(1, seed)


def test_deep_tuples_are_no_crash():
    key = ()
    for _ in range(100_000):
        key = (key,)
    with pytest.raises(RecursionError):
        hash64(key)


def test_a_list_that_shrinks_while_it_is_hashed():
    keys = list(range(1000))

    class Shrinking:
        def __iter__(self):
            while keys:
                yield keys.pop()

    assert len(hash_keys(Shrinking())) == 1000
    out = np.empty(3, np.uint64)
    with pytest.raises(ValueError, match="room"):
        _c.hash_keys([1, 2, 3, 4], 0, out)
    with pytest.raises(ValueError, match="room"):
        _c.hash_keys(np.arange(4), 0, out)


def test_the_same_in_another_process():
    code = "from perfpy.hashing import hash64; print(hash64(('x', 1.5, None, b'y')))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PERFPY_ISA": "baseline"},
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {f"{hash64(('x', 1.5, None, b'y'))}\n"}


def bits(hashes):
    return np.unpackbits(np.asarray(hashes, np.uint64).view(np.uint8).reshape(len(hashes), 8), axis=1)


@pytest.mark.parametrize("size", [1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 100])
def test_every_bit_of_a_string_changes_every_bit_of_the_hash(size):
    draw = random.Random(size)
    trials = 2000
    for bit in draw.sample(range(8 * size), min(8, 8 * size)):
        keys = [draw.randbytes(size) for _ in range(trials)]
        changed = [(int.from_bytes(key, "little") ^ 1 << bit).to_bytes(size, "little") for key in keys]
        # Short strings are few: with a seed for each trial they are different all the same.
        pairs = [[hash64(one, seed) for seed, one in enumerate(some)] for some in (keys, changed)]
        rates = np.mean(bits(pairs[0]) ^ bits(pairs[1]), axis=0)
        assert np.abs(rates - 0.5).max() < 6 * 0.5 / trials**0.5


@pytest.mark.parametrize("bit", range(0, 64, 3))
def test_every_bit_of_an_integer_changes_every_bit_of_the_hash(bit):
    trials = 20_000
    keys = np.random.default_rng(bit).integers(0, 2**64, trials, np.uint64)
    rates = np.mean(bits(hash_keys(keys)) ^ bits(hash_keys(keys ^ np.uint64(1 << bit))), axis=0)
    assert np.abs(rates - 0.5).max() < 6 * 0.5 / trials**0.5


@pytest.mark.parametrize(
    "keys",
    [
        np.arange(300_000),
        np.arange(300_000) << 40,
        -np.arange(1, 300_000),
        np.arange(300_000) + 0.5,
        [str(i) for i in range(300_000)],
        [(i, i) for i in range(300_000)],
        [f"{i:032d}" for i in range(300_000)],
    ],
    ids=["sequential", "shifted", "negative", "halves", "digits", "pairs", "long digits"],
)
def test_regular_keys_are_spread_evenly(keys):
    """The statistic of Pearson is normal for so many cells; no cut of the hash may be 6 deviations off."""
    hashes = hash_keys(keys)
    assert len(np.unique(hashes)) == len(hashes)
    cells = 4096
    for shift in range(0, 53, 13):
        counts = np.bincount((hashes >> np.uint64(shift) & np.uint64(cells - 1)).astype(int), minlength=cells)
        expected = len(hashes) / cells
        statistic = ((counts - expected) ** 2 / expected).sum()
        assert abs(statistic - (cells - 1)) < 6 * (2 * (cells - 1)) ** 0.5


def test_seeds_are_independent():
    keys = np.arange(100_000)
    rates = np.mean(bits(hash_keys(keys, 1)) ^ bits(hash_keys(keys, 2)), axis=0)
    assert np.abs(rates - 0.5).max() < 6 * 0.5 / len(keys) ** 0.5
