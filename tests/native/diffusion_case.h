/* What the tests of the diffusion kernels share: random problems and fields, comparison of bits, interrupts. */
#ifndef DIFFUSION_CASE_H
#define DIFFUSION_CASE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "random.h"

static inline int below(int n)
{
    return (int)(random_bits() % (uint64_t)n);
}

static inline double uniform(double low, double high)
{
    return low + (high - low) * ((double)(random_bits() >> 11) * 0x1p-53);
}

static inline size_t cell_bytes(const struct diffusion_problem *problem)
{
    return problem->single ? sizeof(float) : sizeof(double);
}

static inline size_t field_cells(const struct diffusion_problem *problem)
{
    return (size_t)(problem->shape[0] * problem->shape[1] * problem->shape[2]);
}

/* The cell beside `index`; itself at a reflecting side. A held cell asks for none beyond its side. */
static inline ptrdiff_t beside(const struct diffusion_problem *problem, int axis, ptrdiff_t index, int direction)
{
    const ptrdiff_t size = problem->shape[axis], next = index + direction;
    if (next >= 0 && next < size)
        return next;
    return problem->sides[axis][0] == DIFFUSION_PERIODIC ? (next + size) % size : index;
}

static inline bool held(const struct diffusion_problem *problem, const ptrdiff_t at[3])
{
    for (int axis = 0; axis < 3; axis++)
        if ((at[axis] == 0 && problem->sides[axis][0] == DIFFUSION_HELD) ||
            (at[axis] == problem->shape[axis] - 1 && problem->sides[axis][1] == DIFFUSION_HELD))
            return true;
    return false;
}

static inline double get(const struct diffusion_problem *problem, const void *field, size_t cell)
{
    return problem->single ? (double)((const float *)field)[cell] : ((const double *)field)[cell];
}

static inline void set(const struct diffusion_problem *problem, void *field, size_t cell, double value)
{
    if (problem->single)
        ((float *)field)[cell] = (float)value;
    else
        ((double *)field)[cell] = value;
}

static inline void *new_field(const struct diffusion_problem *problem)
{
    void *field = malloc(field_cells(problem) * cell_bytes(problem));
    if (!field)
        abort();
    return field;
}

/* A number around the least ones: near a place from 0 to 1, where it grows by 2**60; or any of these, of either sign. */
static inline double faint(const struct diffusion_problem *problem, double place, bool smooth)
{
    const double least = problem->single ? -150 : -1075;
    if (smooth)
        return exp2(least + 60 * place);
    return below(4) == 0 ? copysign(0.0, uniform(-1, 1)) : uniform(-1, 1) * exp2(least + below(60));
}

static inline void fill(const struct diffusion_problem *problem, void *field)
{
    static const double special[] = {0, -0.0, 1e30, -1e30, 1e-40, 5e-324, 1e-310, INFINITY, -INFINITY, NAN};
    const int kind = below(8);
    const double width = (double)problem->shape[problem->dimensions - 1];
    for (size_t cell = 0; cell < field_cells(problem); cell++) {
        double value = kind == 0 ? (double)(cell % 7 == 0) : uniform(-1, 1);
        if (kind == 1 && below(40) == 0)
            value = special[below(10)];
        if (kind == 2 || kind == 3)
            value = faint(problem, fmod((double)cell, width) / width, kind == 2);
        set(problem, field, cell, value);
    }
}

static inline enum diffusion_side random_side(void)
{
    return below(2) ? DIFFUSION_HELD : DIFFUSION_REFLECTING;
}

static int polls, stop_at_poll;

static inline int stop_at(void *context)
{
    (void)context;
    return ++polls == stop_at_poll;
}

static inline int differ(const struct diffusion_problem *problem, const void *is, const void *want)
{
    for (size_t cell = 0; cell < field_cells(problem); cell++) {
        const double a = get(problem, is, cell), b = get(problem, want, cell);
        if ((isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b)))
            continue;
        printf("%s, shape %td %td %td, sides", problem->single ? "float" : "double", problem->shape[0],
               problem->shape[1], problem->shape[2]);
        for (int axis = 0; axis < 3; axis++)
            printf(" %d%d", problem->sides[axis][0], problem->sides[axis][1]);
        printf(", isotropic %d, %lld steps: cell %zu is %a instead of %a\n", problem->isotropic,
               (long long)problem->steps, cell, a, b);
        return 1;
    }
    return 0;
}

/* Whether the instruction set that the kernel was compiled for is one of this machine. */
static inline int can_run(const char *name)
{
    for (int isa = 0; isa < PERFPY_ISA_COUNT; isa++)
        if (strcmp(name, perfpy_isa_name((enum perfpy_isa)isa)) == 0)
            return perfpy_isa_supported((enum perfpy_isa)isa);
    return 0;
}

#endif
