"""What every backend of every technique must do, whatever it computes."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import perfpy
from perfpy import _build, techniques

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from cases import CASES, Case

sys.path.pop(0)


@pytest.fixture
def case(technique: str) -> Case:
    return CASES[technique]


def expected(case: Case, **changes: Any) -> Any:
    return case.call("python", **changes)


def strided(array: np.ndarray) -> np.ndarray:
    return np.repeat(array, 3, axis=-1)[..., ::3]


def backwards(array: np.ndarray) -> np.ndarray:
    return array[::-1].copy()[::-1]


def swapped(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder())


def naming_its_order(array: np.ndarray) -> np.ndarray:
    """Return an array of native order whose dtype says so, as those made for files do; not contiguous."""
    return strided(array).view(array.dtype.newbyteorder("<" if sys.byteorder == "little" else ">"))


def read_only(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def misaligned(array: np.ndarray) -> np.ndarray:
    return np.frombuffer(b"\0" + array.tobytes(), array.dtype, offset=1).reshape(array.shape)


class Subclass(np.ndarray):
    pass


FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "list": np.ndarray.tolist,
    "tuple": lambda array: tuple(array.tolist()),
    "strided": strided,
    "backwards": backwards,
    "byte-swapped": swapped,
    "native order by name": naming_its_order,
    "read-only": read_only,
    "misaligned": misaligned,
    "float32": lambda array: array.astype(np.float32),
    "int64": lambda array: array.astype(np.int64),
    "uint8": lambda array: np.abs(array).astype(np.uint8),
    "subclass": lambda array: array.view(Subclass),
    "memoryview": lambda array: memoryview(array.data),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_array_gives_the_same(case: Case, backend: str, form: str) -> None:
    if not case.arrays:
        pytest.skip("the technique takes no arrays")
    plain = {name: np.abs(array) if form == "uint8" else array for name, array in case.arrays.items()}
    formed = {name: FORMS[form](array) for name, array in case.arrays.items()}
    np.testing.assert_array_equal(case.call(backend, **formed), expected(case, **plain))


def test_inputs_are_not_modified(case: Case, backend: str) -> None:
    copies = {name: array.copy() for name, array in case.arrays.items()}
    case.call(backend)
    for name, copy in copies.items():
        np.testing.assert_array_equal(case.arrays[name], copy, err_msg=name)


def test_calls_do_not_depend_on_each_other(case: Case, backend: str) -> None:
    first = case.call(backend)
    kept = deepcopy(first)
    case.function(**case.workload(), backend=backend)
    second = case.call(backend)
    if isinstance(first, np.ndarray):
        assert second is not first
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(second, kept)


def test_empty(case: Case, backend: str) -> None:
    if not case.empty:
        pytest.skip("the result is never empty")
    result, reference = case.call(backend, **case.empty), expected(case, **case.empty)
    assert result.size == 0
    assert (result.shape, result.dtype) == (reference.shape, reference.dtype)


def test_workload(case: Case, technique: str, backend: str) -> None:
    result = case.function(**case.workload(), backend=backend)
    reference = case.function(**case.workload(), backend="python")
    bound = techniques.find(technique).table[backend].traits.bound
    if bound:
        np.testing.assert_allclose(result, reference, rtol=0, atol=bound * np.abs(reference).max())
    else:
        np.testing.assert_array_equal(result, reference)


class TestOut:
    @pytest.fixture(autouse=True)
    def _only_where_there_is_out(self, case: Case) -> None:
        if not case.out:
            pytest.skip("the technique has no out=")

    def test_is_returned_and_filled(self, case: Case, backend: str) -> None:
        reference = expected(case)
        out = np.full_like(reference, 77)
        assert case.call(backend, out=out) is out
        np.testing.assert_array_equal(out, reference)

    @pytest.mark.parametrize("layout", ["strided", "Fortran", "backwards", "misaligned", "subclass"])
    def test_any_layout_is_filled_and_nothing_around_it(self, case: Case, backend: str, layout: str) -> None:
        reference = expected(case)
        width = reference.shape[-1]
        if layout == "misaligned":
            memory = np.full(reference.nbytes + 2, 77, np.uint8)
            out = np.frombuffer(memory.data[1:-1], reference.dtype).reshape(reference.shape)
            outside = memory[[0, -1]]
        else:
            memory = np.full((*reference.shape[:-1], 2 * width), 77, reference.dtype)
            outside = memory[..., 1::2] if layout in ("strided", "subclass") else memory[..., width:]
            out = {
                "strided": memory[..., ::2],
                "subclass": memory[..., ::2].view(Subclass),
                "backwards": memory[..., width - 1 :: -1],
                "Fortran": np.asfortranarray(memory[..., :width]),
            }[layout]
        assert case.call(backend, out=out) is out
        np.testing.assert_array_equal(out, reference)
        assert (outside == 77).all()

    def test_native_order_by_name(self, case: Case, backend: str) -> None:
        reference = expected(case)
        named = naming_its_order(np.zeros_like(reference)).dtype
        out = np.zeros(reference.shape, reference.dtype).view(named)
        assert case.call(backend, out=out) is out
        np.testing.assert_array_equal(out, reference)

    def test_a_contiguous_subclass(self, case: Case, backend: str) -> None:
        reference = expected(case)
        out = np.zeros_like(reference).view(Subclass)
        assert case.call(backend, out=out) is out
        np.testing.assert_array_equal(np.asarray(out), reference)

    def test_may_overlap_the_input(self, case: Case, backend: str) -> None:
        reference = expected(case)
        name, array = max(case.arrays.items(), key=lambda item: item[1].nbytes)
        memory = np.zeros(max(reference.nbytes, array.nbytes) // 8 + 2)
        shared = memory[1 : 1 + array.size].reshape(array.shape)
        shared[...] = array
        out = memory.view(reference.dtype)[: reference.size].reshape(reference.shape)
        case.call(backend, **{name: shared}, out=out)
        np.testing.assert_array_equal(out, reference)

    def test_what_does_not_fit_is_refused(self, case: Case, backend: str) -> None:
        good = expected(case)
        locked = read_only(good)
        wrong = [
            (good.astype(np.float32), TypeError, "dtype"),
            (swapped(good), TypeError, "byte order"),
            (good.tolist(), TypeError, "list"),
            (good.reshape(-1), ValueError, "shape"),
            (good[..., :-1], ValueError, "shape"),
            (locked, ValueError, "read-only"),
        ]
        for out, kind, words in wrong:
            with pytest.raises(kind, match=words):
                case.call(backend, out=out)
        np.testing.assert_array_equal(locked, good)


def test_exceptions_are_those_of_the_reference(case: Case, backend: str) -> None:
    for changes, kind in case.bad:
        messages = []
        for name in ("python", backend):
            with pytest.raises(kind) as caught:
                case.call(name, **changes)
            assert caught.type is kind
            messages.append(str(caught.value).replace(repr(name), "NAME"))
        assert messages[0] == messages[1]
        argument = next(iter(changes))
        assert messages[0].startswith(argument), messages[0]


@pytest.mark.parametrize("technique", CASES)
def test_unknown_backend(technique: str) -> None:
    with pytest.raises(ValueError, match=r"unknown backend 'pyton'.*did you mean 'python'"):
        CASES[technique].call("pyton")


def test_every_technique_has_a_case() -> None:
    assert set(CASES) == {row.technique for row in perfpy.backends()}


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def growth(call: Callable[[], object], count: int) -> tuple[int, int]:
    """Return how many blocks of Python's and bytes of the process many calls keep.

    The smallest growth of three attempts: a leak shows in each, a cache or a thread that grows does not.
    """
    found = []
    for _ in range(3):
        gc.collect()
        blocks, resident = sys.getallocatedblocks(), resident_bytes()
        for _ in range(count):
            call()
        gc.collect()
        found.append((sys.getallocatedblocks() - blocks, resident_bytes() - resident))
        if found[-1][0] < count // 10 and found[-1][1] < 50 * count:
            break
    return min(blocks for blocks, _ in found), min(resident for _, resident in found)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_ten_thousand_calls_leak_nothing(case: Case, backend: str) -> None:
    case.call(backend)
    gc.collect()  # tracebacks of earlier tests may refer to the arrays
    references = [sys.getrefcount(array) for array in case.arrays.values()]
    blocks, resident = growth(lambda: case.call(backend), 10_000)
    assert [sys.getrefcount(array) for array in case.arrays.values()] == references
    assert blocks < 1000
    if _build.SANITIZE in ("", "none"):  # a sanitizer keeps freed memory for a while
        assert resident < 500_000


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_failed_calls_leak_nothing(case: Case, backend: str) -> None:
    def call() -> None:
        for changes, kind in case.bad:  # without `pytest.raises`, which takes longer than most calls
            try:
                case.call(backend, **changes)
            except kind:
                continue
            raise AssertionError(f"{changes} should be refused")

    call()
    assert growth(call, 1000)[0] < 500  # numpy keeps some of what it makes arrays into text with


def test_threads_calling_at_once(case: Case, backend: str) -> None:
    reference = case.function(**case.workload(), backend=backend)
    small = expected(case)

    def work(index: int) -> bool:
        if index % 2:
            return np.array_equal(case.call(backend), small)
        return np.array_equal(case.function(**case.workload(), backend=backend), reference)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(16)))
