"""``perfpy trie`` as a shell user meets it."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

import perfpy

pytest.importorskip("click")

COMMAND = [sys.executable, "-P", "-m", "perfpy", "trie"]
WORDS = "pear\napple\n\npeach\néclair\npear\n"


def run(*arguments, given=b""):
    return subprocess.run([*COMMAND, *map(str, arguments)], input=given, capture_output=True, timeout=120)


def printed(*arguments, given=b"", status=0):
    process = run(*arguments, given=given)
    assert process.returncode == status, process.stderr
    assert process.stderr == b""
    return process.stdout.decode()


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    file = tmp_path_factory.mktemp("trie") / "words.trie"
    perfpy.trie(filter(None, WORDS.split("\n"))).save(file)
    return file


@pytest.mark.parametrize("layout", ["compact", "fast"])
def test_build(tmp_path, words, layout):
    source, output = tmp_path / "words.gz", tmp_path / "words.trie"
    source.write_bytes(gzip.compress(WORDS.encode()))
    assert printed("build", source, "-o", output, "--layout", layout) == ""
    assert perfpy.load_trie(output) == perfpy.load_trie(words)
    assert printed("build", source, "-", "-o", output, "--bytes", given=b"\xff\n") == ""
    assert list(perfpy.load_trie(output)) == [b"apple", b"peach", b"pear", "éclair".encode(), b"\xff"]


def test_query(words):
    assert printed("query", words, "pear", "pea", "éclair") == "2\tpear\n3\téclair\n"
    assert printed("query", words, given=b"apple\npea\n") == "0\tapple\n"
    assert printed("query", words, "pea", status=1) == ""


def test_prefix(words):
    assert printed("prefix", words, "pea") == "peach\npear\n"
    assert printed("prefix", words) == "apple\npeach\npear\néclair\n"
    assert printed("prefix", words, "x", status=1) == ""


def test_near_and_match(words):
    assert printed("near", words, "peer") == "pear\n"
    assert printed("near", words, "peer", "--distance", 3) == "peach\npear\n"
    assert printed("match", words, "p*[!r]") == "peach\n"
    assert printed("match", words, "z*", status=1) == ""


def test_keys_of_bytes_and_with_values(tmp_path):
    file = tmp_path / "words.trie"
    perfpy.trie({b"a\xff": 1, b"b": 2}).save(file)
    process = run("prefix", file, b"a\xff".decode("utf-8", "surrogateescape"))
    assert process.stdout == b"a\xff\n"
    assert printed("query", file, "b") == "1\tb\n"


def test_errors_are_one_line(tmp_path, words):
    for arguments in (
        ("query", tmp_path / "none", "a"),
        ("prefix", __file__, "a"),
        ("near", words, "a", "--distance", -1),
        ("build", tmp_path / "none", "-o", tmp_path / "out"),
        ("build", words, "-o", tmp_path / "no" / "out"),
    ):
        process = run(*arguments)
        assert process.returncode == 2
        assert len(process.stderr.splitlines()) == 1, process.stderr
