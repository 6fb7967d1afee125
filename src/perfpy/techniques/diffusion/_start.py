"""Fields to begin with: named shapes, arrays in files, and images as heat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from perfpy import _colors

if TYPE_CHECKING:
    from ._problem import Field

#: One field, or those of the red, the green and the blue light of a picture.
Channels: TypeAlias = "list[Field]"

_Coordinates: TypeAlias = "tuple[Field, Field]"  # of the cells' centres, -1 to 1 along the shorter side


def _square(y: Field, x: Field) -> Field:
    """Return the square of "High Performance Python": from 0.4 to 0.5 of each side."""
    height, width = y.size, x.size
    hot = np.zeros((height, width))
    hot[int(0.4 * height) : int(0.5 * height), int(0.4 * width) : int(0.5 * width)] = 0.005
    return hot


def _noise(y: Field, x: Field) -> Field:
    return np.random.default_rng(0).random((y.size, x.size))


def _point(y: Field, x: Field) -> Field:
    hot = np.zeros((y.size, x.size))
    hot[y.size // 2, x.size // 2] = 1.0
    return hot


def _where(condition: Callable[[Field, Field], np.ndarray]) -> Callable[[Field, Field], Field]:
    return lambda y, x: np.where(condition(y, x), 1.0, 0.0)


#: From coordinates (a column and a row) to a field.
SHAPES: dict[str, Callable[[Field, Field], Field]] = {
    "square": _square,
    "disc": _where(lambda y, x: x * x + y * y < 0.25),
    "ring": _where(lambda y, x: abs(np.hypot(x, y) - 0.6) < 0.1),
    "stripes": _where(lambda y, x: (np.floor((x + 0 * y) * 4) % 2).astype(bool)),
    "checkers": _where(lambda y, x: ((np.floor(x * 4) + np.floor(y * 4)) % 2).astype(bool)),
    "noise": _noise,
    "point": _point,
}


def shape(name: str, width: int, height: int) -> Channels:
    """Return a named shape on a grid."""
    shorter = min(width, height)
    x, y = ((2 * np.arange(count) + 1 - count) / shorter for count in (width, height))
    return [SHAPES[name](y[:, None], x[None, :])]


def read(path: Path, width: int | None, height: int | None) -> Channels:
    """Read an array from an ``.npy`` file, or the light of an image, which may be given another size."""
    if path.suffix.lower() != ".npy":
        return _read_image(path, width, height)
    if width is not None or height is not None:
        raise ValueError(
            f"--width and --height are for shapes and images; {path.name!r} has a size of its own"
        )
    array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path.name!r} holds no array, or more than one")
    return [array]


def _read_image(path: Path, width: int | None, height: int | None) -> Channels:
    """Return the grey values of an image, 0 to 1, or its red, green and blue light."""
    pillow = _colors.pillow()
    from PIL import ImageOps

    try:
        image = ImageOps.exif_transpose(pillow.open(path))
    except pillow.UnidentifiedImageError:
        raise ValueError(f"{path.name!r} is neither an .npy file nor an image that Pillow reads") from None
    grey = image.mode.startswith(("1", "L", "I", "F"))
    deep = image.mode.startswith(("I", "F"))  # more than 8 bits
    image = image if deep else image.convert("L" if grey else "RGB")
    size = _size(image.size, width, height)
    if size != image.size:
        image = image.resize(size, resample=pillow.Resampling.LANCZOS)
    pixels = np.asarray(image, dtype=np.float64)
    if deep:
        return [pixels]
    if grey:
        return [pixels / 255]
    return list(np.moveaxis(_colors.to_linear(pixels / 255).astype(np.float64), -1, 0))


def _size(size: tuple[int, int], width: int | None, height: int | None) -> tuple[int, int]:
    """Return the size asked for; where one side is left open, in the proportions of the image."""
    if width is None and height is None:
        return size
    if width is None:
        assert height is not None
        return max(1, round(size[0] * height / size[1])), height
    return width, height if height is not None else max(1, round(size[1] * width / size[0]))
