"""Messages: what comes back is what was sent, and what was not sent by perfpy does nothing."""

from __future__ import annotations

import json
import math
import os
import pickle
import struct
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from perfpy._container import pack
from perfpy.executors._queue import VOCABULARY
from perfpy.executors._sendable import found_piece, packed_piece, sendable_record
from perfpy.queues import RemoteTraceback, decode, encode, pack_error, unpack_error

DTYPES = st.one_of(
    arrays.boolean_dtypes(),
    arrays.integer_dtypes(endianness="?"),
    arrays.unsigned_integer_dtypes(endianness="?"),
    arrays.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
    arrays.complex_number_dtypes(sizes=(64, 128), endianness="?"),
    arrays.unicode_string_dtypes(max_len=5),
    arrays.byte_string_dtypes(max_len=5),
)
ARRAYS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0)))
ANY_INT = st.integers() | st.integers(-(2**63) - 1, 2**63) | st.integers(0, 2**2000)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    ANY_INT,
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters()),
    st.binary(),
    st.builds(slice, st.none() | st.integers(), ANY_INT, st.none() | st.integers()),
    st.builds(range, st.integers(-9, 9), st.integers(), st.integers(1, 10**6)),
    ARRAYS,
    ARRAYS.filter(lambda array: array.size > 0).map(lambda array: array.flat[0]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.text() | ANY_INT | st.tuples(st.text()), inner),
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, of the same types, NaN included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, np.generic):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, float):
        return (one == other and math.copysign(1, one) == math.copysign(1, other)) or one != one != other
    if isinstance(one, complex):
        return same((one.real, one.imag), (other.real, other.imag))
    return bool(one == other)


@given(VALUES)
@settings(max_examples=80, deadline=None)
def test_what_is_sent_comes_back(value: Any) -> None:
    assert same(decode(encode(value)), value)


def test_arrays_come_back_contiguous_and_can_be_changed() -> None:
    found = decode(encode(np.arange(12).reshape(3, 4)[::-1].T))
    np.testing.assert_array_equal(found, np.arange(12).reshape(3, 4)[::-1].T)
    assert found.flags.c_contiguous
    found[:] = 0


@pytest.mark.parametrize(
    "value",
    [
        object(),
        os.system,
        dict,
        lambda: None,
        {1, 2},
        (number for number in range(3)),
        np.array([object()]),
        np.zeros(2, [("a", "i4")]),
        np.datetime64("2026-11-22"),
        np.longdouble(1),
        1 << (1 << 27),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_sent_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="cannot be sent"):
        encode([value], VOCABULARY)


def test_values_may_not_be_nested_without_end() -> None:
    value: Any = None
    for _ in range(60):
        value = [value]
    with pytest.raises(ValueError, match="nested more than 50 deep"):
        encode(value)
    value.append(value)
    with pytest.raises(ValueError, match="nested more than 50 deep"):
        encode(value)


MESSAGES = [
    encode([1, {"a": (1.5, b"bytes")}, 2**70, np.arange(5.0)]),
    encode({"piece": "builtins:pow", "args": (2, 10), "kwargs": {}}),
    pack_error(KeyError("word")),
]


@given(st.sampled_from(MESSAGES), st.integers(0), st.binary(max_size=8), st.integers(0, 8))
@settings(max_examples=80, deadline=None)
def test_a_damaged_message_is_a_value_error(message: bytes, place: int, patch: bytes, cut: int) -> None:
    place %= len(message)
    damaged = message[:place] + patch + message[place + cut :]
    if damaged != message:
        with pytest.raises(ValueError, match="message"):
            decode(damaged, VOCABULARY)


def sealed(tree: Any, sections: bytes = b"") -> bytes:
    """Return a message whose sizes and checksum are right, whatever is in it."""
    text = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return b"".join(pack("message", {}, struct.pack("<Q", len(text)) + text + sections))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([*"tdrsifcbanx", "name", "z"]), inner, max_size=2),
        st.tuples(
            st.sampled_from(["<f8", "|O", "<U3", "<U999999999", "|b1", "<i4"]) | st.text(max_size=3),
            st.lists(st.integers(-2, 2**62), max_size=3),
            st.integers(-1, 200),
        ).map(lambda array: {"a": list(array)}),
    ),
    max_leaves=8,
)


@given(JSON, st.binary(max_size=100))
@settings(max_examples=150, deadline=None)
def test_a_forged_message_is_read_or_a_value_error(tree: Any, sections: bytes) -> None:
    try:
        found = decode(sealed(tree, sections), VOCABULARY)
    except ValueError:
        return
    assert same(decode(encode(found, VOCABULARY), VOCABULARY), found)


