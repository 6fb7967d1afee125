"""All explicit steps at once, by the real transforms of scipy.fft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import scipy.fft
from numpy.typing import NDArray

from . import _spectral
from ._modes import Kind
from ._problem import Field, Problem
from ._spectral import Forward, Inverse, Run, Transforms, serially


def diffuse(problem: Problem, out: Field, run: Run = serially) -> None:
    """Fill `out` with the field after all steps; `run` may call its function for several pieces at a time."""
    _spectral.diffuse(problem, out, TRANSFORMS, run)


def _forward(function: Callable[..., NDArray[Any]], **options: int) -> Forward:
    def transform(values: NDArray[Any], axis: int, overwrite: bool) -> NDArray[Any]:
        return function(values, axis=axis, overwrite_x=overwrite, **options)

    return transform


def _inverse(function: Callable[..., NDArray[Any]], **options: int) -> Inverse:
    def transform(modes: NDArray[Any], axis: int, size: int, overwrite: bool) -> NDArray[Any]:
        return function(modes, n=size, axis=axis, overwrite_x=overwrite, **options)

    return transform


TRANSFORMS = Transforms(
    forward={
        Kind.PERIODIC: _forward(scipy.fft.rfft),
        Kind.COSINE: _forward(scipy.fft.dct, type=2),
        Kind.SINE: _forward(scipy.fft.dst, type=1),
    },
    inverse={
        Kind.PERIODIC: _inverse(scipy.fft.irfft),
        Kind.COSINE: _inverse(scipy.fft.idct, type=2),
        Kind.SINE: _inverse(scipy.fft.idst, type=1),
    },
)
