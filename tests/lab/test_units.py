import math

import pytest

from perfpy.lab import units


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ns"),
        (3.21e-9, "3.21 ns"),
        (999.7e-6, "1.00 ms"),
        (4.2149e-3, "4.21 ms"),
        (0.5211, "521 ms"),
        (1.0, "1.00 s"),
        (61.04, "61.0 s"),
        (12345.0, "12,300 s"),
        (None, ""),
    ],
)
def test_time(seconds, text):
    assert units.time(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (64 * 2**20, "64.0 MiB"),
        (3 * 2**30, "3.00 GiB"),
        (None, ""),
    ],
)
def test_memory(size, text):
    assert units.memory(size) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(9.999, "10.0"), (99.96, "100"), (0.0123456, "0.0123"), (1234567, "1,230,000"), (math.inf, "inf")],
)
def test_three_digits(value, text):
    assert units.three(value) == text


def test_ticks_have_no_empty_digits():
    assert units.time_tick(1e-3) == "1 ms"
    assert units.time_tick(0.1) == "100 ms"
    assert units.memory_tick(1536 * 2**10) == "1.5 MiB"


def test_difference():
    assert [units.difference(value) for value in (None, 0.0, 7.0, 1.234e-9)] == ["", "0", "7", "1.2e-09"]
