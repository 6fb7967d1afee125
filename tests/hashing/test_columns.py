"""Keys that come as Arrow data, and lines: the same as their objects; what is damaged is refused."""

from __future__ import annotations

import errno
import gc
import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy._ext.hashing._c import Column
from perfpy.hashing import _inputs, _python, hash_keys

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from arrow_capsules import Chunks, Producer

sys.path.pop(0)

TEXTS = ["", "a", None, "spam" * 10, "x" * 16, "häh" * 7, "y" * 17, "0123456789ab", "0123456789abc"] * 70


def expected(keys):
    known = {}
    return [known.setdefault((type(key), key), _python.hash64(key, 3)) for key in keys]


def check(source, keys):
    assert hash_keys(source, 3).tolist() == expected(keys)


def packed(bits):
    return np.packbits(np.array(list(bits), bool), bitorder="little").tobytes()


def strings(texts, width=4, offset=0):
    """Return texts as an array of Arrow that begins at a later element."""
    data = [(text or "").encode() for text in texts]
    ends = np.cumsum([0, *map(len, data)]).astype(f"i{width}")
    valid = packed(text is not None for text in texts)
    format_ = b"u" if width == 4 else b"U"
    return Producer(format_, len(texts) - offset, [valid, ends.tobytes(), b"".join(data)], offset=offset)


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("offset", [0, 1, 9, 600])
def test_strings(width, offset):
    producer = strings(TEXTS, width, offset)
    check(producer, TEXTS[offset:])
    assert producer.released == 1


@given(st.lists(st.none() | st.text(max_size=40)), st.integers(0, 5))
@settings(max_examples=60)
def test_any_strings(texts, offset):
    offset = min(offset, len(texts))
    check(strings(texts, 4, offset), texts[offset:])


@pytest.mark.parametrize("letter", "cCsSiIlLefg")
def test_numbers(letter):
    dtype = np.dtype(
        {**dict(zip("cCsSiIlL", "bBhHiIqQ", strict=True)), **dict(zip("efg", "efd", strict=True))}[letter]
    )
    array = np.random.default_rng(1).integers(0, 256, 700 * dtype.itemsize, np.uint8).view(dtype)
    array[:4] = 0, 1, 100, 7
    valid = np.random.default_rng(2).random(700) < 0.8
    producer = Producer(letter.encode(), 690, [packed(valid), array.tobytes()], offset=10)
    with np.errstate(invalid="ignore"):
        objects = [float(x) if dtype.kind == "f" else int(x) for x in array]
    keys = [key if there else None for key, there in zip(objects, valid, strict=True)][10:]
    assert hash_keys(producer, 3).tolist() == [_python.hash64(key, 3) for key in keys]


def test_numbers_that_are_not_aligned():
    data = b"?" + np.arange(1000).astype("<i8").tobytes()
    producer = Producer(b"l", 1000, [None, data])
    producer._pointers[1] += 1
    check(producer, range(1000))


def test_booleans_and_nulls():
    bits = [True, False, True, True] * 300
    data = packed(bits)
    check(Producer(b"b", 1195, [None, data], offset=5), bits[5:])
    check(Producer(b"b", 1195, [data, data], offset=5), [bit or None for bit in bits[5:]])
    check(Producer(b"n", 7, []), [None] * 7)


def test_bytes_of_one_size():
    check(Producer(b"w:3", 3, [None, b"abcdefghijkl"], offset=1), [b"def", b"ghi", b"jkl"])
    check(Producer(b"w:17", 2, [None, b"a" * 17 + b"b" * 17]), [b"a" * 17, b"b" * 17])
    check(Producer(b"w:0", 2, [None, None]), [b"", b""])
    check(Producer(b"z", 2, [None, struct.pack("<iii", 0, 1, 1), b"\xff"]), [b"\xff", b""])
    check(Producer(b"Z", 1, [None, struct.pack("<qq", 0, 0), None]), [b""])


def views(texts):
    """Return an array of views with two buffers of data."""
    buffers = [bytearray(), bytearray()]
    made = b""
    for i, text in enumerate(texts):
        data = (text or "").encode()
        if len(data) <= 12:
            made += struct.pack("<i12s", len(data), data)
        else:
            buffer = buffers[i % 2]
            made += struct.pack("<i4sii", len(data), data[:4], i % 2, len(buffer))
            buffer += data
    sizes = struct.pack("<qq", *map(len, buffers))
    valid = packed(text is not None for text in texts)
    return [valid, made, *map(bytes, buffers), sizes]


def test_views():
    check(Producer(b"vu", len(TEXTS) - 3, views(TEXTS), offset=3), TEXTS[3:])
    as_bytes = [text if text is None else text.encode() for text in TEXTS]
    check(Producer(b"vz", len(TEXTS), views(TEXTS)), as_bytes)


