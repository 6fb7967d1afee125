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
    const void *diffusivity;          /* of each cell, or NULL; if given, weights are dt/dx**2 */
    const void *start;                /* the field before the first step */
    void *out;                        /* the field after the last one; does not overlap `start` */
};

enum diffusion_status { DIFFUSION_DONE, DIFFUSION_INTERRUPTED, DIFFUSION_STOPPED, DIFFUSION_NO_MEMORY };

/* A piece of a pass: `steps` steps, read from the field `from` and written to the field `to`, of the cells whose index
 * along the first axis is from `begin` to `end` - 1. What they depend on is read from `from` too, `steps` cells far. */
struct diffusion_piece {
    const struct diffusion_problem *problem;
    const void *from;
    void *to;
    int steps;             /* from 1 to the method's depth */
    ptrdiff_t begin, end;
    void *workspace;       /* of the calling thread, aligned to DIFFUSION_ALIGNMENT; its contents mean nothing */
};

enum { DIFFUSION_ALIGNMENT = 4096 };

/* Does a piece; asks `interrupt` every few milliseconds and stops if told to. Needs no memory of its own. */
typedef enum diffusion_status diffusion_advance(const struct diffusion_piece *piece,
                                                const struct perfpy_interrupt *interrupt);

/* How to do the pieces of a problem. */
struct diffusion_method {
    diffusion_advance *advance;
    int depth;        /* steps of a pass: at least 1 */
    size_t workspace; /* bytes; 0 if its size would overflow, which is no memory */
};

/* The explicit method of an instruction set for a problem: of one of 1 or 2 dimensions or with a diffusivity in each
 * cell, and of the others, by the type of their cells. */
typedef struct diffusion_method diffusion_choose(const struct diffusion_problem *problem);

diffusion_choose perfpy_diffusion_baseline, perfpy_diffusion_avx2, perfpy_diffusion_avx512;
diffusion_choose perfpy_diffusion_volume_baseline_float, perfpy_diffusion_volume_avx2_float,
    perfpy_diffusion_volume_avx512_float;
diffusion_choose perfpy_diffusion_volume_baseline_double, perfpy_diffusion_volume_avx2_double,
    perfpy_diffusion_volume_avx512_double;

/* The explicit method for any problem, of an instruction set, which must be one that perfpy_isa_choose() returned. */
struct diffusion_method perfpy_diffusion_method(enum perfpy_isa isa, const struct diffusion_problem *problem);

#endif
