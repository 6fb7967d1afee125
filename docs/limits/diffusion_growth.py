"""How the rounding errors of spectral steps grow with their number, held against the steps themselves."""

from __future__ import annotations

import json

import numpy as np

import perfpy

SIDES = ("periodic", "neumann", "dirichlet")


def difference(field: np.ndarray, steps: int, boundary: str, dtype: str) -> str:
    """Return the largest difference of a cell, relative to the largest cell of the field at the start."""
    field = field.astype(dtype)
    stepped = perfpy.diffuse(field, steps, boundary=boundary)
    at_once = perfpy.diffuse(field, steps, boundary=boundary, method="spectral")
    return f"{np.abs(at_once - stepped).max() / np.abs(field).max():.1e}"


def main() -> None:
    """Print the table."""
    field = np.random.default_rng(0).random((256, 256))
    cells = [
        [
            f"{steps:,}",
            *(difference(field, steps, boundary, "float64") for boundary in SIDES),
            difference(field, steps, "periodic", "float32"),
        ]
        for steps in (1, 10, 100, 1000, 10_000, 100_000)
    ]
    header = ["steps", *(f"{boundary}, float64" for boundary in SIDES), "periodic, float32"]
    print(json.dumps({"header": header, "cells": cells}))


if __name__ == "__main__":
    main()
