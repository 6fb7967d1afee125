"""Periodic diffusion by pystencils, which generates vectorised C with OpenMP from the formula.

It sums in another order than perfpy and fuses multiplications and additions: equal to rounding.
"""

from __future__ import annotations

import functools

import numpy as np

import perfpy

PACKAGE = "pystencils"

_TARGETS = {"avx512": "X86_AVX512", "avx2": "X86_AVX", "baseline": "GenericCPU"}


@functools.cache
def _kernel(dimensions, dtype, dt, threads):
    import pystencils  # here, as asv imports every module whether its peer is installed or not

    source, target = pystencils.fields(f"source, target: {dtype}[{dimensions}D]")
    offsets = np.eye(dimensions, dtype=int)
    neighbours = sum(source[tuple(map(int, sign * offset))] for offset in offsets for sign in (-1, 1))
    cell = source.center
    update = pystencils.Assignment(target.center, cell + dt * (neighbours - 2 * dimensions * cell))
    isa = next(row.isa for row in perfpy.backends("julia") if row.name == "c")
    name = _TARGETS[isa]
    config = pystencils.CreateKernelConfig(target=pystencils.Target[name], default_dtype=dtype)
    config.cpu.openmp.enable = True
    config.cpu.openmp.num_threads = threads
    if name != "GenericCPU":
        config.cpu.vectorize.enable = True
        config.cpu.vectorize.assume_inner_stride_one = True
    return pystencils.create_kernel(update, config).compile()


def diffuse(field, steps, dt, threads):
    """Return the field after all steps; spacing and diffusivity are 1."""
    kernel = _kernel(field.ndim, str(field.dtype), dt, threads)
    inner = (slice(1, -1),) * field.ndim
    one, two = (np.zeros([size + 2 for size in field.shape], field.dtype) for _ in range(2))
    one[inner] = field
    for _ in range(steps):
        for axis in range(field.ndim):
            ghosts = one.swapaxes(0, axis)
            ghosts[0], ghosts[-1] = ghosts[-2], ghosts[1]
        kernel(source=one, target=two)
        one, two = two, one
    return one[inner]
