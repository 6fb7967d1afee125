"""Fields as pictures: heat by a colour map, light by itself; one picture, or one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from perfpy import _colors
from perfpy._files import write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._problem import Field

    Pixels: TypeAlias = "NDArray[np.uint8]"
    Painter: TypeAlias = Callable[[Sequence[Field]], Pixels]

_SHADES = 256  # as many as the palette of a GIF has


def painter(colors: str, channels: Sequence[Field]) -> Painter:
    """Return a function that paints fields; `channels` are the first, whose values the colours span.

    One field is heat, of which the least is the first colour of the map and the most the last. Three are red,
    green and blue light and keep their colours.
    """
    for field in channels:
        if field.ndim != 2:
            raise ValueError(f"a picture is of a 2-D field, not of a {field.ndim}-D one; write an .npy file")
        if field.size == 0:
            raise ValueError(f"there is no picture of a field of shape {field.shape}")
    if len(channels) == 3:
        return _paint_light
    palette = _colors.to_srgb(_colors.ramp(colors, _SHADES))
    finite = channels[0][np.isfinite(channels[0])]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)

    def paint_heat(fields: Sequence[Field]) -> Pixels:
        (field,) = fields
        with np.errstate(over="ignore", invalid="ignore"):
            part = (field / 2 - low / 2) / (high / 2 - low / 2 or 1.0)  # halves, as a difference may overflow
        shades = np.clip(np.nan_to_num(part, nan=0.0), 0.0, 1.0) * (_SHADES - 1) + 0.5
        return palette[shades.astype(np.uint8)]

    return paint_heat


def _paint_light(fields: Sequence[Field]) -> Pixels:
    light = np.clip(np.nan_to_num(np.stack(fields, axis=-1), nan=0.0), 0.0, 1.0)
    return _colors.to_srgb(light.astype(np.float32))


def check_animated(path: Path) -> None:
    """Refuse a format that holds one picture only."""
    kind = _colors.format_of(path)
    if kind not in ("GIF", "PNG", "WEBP"):
        raise ValueError(f"{path.name!r} cannot hold an animation; use .gif, .png or .webp, or --frames 1")


def save_animation(pictures: Iterable[Pixels], path: Path, frames_per_second: float) -> None:
    """Write pictures as they come, to be shown one after the other again and again; whole or not at all."""
    image = _colors.pillow()
    kind = _colors.format_of(path)
    frames = map(image.fromarray, pictures)
    first = next(frames)
    if kind == "GIF":
        # It counts in hundredths of a second, and viewers slow down what is shown for less than two of them.
        options = {"append_images": frames, "duration": max(20, round(100 / frames_per_second) * 10)}
    else:
        options = {"append_images": list(frames), "duration": 1000 / frames_per_second}
        options |= {"lossless": True} if kind == "WEBP" else {}
    write_atomically(path, lambda file: first.save(file, format=kind, save_all=True, loop=0, **options))
