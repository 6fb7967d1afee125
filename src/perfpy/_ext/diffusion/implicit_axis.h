/* The tridiagonal systems of implicit steps: one for each line of cells along an axis, all with the same factors.
 *
 * With h half the axis's weight, a system has 1 + 2h on the diagonal and -h beside it; cells at a reflecting side have
 * one link less, held cells are not unknowns. Elimination (Thomas) takes two multiplications and two additions per
 * cell with factors that are computed once. On a periodic axis the last cell is taken out of the system: what the others
 * are follows from it by one more multiplication and addition.
 *
 * The factors are computed in double precision, without a subtraction, and rounded to the type of the cells once.
 */
#ifndef PERFPY_DIFFUSION_IMPLICIT_AXIS_H
#define PERFPY_DIFFUSION_IMPLICIT_AXIS_H

#include <stdlib.h>

#include "kernel.h"

#define INLINE static inline __attribute__((always_inline))

struct axis {
    ptrdiff_t size;         /* cells of the field */
    ptrdiff_t first, count; /* cells that are not held */
    ptrdiff_t unknowns;     /* of them in the system: all, or all but the last of a periodic axis */
    bool periodic;          /* and of more than one cell */
    REAL weight, half;
    REAL *upper, *pivot; /* h over the pivots, and 1 over them */
    REAL *share;         /* periodic: how far the other cells follow the last */
    REAL closing;        /* periodic: 1 over the pivot of the last cell */
};

/* The axis as the problem gives it, without the factors. */
static struct axis describe_axis(const struct diffusion_problem *problem, int axis)
{
    const enum diffusion_side *sides = problem->sides[axis];
    const ptrdiff_t size = problem->shape[axis], first = sides[0] == DIFFUSION_HELD, last = sides[1] == DIFFUSION_HELD;
    const bool periodic = sides[0] == DIFFUSION_PERIODIC && size > 1;
    const ptrdiff_t count = size > first + last ? size - first - last : 0;
    return (struct axis){
        .size = size,
        .first = first,
        .count = count,
        .unknowns = count - periodic,
        .periodic = periodic,
        .weight = (REAL)problem->weights[axis],
        .half = (REAL)(0.5 * problem->weights[axis]),
    };
}

/* The cell beside `index`: across a periodic axis, or at a reflecting side the cell itself. */
INLINE ptrdiff_t beside(const struct axis *axis, ptrdiff_t index, int direction)
{
    const ptrdiff_t next = index + direction;
    if (next >= 0 && next < axis->size)
        return next;
    return axis->periodic ? axis->size - 1 - index : index;
}

/* Pivots of so many cells between sides that are held or not. The excess of a row is what its pivot has over the link to
 * the next cell: 1, and the link to a held cell, or what is left of the link to the cell before when that is
 * eliminated. */
static void find_pivots(double half, ptrdiff_t count, bool first_held, bool last_held, double *upper, double *pivot)
{
    double excess = first_held ? 1.0 + half : 1.0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const double diagonal = i < count - 1 || last_held ? excess + half : excess;
        upper[i] = half / diagonal;
        pivot[i] = 1.0 / diagonal;
        excess = 1.0 + half * (excess / diagonal);
    }
}

static void solve_line(ptrdiff_t count, const double *upper, const double *pivot, double *cells)
{
    for (ptrdiff_t i = 1; i < count; i++)
        cells[i] = cells[i] + upper[i - 1] * cells[i - 1];
    cells[count - 1] = cells[count - 1] * pivot[count - 1];
    for (ptrdiff_t i = count - 2; i >= 0; i--)
        cells[i] = cells[i] * pivot[i] + upper[i] * cells[i + 1];
}

static void round_to_cells(REAL *to, const double *from, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++)
        to[i] = (REAL)from[i];
}

/* What ties the last cell of a periodic axis to the others, given their pivots. `share` and `left` are room. */
static void close_axis(struct axis *axis, double half, const double *upper, const double *pivot, double *share,
                       double *left)
{
    const ptrdiff_t count = axis->unknowns;
    for (ptrdiff_t i = 0; i < count; i++) {
        share[i] = 0;
        left[i] = 1;
    }
    share[0] += half;
    share[count - 1] += half;
    solve_line(count, upper, pivot, share);
    solve_line(count, upper, pivot, left);
    round_to_cells(axis->share, share, count);
    axis->closing = (REAL)(1.0 / (1.0 + half * (left[0] + left[count - 1])));
}

/* Fills the factors of an axis with unknowns; false if there is no memory. */
static bool factor_axis(struct axis *axis, const struct diffusion_problem *problem, int number)
{
    const size_t count = (size_t)axis->unknowns;
    if (count > SIZE_MAX / 4 / sizeof(double))
        return false;
    double *room = malloc(4 * count * sizeof *room);
    if (!room)
        return false;
    double *upper = room, *pivot = room + count;
    const double half = 0.5 * problem->weights[number];
    const enum diffusion_side *sides = problem->sides[number];
    find_pivots(half, axis->unknowns, axis->periodic || sides[0] == DIFFUSION_HELD,
                axis->periodic || sides[1] == DIFFUSION_HELD, upper, pivot);
    round_to_cells(axis->upper, upper, axis->unknowns);
    round_to_cells(axis->pivot, pivot, axis->unknowns);
    if (axis->periodic)
        close_axis(axis, half, upper, pivot, room + 2 * count, room + 3 * count);
    free(room);
    return true;
}

#endif
