"""Escape counts as a picture: several samples per pixel, even steps of lightness, the interior dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HALF_WIDTH = 1.8  # of the view at zoom 1, along the shorter side
#: Anchors of the colour map "ember" in Oklab (lightness, green-red, blue-yellow); lightness only rises.
_EMBER = (
    (0.16, 0.005, -0.045),
    (0.28, 0.03, -0.13),
    (0.42, 0.11, -0.11),
    (0.56, 0.17, 0.00),
    (0.70, 0.13, 0.11),
    (0.84, 0.03, 0.15),
    (0.97, -0.01, 0.05),
)
_INTERIOR = (0.09, 0.0, -0.02)

Painter = Callable[["NDArray[np.int32]", int, int], "NDArray[np.uint8]"]


def view(
    width: int, height: int, center: complex, zoom: float, samples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns and rows of a picture with square pixels, `samples` of each per pixel."""
    if not (zoom > 0 and np.isfinite(zoom)):
        raise ValueError(f"zoom must be a number above 0, not {zoom}")
    step = 2 * _HALF_WIDTH / (zoom * min(width, height) * samples)
    x, y = (
        (np.arange(count * samples) - (count * samples - 1) / 2) * step for count in (width, height)
    )  # symmetric to the last bit around 0, which the kernels make use of
    return center.real + x, center.imag - y


def painter(colors: str) -> Painter:
    """Return a function that turns counts into RGB pixels; a `ValueError` rejects an unknown colour map."""
    ramp, interior = _ramp(colors)

    def paint(counts: NDArray[np.int32], max_iterations: int, samples: int) -> NDArray[np.uint8]:
        table = np.concatenate([ramp[_levels(counts, max_iterations)], interior[None]])
        linear = table[np.minimum(counts, max_iterations)]
        rows, columns = counts.shape[0] // samples, counts.shape[1] // samples
        mean = linear.reshape(rows, samples, columns, samples, 3).mean(axis=(1, 3), dtype=np.float32)
        return _to_srgb(mean)

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
    suffix = path.suffix.lower() or ".png"
    kind = Image.registered_extensions().get(suffix)
    if kind is None:
        raise ValueError(f"cannot draw into {path.name!r}: unknown suffix; use .png")
    write_atomically(path, lambda file: Image.fromarray(pixels).save(file, format=kind))


def _levels(counts: NDArray[np.int32], max_iterations: int) -> NDArray[np.intp]:
    """Return the place on the colour map of each count from 0 to `max_iterations` - 1.

    Places follow the cube root of the share of escaped points with a smaller count: every band of counts gets a
    part of the map that grows with its area, however the counts are spread.
    """
    area = np.bincount(counts.ravel(), minlength=max_iterations + 1)[:max_iterations].astype(np.float64)
    below = np.cumsum(area) - area / 2
    share = below / max(1.0, area.sum())
    return np.clip(share * 256, 0, 255).astype(np.intp)


def _ramp(colors: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return 256 colours and that of the interior, as linear light."""
    if colors == "ember":
        anchors = np.array(_EMBER)
        places = np.linspace(0, 1, len(anchors))
        steps = np.linspace(0, 1, 256)
        lab = np.stack([np.interp(steps, places, channel) for channel in anchors.T], axis=1)
        return _from_oklab(lab), _from_oklab(np.array(_INTERIOR))
    try:
        from matplotlib import colormaps
    except ImportError:
        raise ImportError(
            f'the colour map {colors!r} needs matplotlib; install it with: pip install "perfpy[plot]"'
        ) from None
    if colors not in colormaps:
        raise ValueError(f"unknown colour map {colors!r}: expected 'ember' or a name that matplotlib knows")
    ramp = _to_linear(colormaps[colors](np.linspace(0, 1, 256))[:, :3])
    return ramp, ramp[0] * np.float32(0.3)


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
    return np.clip((lab @ to_cones.T) ** 3 @ to_light.T, 0, 1).astype(np.float32)


def _to_linear(srgb: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _to_srgb(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (srgb * 255 + 0.5).astype(np.uint8)
