"""``perfpy distinct`` and ``perfpy bloom`` as a shell user meets them."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

import perfpy

pytest.importorskip("click")

COMMAND = [sys.executable, "-P", "-m", "perfpy"]
WORDS = [f"word {i}" for i in range(1000)] + ["häh", ""]


def run(*arguments, given=b""):
    return subprocess.run([*COMMAND, *map(str, arguments)], input=given, capture_output=True, timeout=120)


def printed(*arguments, given=b"", status=0):
    process = run(*arguments, given=given)
    assert process.returncode == status, process.stderr
    assert process.stderr == b""
    return process.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "words").write_bytes("\n".join(WORDS).encode() + b"\n")
    with gzip.open(folder / "more.gz", "wb") as file:
        file.write(b"word 1\r\nanother\r\nbad \xff")
    return folder


def test_distinct(files):
    assert printed("distinct", given=b"a\nb\r\na\nc") == b"3\n"
    assert printed("distinct", "-", files / "words", given=b"a\nword 7\n") == b"1003\n"
    assert printed("distinct", files / "words", files / "more.gz", "--executor", "threads:2") == b"1004\n"
    assert printed("distinct", given=b"") == b"0\n"


def test_distinct_with_bounds(files):
    count, low, high = map(
        int, printed("distinct", files / "words", "--precision", 8, "--confidence", 0.9).split()
    )
    sketch = perfpy.hyperloglog([word.encode() for word in WORDS], precision=8)
    assert (count, low, high) == tuple(map(round, (sketch.count(), *sketch.confidence(0.9))))
    assert low < count < high


def test_build_and_query(files, tmp_path):
    made = tmp_path / "words.bloom"
    assert printed("bloom", "build", files / "words", "-o", made, "--error-rate", 1e-6) == b""
    assert (files / "words").read_bytes() == printed("bloom", "query", made, files / "words")
    some = "word 5\nstranger\r\nhäh\nother".encode()
    assert printed("bloom", "query", made, given=some) == "word 5\nhäh\n".encode()
    assert printed("bloom", "query", "--absent", made, "-", given=some) == b"stranger\nother\n"
    assert printed("bloom", "query", made, given=b"stranger\n", status=1) == b""
    loaded = perfpy.BloomFilter.load(made)
    assert loaded.contains(WORDS).all()
    assert 1002 <= loaded.capacity < 1100


def test_build_from_a_pipe(tmp_path):
    made = tmp_path / "words.bloom"
    options = ["--capacity", 100, "--layout", "classic", "--bytes"]
    assert printed("bloom", "build", "-o", made, *options, given=b"a\nb \xff\n") == b""
    assert perfpy.BloomFilter.load(made) == perfpy.bloom_filter(
        100, layout="classic", items=[b"a", b"b \xff"]
    )
    assert printed("bloom", "query", "--bytes", made, given=b"c\nb \xff") == b"b \xff\n"


def test_query_a_filter_that_grew(tmp_path):
    made = tmp_path / "grown.bloom"
    perfpy.bloom_filter(10, 1e-6, scalable=True, items=WORDS).save(made)
    assert printed("bloom", "query", made, given=b"word 999\nx\n") == b"word 999\n"


def test_an_answer_comes_before_the_input_ends(tmp_path):
    made = tmp_path / "words.bloom"
    perfpy.bloom_filter(10, items=["a"]).save(made)
    with subprocess.Popen(
        [*COMMAND, "bloom", "query", str(made)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"a\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"a\n"
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["distinct", "nothing here"], "nothing here"),
        (["distinct", "--precision", "3"], "precision must be from 4 to 24"),
        (["distinct", "--confidence", "2"], "level must be between 0 and 1"),
        (["distinct", "--executor", "thread"], "unknown executor 'thread'"),
        (["bloom", "build", "-o", "x.bloom"], "--capacity is needed"),
        (["bloom", "build", "-o", "no/such/place", "--capacity", "5"], "there is no directory"),
        (["bloom", "build", "-o", "x.bloom", "--capacity", "0"], "capacity must be from 1"),
        (["bloom", "build", "--capacity", "5"], "--output"),
        (["bloom", "query", "/dev/null"], "perfpy saved"),
    ],
)
def test_mistakes_are_one_line(arguments, words, tmp_path):
    process = subprocess.run(
        [*COMMAND, *arguments], input=b"", capture_output=True, timeout=120, cwd=tmp_path
    )
    assert process.returncode == 2
    assert process.stdout == b""
    assert words in process.stderr.decode()
    assert b"Traceback" not in process.stderr


def test_text_that_is_none(files, tmp_path):
    process = run("bloom", "build", "-o", tmp_path / "x.bloom", files / "more.gz")
    assert process.returncode == 2
    assert b"utf-8" in process.stderr
    assert b"Traceback" not in process.stderr
    assert not (tmp_path / "x.bloom").exists()


def test_a_closed_pipe_is_no_error(tmp_path):
    made, words = tmp_path / "words.bloom", tmp_path / "words"
    perfpy.bloom_filter(10, items=["a"]).save(made)
    words.write_bytes(b"a\n" * 2_000_000)
    process = subprocess.Popen(
        [*COMMAND, "bloom", "query", str(made), str(words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"a\n"
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()
