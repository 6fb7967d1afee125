"""The SIMD kernel through cffi: the same machine code as `_c`, bound from Python."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from perfpy._ext.julia._cffi import ffi, lib

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray


def _choose() -> tuple[Callable[..., int], str]:
    """Return the kernel for this machine, or for ``PERFPY_ISA``, and the name of its instruction set."""
    chosen, message = ffi.new("enum perfpy_isa *"), ffi.new("char[]", 160)
    requested = os.environ.get("PERFPY_ISA", "").encode()
    if lib.perfpy_isa_choose(requested, 0xFFFFFFFF, chosen, message, len(message)) < 0:
        raise ValueError(ffi.string(message).decode())
    return lib.perfpy_julia_variant(chosen[0]), ffi.string(lib.perfpy_isa_name(chosen[0])).decode()


_KERNEL, ISA = _choose()


def _keep_exception(kind: type[BaseException], exception: BaseException, traceback: TracebackType) -> None:  # noqa: ARG001
    """Hand the exception that stopped the kernel to the call that started it."""
    ffi.from_handle(traceback.tb_frame.f_locals["context"]).append(exception)


@ffi.def_extern(error=1, onerror=_keep_exception)  # type: ignore[untyped-decorator]
def perfpy_julia_signal(context: object) -> int:  # noqa: ARG001
    """Be Python code, so that pending signal handlers run; one that raises stops the kernel."""
    return 0


def julia(
    x: NDArray[np.float64], y: NDArray[np.float64], c: complex, max_iterations: int, out: NDArray[np.int32]
) -> None:
    """Fill `out` with the count of every point."""
    raised: list[BaseException] = []
    handle = ffi.new_handle(raised)
    interrupt = ffi.new("struct perfpy_interrupt *", (lib.perfpy_julia_signal, handle))
    columns, rows = ffi.from_buffer("double[]", x), ffi.from_buffer("double[]", y)
    counts = ffi.from_buffer("int32_t[]", out, require_writable=True)
    grid = ffi.new(
        "struct julia_grid *", (columns, rows, x.size, y.size, c.real, c.imag, max_iterations, counts)
    )
    status = _KERNEL(grid, interrupt)
    if status == lib.JULIA_NO_MEMORY:
        raise MemoryError("no memory for the work space of the Julia kernel")
    if status == lib.JULIA_INTERRUPTED:
        raise raised[0]
