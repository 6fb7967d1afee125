"""Escape counts as a picture: several samples per pixel, bands blended into each other, the interior dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from perfpy import _colors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perfpy._colors import Light

    Axis = NDArray[np.float64]
    Painter = Callable[["NDArray[np.int32]", Axis, Axis, complex, int, int], NDArray[np.uint8]]

_HALF_WIDTH = 1.8  # of the view at zoom 1, along the shorter side
_INTERIOR = (0.10, 0.0, -0.02)
_SHADES = 1024
_BLENDING = 24_000_000  # steps of the iteration that blending may take: about a quarter of a second
_BEYOND = 4  # steps beyond |z| = 2, after which the potential is known to a thousandth of a band


def view(width: int, height: int, center: complex, zoom: float, samples: int) -> tuple[Axis, Axis]:
    """Return the columns and rows of a picture with square pixels, `samples` of each per pixel."""
    if not (zoom > 0 and np.isfinite(zoom)):
        raise ValueError(f"zoom must be a number above 0, not {zoom}")
    step = 2 * _HALF_WIDTH / (zoom * min(width, height) * samples)
    # Symmetric around the centre to the last bit, of which kernels make use where the centre is 0.
    return center.real + _symmetric(width * samples, step), center.imag - _symmetric(height * samples, step)


def painter(colors: str) -> Painter:
    """Return a function that turns counts into RGB pixels; a `ValueError` rejects an unknown colour map."""
    ramp, interior = _ramp(colors)

    def paint(
        counts: NDArray[np.int32], x: Axis, y: Axis, c: complex, max_iterations: int, samples: int
    ) -> NDArray[np.uint8]:
        table = np.concatenate([ramp, interior[None]])
        shades = _shades(counts, x, y, c, max_iterations)
        rows, columns = counts.shape[0] // samples, counts.shape[1] // samples
        pixels = np.empty((rows, columns, 3), np.uint8)
        for row, line in zip(pixels, shades.reshape(rows, samples, columns, samples), strict=True):
            row[:] = _colors.to_srgb(table[line].mean(axis=(0, 2)))
        return pixels

    return paint


def _symmetric(count: int, step: float) -> Axis:
    return np.asarray((np.arange(count) - (count - 1) / 2) * step, dtype=np.float64)


def _shades(
    counts: NDArray[np.int32], x: Axis, y: Axis, c: complex, max_iterations: int
) -> NDArray[np.uint16]:
    """Return the place of each count on the colour map; the interior is one past its end.

    The scale is logarithmic from the smallest to the largest count that occurs: the bands far outside are as
    wide on it as the fine structure at the border.
    """
    occurring = np.bincount(counts.ravel())[:max_iterations]
    present = np.flatnonzero(occurring)
    if present.size == 0:
        return np.full(counts.shape, _SHADES, np.uint16)
    # The largest counts are a handful of points: 99.9 % of the others span the map.
    total = np.cumsum(occurring)
    low, high = float(present[0]), float(np.searchsorted(total, 0.999 * total[-1])) + 2.0
    scale = (_SHADES - 1) / np.log((high + 2) / (low + 1))

    def shade(value: Axis) -> NDArray[np.uint16]:
        places = np.log((value + 2) / (low + 1)) * scale
        shades: NDArray[np.uint16] = np.clip(places, 0, _SHADES - 1).astype(np.uint16)
        return shades

    flat = np.append(shade(np.arange(max_iterations, dtype=np.float64)), np.uint16(_SHADES))[counts.ravel()]
    for count in _widest(occurring):
        index = np.flatnonzero(counts.ravel() == count)
        flat[index] = shade(_potential(x[index % x.size] + 1j * y[index // x.size], c, int(count)))
    return flat.reshape(counts.shape)


def _widest(occurring: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the counts with most points, as far as blending them takes bearable time."""
    order = np.argsort(-occurring)
    steps = np.cumsum(occurring[order] * (order + _BEYOND))
    wide = occurring[order] > occurring.sum() // 1000
    widest: NDArray[np.intp] = order[wide & (steps <= _BLENDING)]
    return widest


def _potential(z: NDArray[np.complex128], c: complex, count: int) -> Axis:
    """Return the count with its fraction: it falls from `count` to `count` - 1 across the band."""
    with np.errstate(all="ignore"):
        for _ in range(count + _BEYOND):
            z = z * z + c
        fraction = np.log2(np.log(np.abs(z)) / np.log(2)) - _BEYOND
    value: Axis = np.fmax(count - fraction, count - 1.0)  # also where z has left the range of floats
    return value


def _ramp(colors: str) -> tuple[Light, Light]:
    """Return the colours of a map and that of the interior."""
    return _colors.ramp(colors, _SHADES), _colors.from_oklab(np.array(_INTERIOR))
