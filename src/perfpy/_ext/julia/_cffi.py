"""Writes the C source of perfpy._ext.julia._cffi: cffi's API mode over the same SIMD kernel as `_c`."""

import sys

from cffi import FFI

ffi = FFI()
ffi.cdef(
    """
    struct julia_grid {
        const double *x, *y;
        ptrdiff_t width, height;
        double c_real, c_imag;
        int32_t max_iterations;
        int32_t *counts;
    };
    enum julia_status { JULIA_DONE, JULIA_INTERRUPTED, JULIA_NO_MEMORY };
    struct perfpy_interrupt {
        int (*requested)(void *context);
        void *context;
    };
    typedef enum julia_status julia_kernel(const struct julia_grid *, const struct perfpy_interrupt *);
    enum perfpy_isa { PERFPY_ISA_BASELINE, ... };

    julia_kernel *perfpy_julia_variant(enum perfpy_isa isa);
    const char *perfpy_isa_name(enum perfpy_isa isa);
    int perfpy_isa_choose(const char *requested, unsigned allowed, enum perfpy_isa *chosen, char *message,
                          size_t size);

    extern "Python" int perfpy_julia_signal(void *context);
    """
)
ffi.set_source("perfpy._ext.julia._cffi", '#include "kernel.h"')

if __name__ == "__main__":
    ffi.emit_c_code(sys.argv[1])
