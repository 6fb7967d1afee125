"""A step in one expression, evaluated over runs of the field that stay in the nearest cache.

NumExpr's virtual machine takes an expression in blocks of some thousand cells, so that intermediate
results never leave the nearest cache; and several steps follow each other through the field (see
`_halo`), so that they find the field itself in cache too. As in the numpy backend, rows lie in memory
with their surroundings, and neighbours are runs at an offset.

Runs are so short that NumExpr stays in the calling thread. Its pool belongs to the process, and changing
its size is not safe while another thread computes; threads come from ``executor=`` alone. Constants are
operands of the field's type, as a Python number would make float32 arithmetic float64.
"""

from __future__ import annotations

import numpy as np
from numexpr import NumExpr, interpreter

from ._halo import Halo, passes
from ._problem import Field, Problem

_RUN = 2 * interpreter.__BLOCK_SIZE1__ - 1  # cells; from twice its block size on, NumExpr uses its threads
_CHUNK = 1 << 15  # cells that a step does before it is the next one's turn
_CACHE = 1 << 20  # bytes that the steps of a pass work on

# A compiler for arm64 may fuse multiplications and additions in NumExpr's own code: other roundings.
_fused = NumExpr("x*x-y", [("x", np.float64), ("y", np.float64)])
if _fused(np.array([1 + 2.0**-30]), np.array([1 + 2.0**-29]), ex_uses_vml=False)[0]:
    raise ImportError("this build of NumExpr fuses multiplications and additions, so its fields would differ")


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    dtype = problem.start.dtype
    levels, slabs = passes(problem, _CHUNK, _CACHE)
    halo = Halo(problem, levels)
    if not halo.still:
        expression = _expression(problem)
        weights = problem.weights[:1] if problem.isotropic else problem.weights
        count = 2 * len(problem.weights) if problem.isotropic else 2
        constants = [np.array(number, dtype) for number in (count, *weights)]
        for chunk in halo.chunks(slabs):
            source, target = chunk.source.reshape(-1), chunk.target.reshape(-1)
            first, last = halo.places(chunk)
            for begin in range(first, last, _RUN):
                end = min(begin + _RUN, last)
                neighbours = [
                    source[begin + offset : end + offset]
                    for stride in halo.strides
                    for offset in (-stride, stride)
                ]
                expression(
                    source[begin:end], *constants, *neighbours,
                    out=target[begin:end], order="K", casting="no", ex_uses_vml=False,
                )  # fmt: skip
            halo.finish(chunk)
    out[...] = halo.result()


def _expression(problem: Problem) -> NumExpr:
    """Compile a step: the cell, how many neighbours it has, the weights, the neighbours along each axis."""
    axes = [(f"before{axis}", f"after{axis}") for axis in range(problem.start.ndim)]
    if problem.isotropic:
        weights = ["weight"]
        total = "+".join(name for pair in axes for name in pair)  # from left to right
        step = f"cell + weight*(({total}) - count*cell)"
    else:
        weights = [f"weight{axis}" for axis in range(len(axes))]
        terms = [f"{weight}*(({a} + {b}) - count*cell)" for weight, (a, b) in zip(weights, axes, strict=True)]
        step = f"cell + ({' + '.join(terms)})"
    kind = float if problem.start.dtype == np.float32 else np.float64  # "float" is float32 to NumExpr
    names = ["cell", "count", *weights, *(name for pair in axes for name in pair)]
    return NumExpr(step, [(name, kind) for name in names])
