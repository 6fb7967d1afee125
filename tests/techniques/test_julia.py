"""Julia sets: known answers, and every backend equal to the reference bit for bit."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

import perfpy
from perfpy import _build
from perfpy.techniques.julia._workloads import book_axes

TECHNIQUE = "julia"
BOOK = -0.62772 - 0.42193j
LARGEST = 2**31 - 1


def reference(x: ArrayLike, y: ArrayLike, c: complex, max_iterations: int) -> NDArray[np.int32]:
    return perfpy.julia(x, y, c=c, max_iterations=max_iterations, backend="python")


def assert_equal_to_reference(
    backend: str, x: ArrayLike, y: ArrayLike, c: complex, max_iterations: int
) -> None:
    result = perfpy.julia(x, y, c=c, max_iterations=max_iterations, backend=backend)
    np.testing.assert_array_equal(result, reference(x, y, c, max_iterations), err_msg=f"c={c!r}")


@pytest.mark.parametrize(
    ("points", "max_iterations", "total", "digest"),
    [
        (1000, 300, 33219980, "d4d605058135a3b1"),
        (500, 300, 8306884, "669293639f2a7b92"),
        (100, 100, 131532, "5f038ca660ee6122"),
        (1000, 1000, 103443302, "5281e443941b13e5"),
    ],
)
def test_known_answers(backend: str, points: int, max_iterations: int, total: int, digest: str) -> None:
    if backend == "python" and points > 500:
        pytest.skip("takes many seconds in pure Python")
    x, y = book_axes(points)
    counts = perfpy.julia(x, y, c=BOOK, max_iterations=max_iterations, backend=backend)
    assert counts.dtype == np.int32
    assert counts.sum(dtype=np.int64) == total
    assert hashlib.sha256(counts.astype("<i4").tobytes()).hexdigest()[:16] == digest


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_equal_to_reference_on_any_input(backend: str, data: st.DataObject) -> None:
    """Any axes in any order, any constant, non-finite and denormal ones among them."""
    near = st.floats(-2.1, 2.1)
    anything = st.one_of(
        near, near, near, st.floats(), st.sampled_from([0.0, -0.0, 2.0, -2.0, 5e-324, 1e308])
    )
    x = data.draw(st.lists(anything, min_size=1, max_size=12))
    y = data.draw(st.lists(anything, min_size=1, max_size=12))
    c = complex(data.draw(anything), data.draw(anything))
    assert_equal_to_reference(backend, x, y, c, data.draw(st.integers(0, 70)))


class TestEqualToReference:
    @pytest.mark.parametrize("seed", range(8))
    def test_random_grids(self, backend: str, seed: int) -> None:
        random = np.random.default_rng(seed)
        width, height = random.integers(1, 130, 2)
        c = complex(*random.uniform(-1.2, 1.2, 2))
        x, y = random.uniform(-2, 2, width), random.uniform(-2, 2, height)
        assert_equal_to_reference(backend, x, y, c, int(random.integers(1, 200)))

    @pytest.mark.parametrize(
        "c", [0j, -1 + 0j, -0.12 + 0.74j, 0.25 + 0j, 1j, -0.75 + 0.1j, -1.99 + 0j, -2 + 0j, 0.3j]
    )
    def test_symmetric_grids_with_cycles_of_every_kind(self, backend: str, c: complex) -> None:
        """Where a backend may use symmetry and proofs: attracting, neutral and repelling cycles."""
        axis = np.linspace(-1.7, 1.7, 65)
        assert_equal_to_reference(backend, axis, axis, c, 150)
        assert_equal_to_reference(backend, axis[:-1], axis, c, 37)

    @pytest.mark.parametrize("c", [BOOK, -0.12 + 0.74j, -0.7269 + 0.1889j])
    def test_dense_grids(self, backend: str, c: complex) -> None:
        """Tiles of neighbours that behave alike, on grids that are not symmetric."""
        x, y = np.linspace(-1.31, 0.47, 157), np.linspace(1.1, -0.23, 93)
        assert_equal_to_reference(backend, x, y, c, 120)

    def test_every_small_size(self, backend: str) -> None:
        """Edges of vectors and tiles: every width and height to 70, cut from one grid."""
        axis = np.linspace(-1.9, 1.8, 70)
        whole = reference(axis, axis[::-1], BOOK, 60)
        for size in range(1, 71):
            other = 1 + size * 37 % 70
            wide = perfpy.julia(axis[:size], axis[::-1][:other], c=BOOK, max_iterations=60, backend=backend)
            np.testing.assert_array_equal(wide, whole[:other, :size])
            tall = perfpy.julia(axis[:other], axis[::-1][:size], c=BOOK, max_iterations=60, backend=backend)
            np.testing.assert_array_equal(tall, whole[:size, :other])

    @pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (3, 2049), (2049, 2)])
    def test_long_thin_grids(self, backend: str, shape: tuple[int, int]) -> None:
        y, x = (np.linspace(-1.5, 1.5, size) if size > 3 else np.linspace(0, 0.2, size) for size in shape)
        assert_equal_to_reference(backend, x, y, BOOK, 50)

    @pytest.mark.parametrize("max_iterations", [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 299])
    def test_limits(self, backend: str, max_iterations: int) -> None:
        axis = np.linspace(-1.6, 1.6, 24)
        assert_equal_to_reference(backend, axis, axis, BOOK, max_iterations)
        assert_equal_to_reference(backend, axis, axis, -2.1 + 0j, max_iterations)

    def test_the_largest_limit(self, backend: str) -> None:
        axis = np.array([-1.5, 0.1, 0.9])  # every point escapes
        assert_equal_to_reference(backend, axis, axis, 0.5 + 0.5j, LARGEST)


class TestSubnormal:
    """Near the real axis, c real: chaos makes the last bit of the smallest numbers decide the counts."""

    x = np.linspace(-2.0, 2.0, 60)
    y = np.array([5e-324, 1e-323, 1.5e-323, -5e-324, 3e-320, 1e-310, 2.3e-308, 7e-200])

    def test_a_product_cannot_be_doubled_before_it_is_rounded(self) -> None:
        product = 0.3 * 5e-324
        assert product + product != (0.3 + 0.3) * 5e-324

    @pytest.mark.parametrize("c", [-2, -1.9, -1.8, complex(-2, 1e-320)])
    def test_equal(self, backend: str, c: complex) -> None:
        assert_equal_to_reference(backend, self.x, self.y, c, 1500)


class TestCircleOfRadiusTwo:
    """abs(z) < 2 is decided by hypot: x*x + y*y < 4 differs on a sixth of the points rounded onto it."""

    ANGLES = np.random.default_rng(2).uniform(0, 2 * math.pi, 400)

    def circle(self) -> NDArray[np.complex128]:
        z: NDArray[np.complex128] = 2 * np.exp(1j * self.ANGLES)
        return z

    def test_the_two_tests_do_differ_here(self) -> None:
        z = self.circle()
        by_square = z.real * z.real + z.imag * z.imag < 4
        by_abs = np.array([abs(value) < 2 for value in z.tolist()])
        assert (by_square != by_abs).sum() > 20

    def test_starts_on_it(self, backend: str) -> None:
        for z in self.circle()[:150].tolist():
            assert_equal_to_reference(backend, [z.real], [z.imag], 0.1 + 0.2j, 9)

    @pytest.mark.parametrize("steps", [1, 2, 3, 5, 9, 17, 23])
    def test_lands_on_it_later(self, backend: str, steps: int) -> None:
        random = np.random.default_rng(steps)
        c = 0.2 - 0.3j
        z = self.circle()[:60]
        for _ in range(steps):
            z = np.sqrt(z - c) * random.choice([-1, 1])
        for point in z.tolist():
            assert_equal_to_reference(backend, [point.real], [point.imag], c, 40)

    def test_stays_beside_it(self, backend: str) -> None:
        """The repelling fixed point 2 of z*z - 2: orbits that need hypot at every step, or return."""
        x = np.array(
            [2.0, -2.0, np.nextafter(2, 0), np.nextafter(-2, 0), np.nextafter(2, 3), 1.9999999999, 0.0]
        )
        for c in (-2, -2 - 1e-15, np.nextafter(-2, 0), -2.5, -1.9999999999):
            assert_equal_to_reference(backend, x, [0.0, -0.0, 5e-324, 1e-160, 1e-9], complex(c), 100)

    @pytest.mark.parametrize("c", [-2.5 + 0j, -3 + 0.5j, 2.2j, -6 + 0j])
    def test_orbits_that_come_back(self, backend: str, c: complex) -> None:
        """For |c| > 2 a point outside may return: its count is that of the first exit."""
        axis = np.linspace(-2.5, 2.5, 50)
        assert_equal_to_reference(backend, axis, axis, c, 30)


class TestMathematics:
    """Facts from the literature, independent of the reference."""

    def test_the_filled_julia_set_of_0_is_the_unit_disc(self, backend: str) -> None:
        axis = np.linspace(-1.99, 1.99, 60)
        counts = perfpy.julia(axis, axis, c=0j, max_iterations=64, backend=backend)
        radius = np.hypot(axis, axis[:, None])
        assert (counts[radius < 0.999] == 64).all()
        # |z| after n steps is |z0| ** (2 ** n): it escapes at the first n with 2 ** n >= log 2 / log |z0|.
        outside = (radius > 1.001) & (radius < 2)
        exact = np.ceil(np.log2(math.log(2) / np.log(radius[outside])))
        np.testing.assert_array_equal(counts[outside], np.maximum(exact, 0))
        assert (counts[radius >= 2.001] == 0).all()

    def test_the_julia_set_of_minus_2_is_a_segment(self, backend: str) -> None:
        x = np.linspace(-1.99, 1.99, 40)  # without 0, which goes to -2, 2 and so escapes
        counts = perfpy.julia(x, [-0.01, 0.0, 0.01], c=-2 + 0j, max_iterations=45, backend=backend)
        assert (counts[1] == 45).all()
        assert (counts[[0, 2]] < 45).all()

    def test_the_critical_orbit_of_i_never_escapes(self, backend: str) -> None:
        """0 -> i -> -1 + i -> -i -> -1 + i: exact in floating point."""
        assert perfpy.julia([0.0], [0.0], c=1j, max_iterations=100_000, backend=backend).item() == 100_000

    def test_the_basilica_swaps_0_and_minus_1(self, backend: str) -> None:
        counts = perfpy.julia([0.0, -1.0, 1.7, -1.7], [0.0], c=-1 + 0j, max_iterations=1000, backend=backend)
        assert counts.tolist()[0][:2] == [1000, 1000]
        assert max(counts.tolist()[0][2:]) < 1000

    def test_counts_are_symmetric_under_minus_z(self, backend: str) -> None:
        axis = np.linspace(-1.5, 1.5, 40)
        counts = perfpy.julia(axis, axis, c=BOOK, max_iterations=200, backend=backend)
        np.testing.assert_array_equal(counts, counts[::-1, ::-1])


def test_an_integer_axis_spans_the_square(backend: str) -> None:
    x = np.array([-1.8 + k * 3.6 / 70 for k in range(70)])
    y = np.array([1.8 - k * 3.6 / 50 for k in range(50)])
    counts = perfpy.julia(70, 50, c=BOOK, max_iterations=90, backend=backend)
    np.testing.assert_array_equal(counts, reference(x, y, BOOK, 90))


def test_axes_are_1000_points_by_default() -> None:
    assert perfpy.julia(y=1, max_iterations=1).shape == (1, 1000)
    assert perfpy.julia(x=1, max_iterations=1).shape == (1000, 1)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty_axes(backend: str, shape: tuple[int, int]) -> None:
    counts = perfpy.julia(shape[1], shape[0], backend=backend)
    assert counts.shape == shape
    assert counts.dtype == np.int32


EVERY_ISA = """
import os, hashlib, numpy as np, perfpy
def digests(backend):
    random = np.random.default_rng(5)
    for k in range(60):
        odd = [-2, 0, 0.25, 1e308, np.inf, np.nan][k // 3 % 6]
        c = complex(*random.uniform(-2.2, 2.2, 2)) if k % 3 else complex(odd)
        x, y = random.uniform(-2, 2, random.integers(1, 90)), random.uniform(-2, 2, random.integers(1, 40))
        x[random.integers(x.size)] = random.choice([2.0, np.nan, np.inf, 5e-324, -1e308])
        yield perfpy.julia(x, y, c=c, max_iterations=int(random.integers(0, 90)), backend=backend).tobytes()
print(hashlib.sha256(b"".join(digests(os.environ["BACKEND"]))).hexdigest())
"""


def run_every_isa(backend: str, isa: str) -> str:
    environment = {**os.environ, "PERFPY_ISA": isa, "BACKEND": backend}
    return subprocess.run(
        [sys.executable, "-c", EVERY_ISA], env=environment, capture_output=True, text=True, check=False
    ).stdout


@pytest.mark.parametrize("isa", _build.ISAS)
def test_every_instruction_set_on_odd_input(backend: str, isa: str) -> None:
    if not next(row for row in perfpy.backends("julia") if row.name == backend).isa:
        pytest.skip("the tool chooses the instructions itself")
    result = run_every_isa(backend, isa)
    if not result and isa != "baseline":
        pytest.skip(f"{isa} does not run here")
    assert result == run_every_isa("python", "")
