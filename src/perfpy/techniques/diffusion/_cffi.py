"""The SIMD kernels through cffi: the same machine code as `_c`, bound from Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from perfpy._ext.diffusion._cffi import ffi, lib

if TYPE_CHECKING:
    from types import TracebackType

    from ._problem import Field, Problem


def _choose() -> tuple[int, str]:
    """Return the instruction set for this machine, or for ``PERFPY_ISA``, and its name."""
    chosen, message = ffi.new("enum perfpy_isa *"), ffi.new("char[]", 160)
    requested = os.environ.get("PERFPY_ISA", "").encode()
    if lib.perfpy_isa_choose(requested, 0xFFFFFFFF, chosen, message, len(message)) < 0:
        raise ValueError(ffi.string(message).decode())
    return chosen[0], ffi.string(lib.perfpy_isa_name(chosen[0])).decode()


_ISA_NUMBER, ISA = _choose()


def _keep_exception(kind: type[BaseException], exception: BaseException, traceback: TracebackType) -> None:  # noqa: ARG001
    """Hand the exception that stopped the kernel to the call that started it."""
    ffi.from_handle(traceback.tb_frame.f_locals["context"]).append(exception)


@ffi.def_extern(error=1, onerror=_keep_exception)  # type: ignore[untyped-decorator]
def perfpy_diffusion_signal(context: object) -> int:  # noqa: ARG001
    """Be Python code, so that pending signal handlers run; one that raises stops the kernel."""
    return 0


def diffuse(problem: Problem, out: Field) -> None:
    """Fill `out` with the field after all steps."""
    start = ffi.from_buffer("char[]", problem.start)
    result = ffi.from_buffer("char[]", out, require_writable=True)
    description = ffi.new(
        "struct diffusion_problem *",
        {
            "dimensions": problem.start.ndim,
            "shape": problem.start.shape,
            "sides": problem.sides,
            "isotropic": problem.isotropic,
            "weights": problem.weights,
            "steps": problem.steps,
            "single": problem.start.itemsize == 4,
            "diffusivity": ffi.NULL,
            "start": start,
            "out": result,
        },
    )
    plan = lib.perfpy_diffusion_plan(description, lib.perfpy_diffusion_method(_ISA_NUMBER, description), 1)
    if not plan:
        raise MemoryError("no memory for the work space of the diffusion kernel")
    try:
        _work(plan)
    finally:
        lib.perfpy_diffusion_free(plan)


def _work(plan: Any) -> None:
    """Do a plan, and raise what a signal handler raised."""
    raised: list[BaseException] = []
    handle = ffi.new_handle(raised)
    interrupt = ffi.new("struct perfpy_interrupt *", (lib.perfpy_diffusion_signal, handle))
    status = lib.perfpy_diffusion_work(plan, interrupt)
    if status == lib.DIFFUSION_NO_MEMORY:
        raise MemoryError("no memory for the work space of the diffusion kernel")
    if status == lib.DIFFUSION_INTERRUPTED:
        raise raised[0]
