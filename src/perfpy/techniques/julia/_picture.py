"""Escape counts as a picture: several samples per pixel, bands blended into each other, the interior dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Axis = NDArray[np.float64]
    Painter = Callable[["NDArray[np.int32]", Axis, Axis, complex, int, int], NDArray[np.uint8]]

_HALF_WIDTH = 1.8  # of the view at zoom 1, along the shorter side
#: Anchors of the colour map "ember" in Oklab (lightness, green-red, blue-yellow); lightness only rises.
_EMBER = (
    (0.18, 0.005, -0.055),
    (0.30, 0.03, -0.13),
    (0.44, 0.11, -0.11),
    (0.58, 0.17, 0.00),
    (0.72, 0.13, 0.11),
    (0.86, 0.03, 0.15),
    (0.98, -0.01, 0.04),
)
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
            row[:] = _to_srgb(table[line].mean(axis=(0, 2)))
        return pixels

    return paint


def save(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write a picture in the format that the file's name says; it is there whole or not at all."""
    from perfpy._files import write_atomically

    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            'drawing needs the package pillow; install it with: pip install "perfpy[plot]"'
        ) from None
    kind = Image.registered_extensions().get(path.suffix.lower() or ".png")
    if kind is None:
        raise ValueError(f"cannot draw into {path.name!r}: unknown suffix; use .png")
    write_atomically(path, lambda file: Image.fromarray(pixels).save(file, format=kind))


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


def _ramp(colors: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the colours of a map and that of the interior, as linear light."""
    places = np.linspace(0, 1, _SHADES)
    if colors == "ember":
        anchors = np.array(_EMBER)
        at = np.linspace(0, 1, len(anchors))
        lab = np.stack([np.interp(places, at, channel) for channel in anchors.T], axis=1)
        return _from_oklab(lab), _from_oklab(np.array(_INTERIOR))
    try:
        from matplotlib import colormaps
    except ImportError:
        raise ImportError(
            f'the colour map {colors!r} needs matplotlib; install it with: pip install "perfpy[plot]"'
        ) from None
    if colors not in colormaps:
        raise ValueError(f"unknown colour map {colors!r}: expected 'ember' or a name that matplotlib knows")
    ramp = _to_linear(np.asarray(colormaps[colors](places)[:, :3]))
    return ramp, _from_oklab(np.array(_INTERIOR))


def _from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return linear sRGB light; Ottosson 2020, "A perceptual color space for image processing"."""
    to_cones = np.array(
        [
            [1, 0.3963377774, 0.2158037573],
            [1, -0.1055613458, -0.0638541728],
            [1, -0.0894841775, -1.2914855480],
        ]
    )
    to_light = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    light: NDArray[np.float32] = np.clip((lab @ to_cones.T) ** 3 @ to_light.T, 0, 1).astype(np.float32)
    return light


def _to_linear(srgb: NDArray[np.float64]) -> NDArray[np.float32]:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _to_srgb(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return 8-bit sRGB by a table of 4,096 levels: the power is slow, and the eye is no sharper."""
    return _SRGB[(linear * np.float32(4095) + np.float32(0.5)).astype(np.uint16)]


def _srgb_table() -> NDArray[np.uint8]:
    level = np.arange(4096) / 4095
    srgb = np.where(level <= 0.0031308, 12.92 * level, 1.055 * level ** (1 / 2.4) - 0.055)
    return (srgb * 255 + 0.5).astype(np.uint8)


_SRGB = _srgb_table()
