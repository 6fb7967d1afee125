/* Escape-time counts of a Julia set on a grid. */
#ifndef PERFPY_JULIA_KERNEL_H
#define PERFPY_JULIA_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "../common/interrupt.h"
#include "../common/isa.h"

struct julia_grid {
    const double *x, *y;     /* coordinates of the columns and of the rows */
    ptrdiff_t width, height; /* how many of each */
    double c_real, c_imag;
    int32_t max_iterations;
    int32_t *counts; /* height rows of width */
};

enum julia_status { JULIA_DONE, JULIA_INTERRUPTED, JULIA_NO_MEMORY };

/* Fills grid->counts: the count of (x, y) is the number of steps z -> z*z + c, rounded as the reference rounds them, that
 * start from hypot(x, y) < 2, at most max_iterations. Any coordinates, any c. Several threads may call it at once with
 * counts that do not overlap. If it does not return JULIA_DONE the counts are meaningless. */
typedef enum julia_status julia_kernel(const struct julia_grid *grid, const struct perfpy_interrupt *interrupt);

julia_kernel perfpy_julia_baseline, perfpy_julia_avx2, perfpy_julia_avx512;

/* The kernel for an instruction set, which must be one that perfpy_isa_choose() returned. */
julia_kernel *perfpy_julia_variant(enum perfpy_isa isa);

#endif
