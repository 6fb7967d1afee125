import numpy as np
import pytest

from perfpy.lab.fingerprint import fingerprint


@pytest.mark.parametrize(
    "arguments",
    [
        {"x": np.arange(5.0), "n": 3},
        {"x": np.arange(10.0)[::2]},
        {"x": np.arange(6).reshape(2, 3).T},
        {"x": np.array(["a", None], dtype=object)},
        {"x": np.array(["2026-01-01"], dtype="datetime64[D]")},
        {"x": np.empty(0), "y": np.float64(2)},
        {"x": [np.zeros(2), np.ones(3)]},
        {"words": ["b", "a"], "c": 1 + 2j, "f": print},
    ],
)
def test_equal_before_and_after_a_look(arguments):
    assert fingerprint(arguments) == fingerprint(dict(arguments))


def test_one_element_changes_it():
    array, rows, words = np.zeros(1000), [np.zeros(3), np.zeros(4)], ["a"] * 100
    arguments = {"array": array[::7], "rows": rows, "words": words}
    seen = {fingerprint(arguments)}
    array[7] = 1e-300
    seen.add(fingerprint(arguments))
    rows[1][2] = 1
    seen.add(fingerprint(arguments))
    words[50] = "b"
    seen.add(fingerprint(arguments))
    assert len(seen) == 4


def test_dtype_and_shape_count():
    zeros = [np.zeros(4, np.int32), np.zeros(4, np.float32), np.zeros((2, 2), np.int32), [0, 0, 0, 0]]
    assert len({fingerprint({"x": value}) for value in zeros}) == 4
