/* What all parts of one call share: the grid, the trap, and when the caller was last asked whether to stop. */
#ifndef PERFPY_JULIA_WORK_H
#define PERFPY_JULIA_WORK_H

#include <stdbool.h>

#include "kernel.h"
#include "trap.h"

struct work {
    const struct julia_grid *grid;
    const struct perfpy_interrupt *interrupt;
    struct julia_trap trap;
    int32_t *counts; /* what positions are relative to */
    long budget;     /* vector operations left until the caller is asked again */
};

/* One unit is an iteration of one vector, about 1 ns: a few milliseconds between two questions. */
enum { WORK_BETWEEN_POLLS = 1 << 22 };

/* Accounts for `cost` units of work; true once the caller wants it stopped. */
static inline bool stop_after(struct work *work, long cost)
{
    work->budget -= cost;
    if (work->budget > 0)
        return false;
    work->budget = WORK_BETWEEN_POLLS;
    return work->interrupt->requested(work->interrupt->context) != 0;
}

#endif
