"""A model of the C kernel's proofs in NumPy, to draw which tiles of a picture they settle."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from pictures import style

ITERATED, ESCAPED, TRAPPED = 0, 1, 2
SLACK = 1e-12
LARGEST_PERIOD = 60
SMALLEST_TILE = 8


def traps(c: complex) -> list[tuple[complex, float]]:
    """Return discs around the points of the attracting cycle that no orbit leaves, if there is a cycle."""
    z = 0j
    for _ in range(5000):
        z = z * z + c
        if abs(z) >= 2:
            return []
    cycle = [z]
    while abs((z := z * z + c) - cycle[0]) > 1e-12:
        cycle.append(z)
        if len(cycle) > LARGEST_PERIOD:
            return []
    turns = [cycle[k:] + cycle[:k] for k in range(len(cycle))]
    return [(turn[0], radius) for turn in turns if (radius := _largest_radius(turn)) > 0]


def _largest_radius(cycle: list[complex]) -> float:
    """Return the largest radius that shrinks along the cycle while its disc stays in |z| < 2."""
    for radius in np.geomspace(1.0, 1e-6, 400):
        r = radius
        for point in cycle:
            if abs(point) + r >= 2:
                break
            r = (2 * abs(point) + r) * r + SLACK
        else:
            if r <= radius:
                return float(radius)
    return 0.0


def settle(points: int, c: complex, max_iterations: int) -> NDArray[np.uint8]:
    """Return for each pixel of the square grid how it is settled; tiles of 32 are cut down to 8."""
    axis = -1.8 + 3.6 / points * np.arange(points)
    how = np.zeros((points, points), np.uint8)
    discs = traps(c)
    left, top = (part.ravel() for part in np.meshgrid(np.arange(0, points, 32), np.arange(0, points, 32)))
    size = 32
    while size >= SMALLEST_TILE and left.size:
        half = size * 1.8 / points
        centres = (axis[left] + half) + 1j * (-axis[top] - half)
        result = _tiles(centres, half * 2**0.5, c, max_iterations, discs)
        for i, j, kind in zip(left, top, result, strict=True):
            how[j : j + size, i : i + size] = kind
        undecided = np.flatnonzero(result == ITERATED)
        size //= 2
        corners = [(left[undecided] + a * size, top[undecided] + b * size) for a in (0, 1) for b in (0, 1)]
        left, top = (np.concatenate(part) for part in zip(*corners, strict=True))
        inside = (left < points) & (top < points)
        left, top = left[inside], top[inside]
    return how


def _tiles(
    a: NDArray[np.complex128],
    radius: float,
    c: complex,
    max_iterations: int,
    discs: list[tuple[complex, float]],
) -> NDArray[np.uint8]:
    """Follow a + b t + d t*t + error, |t| <= 1, until all of it escapes, is trapped, or straddles |z| = 2."""
    result = np.full(a.size, ITERATED, np.uint8)
    alive = np.arange(a.size)
    b, d, error = np.full_like(a, radius), np.zeros_like(a), np.zeros(a.size)
    for _ in range(max_iterations):
        size_a, size_b, size_d = np.abs(a), np.abs(b), np.abs(d)
        reach = size_b + size_d + error
        inside = size_a + reach < 2
        result[alive[size_a - reach > 2]] = ESCAPED
        for point, size in discs:
            trapped = inside & (np.abs(a - point) + reach < size)
            result[alive[trapped]] = TRAPPED
            inside &= ~trapped
        whole = size_a + size_b + size_d
        error = size_d * (2 * size_b + size_d) + (2 * whole + error) * error + SLACK
        a, b, d = a * a + c, 2 * a * b, 2 * a * d + b * b
        alive, a, b, d, error = (part[inside] for part in (alive, a, b, d, error))
    result[alive] = TRAPPED
    return result


def draw(file: Path, c: complex, points: int = 1000, max_iterations: int = 300) -> None:
    """Draw how the pixels of the book's square are settled."""
    how = settle(points, c, max_iterations)
    colours = ["#ffffff", "#2a7fb8", "#f28e2b"]
    names = ["iterated one by one", "tiles that escape as one", "tiles that never escape"]
    shares = [float(np.mean(how == kind)) for kind in (ITERATED, ESCAPED, TRAPPED)]
    with mpl.rc_context(style("#808790")):
        figure = Figure(figsize=(8.2, 5.7), layout="constrained")
        axes = figure.subplots()
        axes.imshow(how, cmap=ListedColormap(colours), interpolation="nearest", extent=(-1.8, 1.8, -1.8, 1.8))
        axes.set_ylim(-1.15, 1.15)
        axes.set_axis_off()
        figure.legend(
            handles=[
                Patch(facecolor=colour, edgecolor="#808790", label=f"{name}: {share:.1%}")
                for colour, name, share in zip(colours, names, shares, strict=True)
            ],
            loc="outside lower center",
            ncols=3,
            frameon=False,
            fontsize=9,
        )
        figure.savefig(file, dpi=150)
