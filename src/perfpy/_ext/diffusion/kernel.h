/* Explicit steps of the diffusion equation on a regular grid, several steps per pass through memory. */
#ifndef PERFPY_DIFFUSION_KERNEL_H
#define PERFPY_DIFFUSION_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/interrupt.h"
#include "../common/isa.h"

/* What is beyond a side of the grid: the opposite side; nothing, as the cells of the side keep their values; or a copy
 * of the cells of the side, so that nothing flows through it. If one side of an axis is periodic, so is the other. */
enum diffusion_side { DIFFUSION_PERIODIC, DIFFUSION_HELD, DIFFUSION_REFLECTING };

struct diffusion_problem {
    int dimensions;                   /* 1 to 3 */
    ptrdiff_t shape[3];               /* cells along each axis, all at least 1; the last axis is contiguous */
    enum diffusion_side sides[3][2];  /* of each axis: before its first cell, after its last */
    bool isotropic;                   /* one weight for all axes: the sum over all neighbours is taken first */
    double weights[3];                /* D*dt/dx**2 of each axis, exact in the type of the field */
    int64_t steps;                    /* at least 1 */
    bool single;                      /* cells are float, else double */
    const void *start;                /* the field before the first step */
    void *out;                        /* the field after the last one; does not overlap `start` */
};

enum diffusion_status { DIFFUSION_DONE, DIFFUSION_INTERRUPTED, DIFFUSION_NO_MEMORY };

#endif
