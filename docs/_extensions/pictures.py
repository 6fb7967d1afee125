"""Draws the pictures of the pages with perfpy itself, once per build, into ``_static/pictures``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt

#: Picture to the command that draws it.
PICTURES = {
    "book": ["julia", "--width=1200", "--height=520", "--zoom=2.2"],
    "rabbit": ["julia", "--width=800", "--height=560", "--zoom=1.5", "--c=-0.12+0.74j"],
    "seahorse": [
        *("julia", "--width=800", "--height=560", "--zoom=1.6"),
        *("--c=-0.7269+0.1889j", "--max-iterations=1000"),
    ],
    "checkers": [
        *("diffuse", "--shape=checkers", "--width=600", "--height=400"),
        *("--steps=400", "--boundary=neumann"),
    ],
}


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
    import proofs  # which needs the style above
    import spiral

    folder = Path(app.srcdir) / "_static" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for name, arguments in PICTURES.items():
        command = [sys.executable, "-m", "perfpy", *arguments, "-o", str(folder / f"{name}.png")]
        subprocess.run(command, check=True, capture_output=True)
    proofs.draw(folder / "proofs.png", -0.62772 - 0.42193j)
    spiral.draw(folder / "spiral.png")


def setup(app: Any) -> dict[str, Any]:
    """Register the drawing with Sphinx."""
    app.connect("builder-inited", _draw_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
