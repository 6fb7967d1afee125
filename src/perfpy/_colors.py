"""Colour maps, and the way from light to the numbers of a picture file; shared by what techniques draw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    #: Linear red, green and blue from 0 to 1, along the last axis.
    Light: TypeAlias = NDArray[np.float32]

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


def ramp(colors: str, shades: int) -> Light:
    """Return the colours of "ember" or of a map of matplotlib's; a `ValueError` rejects an unknown name."""
    places = np.linspace(0, 1, shades)
    if colors == "ember":
        anchors = np.array(_EMBER)
        at = np.linspace(0, 1, len(anchors))
        return from_oklab(np.stack([np.interp(places, at, channel) for channel in anchors.T], axis=1))
    try:
        from matplotlib import colormaps
    except ImportError:
        raise ImportError(
            f'the colour map {colors!r} needs matplotlib; install it with: pip install "perfpy[plot]"'
        ) from None
    if colors not in colormaps:
        raise ValueError(f"unknown colour map {colors!r}: expected 'ember' or a name that matplotlib knows")
    return to_linear(np.asarray(colormaps[colors](places)[:, :3]))


def from_oklab(lab: NDArray[np.float64]) -> Light:
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
    light: Light = np.clip((lab @ to_cones.T) ** 3 @ to_light.T, 0, 1).astype(np.float32)
    return light


def to_linear(srgb: NDArray[np.float64]) -> Light:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def to_srgb(linear: Light) -> NDArray[np.uint8]:
    """Return 8-bit sRGB by a table of 4,096 levels: the power is slow, and the eye is no sharper."""
    return _SRGB[(linear * np.float32(4095) + np.float32(0.5)).astype(np.uint16)]


def _srgb_table() -> NDArray[np.uint8]:
    level = np.arange(4096) / 4095
    srgb = np.where(level <= 0.0031308, 12.92 * level, 1.055 * level ** (1 / 2.4) - 0.055)
    return (srgb * 255 + 0.5).astype(np.uint8)


_SRGB = _srgb_table()


def pillow() -> ModuleType:
    """Return `PIL.Image`; an `ImportError` says what to install."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            'pictures need the package pillow; install it with: pip install "perfpy[plot]"'
        ) from None
    return Image


def format_of(path: Path) -> str:
    """Return the name that Pillow has for the format that the file's name says."""
    kind: str | None = pillow().registered_extensions().get(path.suffix.lower() or ".png")
    if kind is None:
        raise ValueError(f"cannot draw into {path.name!r}: unknown suffix; use .png")
    return kind


def save(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write a picture in the format that the file's name says; it is there whole or not at all."""
    from perfpy._files import write_atomically

    kind = format_of(path)
    write_atomically(path, lambda file: pillow().fromarray(pixels).save(file, format=kind))
