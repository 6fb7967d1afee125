"""Lines of files as keys are those that a file gives that is open for text."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy import _lines

draw = random.Random(3)
TEXT = "".join(
    draw.choice(["spam", "häh", "x" * 40, str(draw.random()), ""]) + draw.choice(["\n", "\r\n", "\n", "\r"])
    for _ in range(20_000)
)


def made(source, **options):
    filter_ = perfpy.bloom_filter(20_000, 1e-6)
    filter_.update_from_lines(source, **options)
    return filter_


def expected(text):
    lines = [line.removesuffix("\n") for line in io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")]
    return perfpy.bloom_filter(20_000, 1e-6, items=lines)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("lines") / "text.txt"
    path.write_bytes(TEXT.encode())
    return path


@pytest.fixture(autouse=True)
def many_blocks(monkeypatch):
    monkeypatch.setattr(_lines, "_BLOCK", 5000)
    monkeypatch.setattr(_lines, "_PART", 70_000)


@pytest.mark.parametrize("executor", [None, "threads:2", "processes:2"])
def test_files(path, tmp_path, executor):
    whole = expected(TEXT)
    assert made(path, executor=executor) == whole
    assert made(str(path), executor=executor) == whole
    for suffix, module in ((".gz", gzip), (".bz2", bz2), (".xz", lzma)):
        packed = tmp_path / f"text{suffix}"
        with module.open(packed, "wb") as file:
            file.write(TEXT.encode())
        assert made(packed, executor=executor) == whole
    (tmp_path / "first").write_bytes(TEXT[:1000].encode() + b"\n")
    (tmp_path / "second").write_bytes(TEXT[1000:].encode())
    assert made([tmp_path / "first", tmp_path / "second"], executor=executor) == expected(
        TEXT[:1000] + "\n" + TEXT[1000:]
    )
    assert not made([], executor=executor)


def test_open_files(path):
    with path.open("rb") as file:
        assert made(file) == expected(TEXT)
        assert file.read() == b""
    assert made(io.BytesIO(TEXT.encode()), executor="threads:2") == expected(TEXT)
    with path.open("rb") as file, pytest.raises(ValueError, match="need its path"):
        made(file, executor="processes:2")


def test_a_pipe():
    read, write = os.pipe()
    with open(write, "wb") as end:  # noqa: PTH123  # a descriptor
        writer = threading.Thread(target=lambda: (end.write(TEXT.encode()), end.close()))
        writer.start()
        with open(read, "rb") as file:  # noqa: PTH123
            assert made(file) == expected(TEXT)
        writer.join()


def test_bytes(path):
    whole = perfpy.bloom_filter(20_000, 1e-6, items=TEXT.encode().splitlines())
    assert made(path, encoding=None) == whole
    assert made(path, encoding=None, executor="processes:2") == whole


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "UTF8"])
def test_encodings(tmp_path, encoding):
    file = tmp_path / "text"
    file.write_bytes(TEXT.encode(encoding))
    for executor in (None, "threads:2", "processes:2"):
        assert made(file, encoding=encoding, executor=executor) == expected(TEXT)


@given(
    st.lists(st.sampled_from(["a", "\n", "\r", "\r\n", "bc", "ä", "long" * 5])).map("".join),
    st.integers(1, 9),
)
@settings(max_examples=100)
def test_blocks_of_any_size(text, size):
    before, _lines._BLOCK = _lines._BLOCK, size
    try:
        keys = [key for batch in _lines.batches(io.BytesIO(text.encode()), "utf-8") for key in batch]
    finally:
        _lines._BLOCK = before
    assert keys == [line.removesuffix("\n") for line in io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")]


def test_parts_of_any_size(tmp_path, monkeypatch):
    text = TEXT[:3000]
    file = tmp_path / "text"
    file.write_bytes(text.encode())
    for size in (1, 7, 100, 10_000):
        monkeypatch.setattr(_lines, "_PART", size)
        parts = list(_lines.parts(file, "utf-8"))
        found = [key for part in parts for batch in _lines.batches_of_part(part, "utf-8") for key in batch]
        wanted = [line.removesuffix("\n") for line in io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")]
        assert found == wanted
        assert parts[-1].stop == len(text.encode())
    assert len(parts) == 1


def test_what_is_damaged_or_missing(tmp_path):
    file = tmp_path / "text"
    file.write_bytes(b"good\nbad \xff\n")
    with pytest.raises(UnicodeDecodeError) as caught:
        made(file)
    assert str(file) in caught.value.__notes__[0]
    with pytest.raises(UnicodeDecodeError):
        made(file, encoding="ascii")
    assert b"bad \xff" in made(file, encoding=None)
    with pytest.raises(FileNotFoundError):
        made(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        made(tmp_path / "nothing", executor="processes:2")
    (tmp_path / "no.gz").write_bytes(b"plain")
    with pytest.raises(OSError, match="gzip"):
        made(tmp_path / "no.gz")


def test_what_is_no_source(path):
    with path.open() as file, pytest.raises(TypeError, match="binary mode"):
        made(file)
    for source in (5, b"path", None):
        with pytest.raises(TypeError, match="source must be"):
            made(source)
    with pytest.raises(ValueError, match="encoding"):
        made(path, encoding="utf-ate")
    with pytest.raises(TypeError, match="encoding"):
        made(path, encoding=8)


def test_other_structures(path):
    lines = set(TEXT.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1])
    counted = perfpy.hyperloglog(precision=18)
    counted.update_from_lines(path, executor="threads:2")
    assert counted.count() == len(lines)
    grown = perfpy.bloom_filter(10, scalable=True)
    grown.update_from_lines(path)
    assert grown.contains(list(lines)).all()
    lengths = perfpy.hyperloglog(key=len)
    lengths.update_from_lines(path)
    assert lengths.count() == len(set(map(len, lines)))
