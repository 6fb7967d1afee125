"""Draws the pictures of the pages with perfpy itself, once per build, into ``_static/pictures``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray
from PIL import Image

import perfpy

INTERIOR = (12, 12, 20)  # colour of the points that never escape


def coloured(counts: NDArray[np.int32], colour_map: str = "magma") -> NDArray[np.uint8]:
    """Return RGB pixels: equal areas of the picture take equal parts of the colour map."""
    limit = int(counts.max())
    histogram = np.bincount(counts.ravel(), minlength=limit + 1)
    histogram[limit] = 0  # the filled set has a colour of its own
    share = np.cumsum(histogram) / max(1, histogram.sum())
    table = (mpl.colormaps[colour_map](share)[:, :3] * 255).astype(np.uint8)
    table[limit] = INTERIOR
    return table[counts]


def save(path: Path, width: int, height: int, c: complex, half_width: float = 1.6, **options: Any) -> None:
    """Draw a Julia set with two by two points to a pixel and write it as an image of 256 colours."""
    step = half_width / width
    x = (np.arange(2 * width) - width + 0.5) * step
    y = (height - 0.5 - np.arange(2 * height)) * step
    pixels = coloured(perfpy.julia(x, y, c=c, max_iterations=1000), **options)
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX)
    image.quantize(256, method=Image.Quantize.MEDIANCUT).save(path, optimize=True)


def plain_style(_configuration: object, _example: str) -> None:
    """Draw the gallery's figures so that they can be read on light and on dark pages."""
    plt.rcParams.update(style("#808790"))


def style(ink: str) -> dict[str, Any]:
    """Return matplotlib settings for a transparent figure drawn in one colour of ink."""
    coloured_by_ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    return dict.fromkeys(coloured_by_ink, ink) | {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "savefig.transparent": True,
        "font.size": 11,
        "svg.hashsalt": "perfpy",
    }


def _draw_all(app: Any) -> None:
    folder = Path(app.srcdir) / "_static" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "book": (1200, 520, -0.62772 - 0.42193j, 1.75),
        "rabbit": (560, 460, -0.12 + 0.74j, 1.5),
        "seahorse": (560, 460, -0.7269 + 0.1889j, 1.5),
    }
    for name, (width, height, c, half_width) in pictures.items():
        path = folder / f"{name}.png"
        if not path.exists():
            save(path, width, height, c, half_width)
    import proofs  # needs this module's style

    if not (folder / "proofs.png").exists():
        proofs.draw(folder / "proofs.png", -0.62772 - 0.42193j)


def setup(app: Any) -> dict[str, Any]:
    """Register the drawing with Sphinx."""
    app.connect("builder-inited", _draw_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
