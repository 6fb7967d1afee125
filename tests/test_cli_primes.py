"""``perfpy primes`` as a shell user meets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import perfpy

pytest.importorskip("click")

COMMAND = [sys.executable, "-P", "-m", "perfpy", "primes"]


def run(*arguments, given=""):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], input=given, capture_output=True, text=True, timeout=120
    )


def printed(*arguments, given="", status=0):
    process = run(*arguments, given=given)
    assert process.returncode == status, process.stderr
    assert process.stderr == ""
    return process.stdout


def test_list():
    assert printed(20) == "2\n3\n5\n7\n11\n13\n17\n19\n"
    assert printed(95, 105) == "97\n101\n103\n"
    assert printed("list", 95, 105, "--backend", "python") == "97\n101\n103\n"
    assert printed("--backend", "numpy", 3) == "2\n"
    assert printed(24, 29) == ""


def test_every_number_of_digits():
    expected = perfpy.primes(1_500_000).tolist()
    assert printed("1.5e6") == "".join(f"{p}\n" for p in expected)


def test_up_to_64_bits():
    for middle in (10**9, 2**32, 10**19, 2**64 - 100):
        stop = min(middle + 100, 2**64)
        expected = perfpy.primes(middle - 100, stop).tolist()
        assert printed(middle - 100, stop).split() == list(map(str, expected))


@pytest.mark.parametrize("text", ["1e6", "1_000_000", "10**6", "10^6", "1000000", "1.0e6", "10**6+0"])
def test_numbers_as_people_write_them(text):
    assert printed("count", text) == "78498\n"


def test_count():
    assert printed("count", "1e12") == "37607912018\n"
    assert printed("count", "1e8", "100010000", "--executor", "threads:2") == "551\n"


def test_factor():
    assert printed("factor", 360, 1, 97) == "360: 2 2 2 3 3 5\n1:\n97: 97\n"
    assert printed("factor", given="12 35\n2**61-1\n") == (
        "12: 2 2 3\n35: 5 7\n2305843009213693951: 2305843009213693951\n"
    )


def test_test():
    assert printed("test", 7, "2**127-1") == f"7: prime\n{2**127 - 1}: prime\n"
    assert printed("test", 9, 7, status=1) == "9: not prime\n7: prime\n"


def test_nth_next_previous():
    assert printed("nth", 10_000) == "104729\n"
    assert printed("next", "2**64") == f"{2**64 + 13}\n"
    assert printed("previous", "2**64") == f"{2**64 - 59}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["count", "many"], "'many' is not a whole number"),
        (["1.5"], "'1.5' is not a whole number"),
        (["1e99999999"], "is not a whole number"),
        (["2**65"], "stop must be at most 2**64"),
        (["factor", "0"], "n must be from 1"),
        (["nth", "0"], "n must be from 1"),
        (["10", "--backend", "nunpy"], "did you mean 'numpy'"),
        (["count", "10", "--executor", "thread"], "unknown executor 'thread'"),
        (["10", "20", "30"], "unexpected extra argument"),
    ],
)
def test_mistakes_are_one_line(arguments, words):
    process = run(*arguments)
    assert process.returncode == 2
    assert process.stdout == ""
    assert words in process.stderr
    assert "Traceback" not in process.stderr


def test_a_closed_pipe_is_no_error():
    process = subprocess.Popen([*COMMAND, "1e10"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"2\n"
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()
