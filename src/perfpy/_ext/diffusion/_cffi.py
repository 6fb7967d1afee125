"""Writes the C source of perfpy._ext.diffusion._cffi: cffi's API mode over the same SIMD kernels as `_c`."""

import sys

from cffi import FFI

ffi = FFI()
ffi.cdef(
    """
    enum diffusion_side { DIFFUSION_PERIODIC, DIFFUSION_HELD, DIFFUSION_REFLECTING };
    struct diffusion_problem {
        int dimensions;
        ptrdiff_t shape[3];
        enum diffusion_side sides[3][2];
        bool isotropic;
        double weights[3];
        int64_t steps;
        bool single;
        const void *diffusivity;
        const void *start;
        void *out;
    };
    enum diffusion_status {
        DIFFUSION_DONE, DIFFUSION_INTERRUPTED, DIFFUSION_STOPPED, DIFFUSION_NO_MEMORY
    };
    struct perfpy_interrupt {
        int (*requested)(void *context);
        void *context;
    };
    typedef enum diffusion_status diffusion_advance(const struct diffusion_piece *,
                                                    const struct perfpy_interrupt *);
    struct diffusion_method {
        diffusion_advance *advance;
        int depth;
        size_t workspace;
    };
    enum perfpy_isa { PERFPY_ISA_BASELINE, ... };

    struct diffusion_method perfpy_diffusion_method(enum perfpy_isa isa, const struct diffusion_problem *);
    struct diffusion_plan *perfpy_diffusion_plan(const struct diffusion_problem *, struct diffusion_method,
                                                 int workers);
    enum diffusion_status perfpy_diffusion_work(struct diffusion_plan *, const struct perfpy_interrupt *);
    void perfpy_diffusion_free(struct diffusion_plan *);
    const char *perfpy_isa_name(enum perfpy_isa isa);
    int perfpy_isa_choose(const char *requested, unsigned allowed, enum perfpy_isa *chosen, char *message,
                          size_t size);

    extern "Python" int perfpy_diffusion_signal(void *context);
    """
)
ffi.set_source("perfpy._ext.diffusion._cffi", '#include "plan.h"')

if __name__ == "__main__":
    ffi.emit_c_code(sys.argv[1])