@pytest.mark.parametrize(
    "tree",
    [
        {"a": ["|O", [1], 0]},
        {"a": ["<f8", [2**61, 8], 0]},
        {"a": ["<f8", [-1], 0]},
        {"a": ["<f8", [1], 93]},
        {"a": ["<U0", [2**40], 0]},
        {"a": ["f8,f8", [1], 0]},
        {"b": [0, 2**62]},
        {"b": [-5, 3]},
        {"b": [True, True]},
        {"n": ["<f8", "00"]},
        {"n": ["<f8", "no hex"]},
        {"i": "99" * 10 + "z"},
        {"f": "1.0"},
        {"c": ["a", "b"]},
        {"r": [0, 1, 0]},
        {"r": [0, 1]},
        {"d": [[1]]},
        {"d": [[[], 1]]},
        {"name": "os:system"},
        {"name": "perfpy.executors._sendable:os"},
        {"name": "perfpy._sketch:Sketch.from_bytes"},
        {"name": "perfpy.executors._sendable:sendable"},
        {"x": ["builtins:object", None]},
        {"x": ["perfpy.techniques.pi._pieces:Piece", {"t": ["a", "b", "c"]}]},
        {"t": []} | {"b": []},
        {},
        {"unknown": 1},
        b"NaN",
        b"[1e999]",
        b"[" * 100_000,
        b'{"t":' * 1000 + b"[]" + b"}" * 1000,
        b"\xff",
    ],
    ids=lambda tree: str(tree)[:40],
)
def test_forgeries(tree: Any) -> None:
    with pytest.raises(ValueError, match="this message cannot be read"):
        decode(sealed(tree, bytes(100)), VOCABULARY)


@pytest.mark.parametrize("data", [b"", b"word", pickle.dumps(print), MESSAGES[0][:60], sealed(b"")[:-1]])
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(ValueError, match="message"):
        decode(data)


# Errors


def raised(error: Exception) -> BaseException:
    try:
        raise error
    except Exception as found:
        return unpack_error(pack_error(found))


class Own(Exception):
    """A type that nobody else knows."""


def test_errors_keep_type_arguments_and_traceback() -> None:
    from perfpy import BackendUnavailable

    error = raised(ValueError("word", 3, None))
    assert type(error) is ValueError
    assert error.args == ("word", 3, None)
    assert isinstance(error.__cause__, RemoteTraceback)
    assert "in raised\n" in str(error.__cause__)
    assert type(raised(BackendUnavailable("numba"))) is BackendUnavailable


def test_other_errors_say_what_they_were() -> None:
    error = raised(Own("word"))
    assert type(error) is RuntimeError
    assert "Own: word" in str(error)
    unsendable = raised(ValueError(object()))
    assert type(unsendable) is ValueError
    assert "object object" in str(unsendable)
    assert "ordinal" in str(raised(UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range")))


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        {"module": "os", "name": "system", "traceback": 1, "summary": ""},
        {"module": ["os"], "name": "x", "traceback": "", "summary": ""},
    ],
)
def test_what_is_no_error(said: Any) -> None:
    with pytest.raises(ValueError, match="no error that perfpy packed"):
        unpack_error(encode(said))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "exit"),
        ("builtins", "KeyboardInterrupt"),
        ("subprocess", "CalledProcessError"),
        ("perfpy._dispatch", "importlib"),
    ],
)
def test_a_forged_error_calls_nothing(module: str, name: str) -> None:
    head = {"module": module, "name": name, "traceback": "there", "summary": "what was said"}
    error = unpack_error(encode({**head, "args": ("true",)}))
    assert type(error) is RuntimeError
    assert str(error) == "what was said"


# What may be sent beyond that


class Pair(NamedTuple):
    first: int
    second: str


def test_records_are_checked_where_they_arrive() -> None:
    sendable_record(Pair, int, str)
    assert decode(encode([Pair(1, "a")], VOCABULARY), VOCABULARY) == [Pair(1, "a")]
    message = encode([Pair(1, b"a")], VOCABULARY)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Pair has other fields"):
        decode(message, VOCABULARY)
    with pytest.raises(ValueError, match="no type that may be sent"):
        decode(encode([Pair(1, "a")], VOCABULARY))


def test_functions_that_were_not_declared_are_refused_on_both_sides() -> None:
    with pytest.raises(TypeError, match="posix:system cannot be sent through a queue"):
        packed_piece(os.system, ("true",), {})
    with pytest.raises(PermissionError, match="no function that this worker runs"):
        found_piece("posix:system")
    with pytest.raises(PermissionError, match="no function that this worker runs"):
        found_piece(["builtins:pow"])
