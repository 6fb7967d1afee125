"""Arithmetic on pieces of the field, each of which stays in cache.

An expression over the whole field would write every intermediate result to memory and read it back. Here
each operation runs over some thousand cells and writes into working memory that stays in cache; and
several steps follow each other through the field (see `_halo`), so that they find the field itself in
cache too.

Rows lie in memory with their surroundings, so a piece is one run of memory however short the rows are,
and its neighbours are runs at an offset. What is around the rows is computed along with them, for
nothing, and put right afterwards: that is cheaper than to begin anew for every row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ._halo import Halo, passes
from ._problem import Field, Problem

#: Brings a run of cells of the second array up to date from the first: all places from one to before another.
_Update: TypeAlias = Callable[[Field, Field, int, int], None]

_PIECE = 1 << 18  # bytes of an operand
_CACHE = 1 << 20  # bytes that the steps of a pass work on


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    if problem.method == "spectral":
        from . import _spectral_numpy

        _spectral_numpy.diffuse(problem, out)
    elif problem.method == "implicit":
        from . import _implicit_numpy

        _implicit_numpy.diffuse(problem, out)
    else:
        _explicit(problem, out)


def _explicit(problem: Problem, out: Field) -> None:
    piece = _PIECE // problem.start.itemsize
    levels, slabs = passes(problem, piece, _CACHE)
    halo = Halo(problem, levels)
    if not halo.still:
        update = _update(problem, halo, piece)
        with np.errstate(all="ignore"):
            for chunk in halo.chunks(slabs):
                source, target = chunk.source.reshape(-1), chunk.target.reshape(-1)
                first, last = halo.places(chunk)
                for begin in range(first, last, piece):
                    update(source, target, begin, min(begin + piece, last))
                halo.finish(chunk)
    out[...] = halo.result()


def _update(problem: Problem, halo: Halo, piece: int) -> _Update:
    work = np.empty((3, piece), problem.start.dtype)
    if problem.diffusivity is not None:
        return _with_diffusivity(work, halo, problem.weights, halo.surrounded(problem.diffusivity))
    if problem.isotropic:
        return _isotropic(work, halo, problem.weights[0])
    return _anisotropic(work, halo, problem.weights)


def _isotropic(work: Field, halo: Halo, weight: float) -> _Update:
    stride, *others = halo.strides
    count = 2.0 * len(halo.strides)

    def update(source: Field, target: Field, begin: int, end: int) -> None:
        total, product, _ = work[:, : end - begin]
        cells = source[begin:end]
        np.add(source[begin - stride : end - stride], source[begin + stride : end + stride], out=total)
        for other in others:
            np.add(total, source[begin - other : end - other], out=total)
            np.add(total, source[begin + other : end + other], out=total)
        np.multiply(cells, count, out=product)
        np.subtract(total, product, out=total)
        np.multiply(total, weight, out=total)
        np.add(cells, total, out=target[begin:end])

    return update


def _anisotropic(work: Field, halo: Halo, weights: tuple[float, ...]) -> _Update:
    def update(source: Field, target: Field, begin: int, end: int) -> None:
        total, term, twice = work[:, : end - begin]
        cells = source[begin:end]
        np.multiply(cells, 2.0, out=twice)
        for axis, (stride, weight) in enumerate(zip(halo.strides, weights, strict=True)):
            along = term if axis else total
            np.add(source[begin - stride : end - stride], source[begin + stride : end + stride], out=along)
            np.subtract(along, twice, out=along)
            np.multiply(along, weight, out=along)
            if axis:
                np.add(total, term, out=total)
        np.add(cells, total, out=target[begin:end])

    return update


def _with_diffusivity(work: Field, halo: Halo, weights: tuple[float, ...], diffusivity: Field) -> _Update:
    flat = diffusivity.reshape(-1)
    faces = []  # of each axis, the diffusivity between each cell and the next
    with np.errstate(all="ignore"):
        for stride in halo.strides:
            face = np.add(flat[:-stride], flat[stride:])
            faces.append(np.multiply(face, 0.5, out=face))

    def update(source: Field, target: Field, begin: int, end: int) -> None:
        total, term, outflow = work[:, : end - begin]
        cells = source[begin:end]
        for axis, (stride, weight, face) in enumerate(zip(halo.strides, weights, faces, strict=True)):
            inflow = term if axis else total
            np.subtract(source[begin + stride : end + stride], cells, out=inflow)
            np.multiply(face[begin:end], inflow, out=inflow)
            np.subtract(cells, source[begin - stride : end - stride], out=outflow)
            np.multiply(face[begin - stride : end - stride], outflow, out=outflow)
            np.subtract(inflow, outflow, out=inflow)
            np.multiply(inflow, weight, out=inflow)
            if axis:
                np.add(total, term, out=total)
        np.add(cells, total, out=target[begin:end])

    return update