def test_views_of_nothing_may_hold_anything():
    nonsense = struct.pack("<iiii", 1 << 30, 0, 77, -5)
    check(Producer(b"vu", 2, [b"\0", nonsense * 2, struct.pack("<q", 0)]), [None, None])


@pytest.mark.parametrize("letter", "cCsSiIlL")
def test_dictionaries(letter):
    dtype = dict(zip("cCsSiIlL", "bBhHiIqQ", strict=True))[letter]
    indexes = np.array([2, 0, 1, 2, 3] * 200, dtype)
    words = strings(["zero", "a", "b", None, "c" * 20], offset=1)
    valid = packed([1, 1, 1, 0, 1] * 200)
    producer = Producer(letter.encode(), 999, [valid, indexes.tobytes()], offset=1, dictionary=words)
    check(producer, ([None, "a", "b", None, "c" * 20] * 200)[1:])
    assert (producer.released, words.released) == (1, 0)  # whose release is the array's affair


def test_chunks():
    parts = [TEXTS[:1], TEXTS[1:600], [], TEXTS[600:]]
    producers = [strings(part) for part in parts]
    stream = Chunks(*producers)
    column = Column(stream)
    assert stream.released == 1
    assert list(column) == TEXTS
    assert list(column[3:-3][1:]) == TEXTS[4:-3]
    check(column[590:620], TEXTS[590:620])
    check(column[5:5], [])
    part = column[600:]
    del column
    assert [producer.released for producer in producers] == [0] * 4
    check(part, TEXTS[600:])
    del part
    gc.collect()
    assert [producer.released for producer in producers] == [1] * 4


def test_a_stream_that_fails():
    first = strings(TEXTS)
    for number, kind in ((errno.EINVAL, ValueError), (errno.ENOMEM, MemoryError), (errno.EIO, OSError)):
        with pytest.raises(kind, match="out of paper"):
            Column(Chunks(strings(TEXTS), error=number))
    with pytest.raises(OSError):
        Column(Chunks(first, error=errno.EIO))
    assert first.released == 1


def test_what_was_taken_already():
    producer = strings(TEXTS)
    Column(producer)
    with pytest.raises(ValueError, match="taken by somebody else"):
        Column(producer)
    stream = Chunks(strings(TEXTS))
    Column(stream)
    with pytest.raises(ValueError, match="taken by somebody else"):
        Column(stream)


def test_what_is_no_capsule():
    class Wrong:
        def __init__(self, result):
            self.result = result

        def __arrow_c_array__(self, requested_schema=None):
            return self.result

    for result in (1, (1,), (1, 2), strings([]).__arrow_c_array__()[::-1]):
        with pytest.raises((TypeError, ValueError)):
            hash_keys(Wrong(result))


