"""All explicit steps at once, by np.fft: the cosine and sine transforms of fields extended by symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _spectral
from ._modes import Kind
from ._problem import Field, Problem
from ._spectral import Run, Transforms, serially

Array = NDArray[Any]


def diffuse(problem: Problem, out: Field, run: Run = serially) -> None:
    """Fill `out` with the field after all steps; `run` may call its function for several pieces at a time."""
    _spectral.diffuse(problem, out, TRANSFORMS, run)


def _fourier(values: Array, axis: int, _: bool) -> Array:
    return np.fft.rfft(values, axis=axis)


def _inverse_fourier(modes: Array, axis: int, size: int, _: bool) -> Array:
    return np.fft.irfft(modes, size, axis=axis)


def _cosine(values: Array, axis: int, _: bool) -> Array:
    """Transform the cells and their mirror images, as seen from the mirror."""
    size = values.shape[axis]
    modes = np.fft.rfft(np.concatenate((values, np.flip(values, axis)), axis=axis), axis=axis)
    turned = _part(modes, axis, 0, size) * _turns(size, size, axis, values).conj()
    return turned.real


def _inverse_cosine(modes: Array, axis: int, size: int, _: bool) -> Array:
    turned = modes * _turns(modes.shape[axis], size, axis, modes)
    return _part(np.fft.irfft(turned, 2 * size, axis=axis), axis, 0, size)


def _sine(values: Array, axis: int, _: bool) -> Array:
    """Transform 0, the cells, 0, and the negative of their mirror images."""
    size = values.shape[axis]
    zero = np.zeros_like(_part(values, axis, 0, 1))
    extended = np.concatenate((zero, values, zero, -np.flip(values, axis)), axis=axis)
    return -_part(np.fft.rfft(extended, axis=axis), axis, 1, size + 1).imag


def _inverse_sine(modes: Array, axis: int, size: int, _: bool) -> Array:
    missing = [(0, 0)] * modes.ndim
    missing[axis] = (0, size - modes.shape[axis])
    values: Array = _sine(np.pad(modes, missing), axis, True)
    values /= 2 * (size + 1)  # the transform is its own inverse but for a factor
    return values


def _part(values: Array, axis: int, begin: int, end: int) -> Array:
    return values[(slice(None),) * axis + (slice(begin, end),)]


def _turns(count: int, size: int, axis: int, like: Array) -> Array:
    """Return exp(i*pi/2 * p/size) for p = 0, 1, ... along an axis: from the first cell to the mirror."""
    turns = np.exp(0.5j * np.pi * (np.arange(count) / size))
    shape = [1] * like.ndim
    shape[axis] = count
    turned: Array = turns.reshape(shape).astype(np.result_type(like.dtype, np.complex64))
    return turned


TRANSFORMS = Transforms(
    forward={Kind.PERIODIC: _fourier, Kind.COSINE: _cosine, Kind.SINE: _sine},
    inverse={Kind.PERIODIC: _inverse_fourier, Kind.COSINE: _inverse_cosine, Kind.SINE: _inverse_sine},
)
