"""Draws the primes among the numbers of a square spiral."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray

import perfpy


def numbers(radius: int) -> NDArray[np.int64]:
    """Return the numbers wound up from 1 in the middle: right, up, left, down."""
    y, x = np.mgrid[radius : -radius - 1 : -1, -radius : radius + 1]
    ring = np.maximum(np.abs(x), np.abs(y))
    corner = (2 * ring + 1) ** 2  # at the lower right of each ring
    sides = [
        (y == -ring, corner - ring + x),
        (x == -ring, corner - 3 * ring - y),
        (y == ring, corner - 5 * ring - x),
        (x == ring, corner - 7 * ring + y),
    ]
    return np.select([side for side, _ in sides], [number for _, number in sides])


def draw(file: Path, radius: int = 100, pixels: int = 3) -> None:
    """Draw the spiral; what is not prime is transparent."""
    prime = perfpy.is_prime(numbers(radius)).repeat(pixels, 0).repeat(pixels, 1)
    picture = np.zeros((*prime.shape, 4), np.uint8)
    picture[prime] = (0x21, 0x9E, 0xBC, 0xFF)
    plt.imsave(file, picture)