THIRTY = struct.pack("<q", 30)
DAMAGED = {
    "length": Producer(b"l", -1, [None, bytes(8)]),
    "offset": Producer(b"l", 1, [None, bytes(8)], offset=-1),
    "overflow": Producer(b"l", 2**62, [None, bytes(8)], offset=2**62),
    "buffers": Producer(b"l", 1, [None]),
    "missing": Producer(b"l", 1, [None, None]),
    "missing bits": Producer(b"b", 1, [None, None]),
    "missing offsets": Producer(b"u", 1, [None, None, b"a"]),
    "missing data": Producer(b"u", 1, [None, struct.pack("<ii", 0, 1), None]),
    "descending": Producer(b"u", 2, [None, struct.pack("<iii", 0, 3, 2), b"abc"]),
    "negative": Producer(b"u", 1, [None, struct.pack("<ii", -1, 1), b"abc"]),
    "descending, large": Producer(b"U", 2, [None, struct.pack("<qqq", 0, 3, -(2**63)), b"abc"]),
    "view's size": Producer(b"vu", 1, [None, struct.pack("<iiii", -1, 0, 0, 0), struct.pack("<q", 5)]),
    "view's buffer": Producer(b"vu", 1, [None, struct.pack("<iiii", 20, 0, 0, 0), b""]),
    "view's offset": Producer(b"vu", 1, [None, struct.pack("<iiii", 20, 0, 0, -1), bytes(30), THIRTY]),
    "view's end": Producer(b"vu", 1, [None, struct.pack("<iiii", 20, 0, 0, 11), bytes(30), THIRTY]),
    "index": Producer(b"c", 1, [None, b"\x02"], dictionary=strings(["a", "b"])),
    "negative index": Producer(b"c", 1, [None, b"\xff"], dictionary=strings(["a", "b"])),
    "dictionary": Producer(
        b"c", 1, [None, b"\0"], dictionary=Producer(b"u", 1, [None, struct.pack("<ii", 2, 1), b"abc"])
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_arrays_are_refused(case):
    with pytest.raises(ValueError, match="damaged"):
        hash_keys(DAMAGED[case])
    assert DAMAGED[case].released == 1


@pytest.mark.parametrize(
    "format_", [b"+l", b"+s", b"tdD", b"tss:", b"d:10,2", b"w:x", b"w:-1", b"", b"+r", b"uu"]
)
def test_other_formats_are_named(format_):
    producer = Producer(format_, 1, [None, bytes(8)])
    with pytest.raises(TypeError, match=f"'{format_.decode()}'".replace("+", r"\+")):
        hash_keys(producer)
    assert producer.released == 0  # it is still the producer's
    indexes = Producer(b"c", 1, [None, b"\0"], dictionary=producer)
    with pytest.raises(TypeError, match=f"'{format_.decode()}'".replace("+", r"\+")):
        hash_keys(indexes)


def test_extension_types_are_named():
    def pair(key, value):
        return b"".join(struct.pack("<i", len(part)) + part for part in (key, value))

    name = struct.pack("<i", 2) + pair(b"a", b"b") + pair(b"ARROW:extension:name", b"my.type")
    with pytest.raises(TypeError, match=r"my\.type"):
        hash_keys(Producer(b"l", 1, [None, bytes(8)], metadata=name))
    other = struct.pack("<i", 1) + pair(b"a", b"b")
    check(Producer(b"l", 1, [None, bytes(8)], metadata=other), [0])


def test_column_is_a_sequence():
    column = Column(strings(["a", None, "b"]))
    assert len(column) == 3
    assert (column[0], column[-1], column[1]) == ("a", "b", None)
    for index in (3, -4, 2**70):
        with pytest.raises(IndexError):
            column[index]
    with pytest.raises(ValueError, match="contiguous"):
        column[::2]
    with pytest.raises(TypeError):
        column["a"]


@pytest.mark.parametrize("backend", ["python", "numpy", "c"])
def test_every_structure_takes_columns(backend):
    words = perfpy.bloom_filter(1000, items=strings(TEXTS), backend=backend)
    assert words == perfpy.bloom_filter(1000, items=TEXTS)
    assert words.contains(strings(TEXTS)).all()
    assert None in words
    assert perfpy.hyperloglog(strings(TEXTS), backend=backend).count() == 9

    grown = perfpy.bloom_filter(2, items=strings(TEXTS), scalable=True, backend=backend)
    assert grown.contains(strings(TEXTS)).all()


def test_without_the_extension(monkeypatch):
    monkeypatch.setattr(_inputs, "_column_type", lambda: ())

    class Listed:
        def to_pylist(self):
            return ["a", None]

        def __arrow_c_array__(self, requested_schema=None):
            raise AssertionError

    check(Listed(), ["a", None])


TEXT_WITH_ENDS = st.lists(st.sampled_from(["a", "\n", "\r", "\r\n", "bc", "ä", "long" * 5])).map("".join)


@given(TEXT_WITH_ENDS)
@settings(max_examples=100)
def test_lines_are_those_of_a_text_file(text):
    data = text.encode()
    wanted = [line.rstrip("\n") for line in io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")]
    column = Column.lines(data, True)
    assert list(column) == wanted
    check(column, wanted)
    as_bytes = Column.lines(data, False)
    assert list(as_bytes) == data.splitlines()
    check(as_bytes, data.splitlines())


def test_pyarrow():
    pa = pytest.importorskip("pyarrow")
    kinds = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
    for kind in kinds:
        array = pa.array(TEXTS).cast(kind) if pa.types.is_dictionary(kind) else pa.array(TEXTS, kind)
        check(array, TEXTS)
        check(array[3:500], TEXTS[3:500])
        check(pa.chunked_array([array[1:5], array[:0], array[5:]]), TEXTS[1:])
    check(pa.array([1.5, None, 2.0]), [1.5, None, 2])
    with pytest.raises(TypeError, match="nested"):
        hash_keys(pa.table({"a": [1]}))


def test_polars():
    pl = pytest.importorskip("polars")
    check(pl.Series(TEXTS), TEXTS)
    check(pl.Series(TEXTS, dtype=pl.Categorical)[7:], TEXTS[7:])
    check(pl.Series([1, None, 3])[1:], [None, 3])
    check(pl.Series([True, None]), [True, None])


def test_pandas():
    pd = pytest.importorskip("pandas")
    check(pd.Series([1, 2, 3]), [1, 2, 3])
    assert hash_keys(pd.Series([1, float("nan")])).tolist() == hash_keys([1, float("nan")]).tolist()
    check(pd.Index(["a", "b"], dtype=object), ["a", "b"])
    pa = pytest.importorskip("pyarrow")
    for kind in ("string[pyarrow]", pd.ArrowDtype(pa.string())):
        check(pd.Series(TEXTS, dtype=kind), TEXTS)
        check(pd.Series(TEXTS, dtype=kind)[::2], TEXTS[::2])
    check(pd.Series([1, None, 3], dtype="Int64"), [1, None, 3])
