/* What implicit steps do to rows of cells that lie across the lines of a system: plain loops, which compilers make
 * into vector operations. */
#ifndef PERFPY_DIFFUSION_IMPLICIT_ROWS_H
#define PERFPY_DIFFUSION_IMPLICIT_ROWS_H

#include "implicit_axis.h"

/* A row of the field and those beside it. The axes of a field of fewer dimensions are the last ones. */
struct surroundings {
    const REAL *row;
    const REAL *before[2], *after[2]; /* along axes 0 and 1 */
    REAL weights[3];
};

/* What flows into a cell in a step, as it is before the step: a sum over the last `dimensions` axes. */
INLINE REAL flow(const struct surroundings *s, int dimensions, ptrdiff_t x, ptrdiff_t left, ptrdiff_t right)
{
    const REAL twice = s->row[x] + s->row[x];
    const REAL along_row = s->weights[2] * ((s->row[left] + s->row[right]) - twice);
    if (dimensions == 1)
        return along_row;
    const REAL along_1 = s->weights[1] * ((s->before[1][x] + s->after[1][x]) - twice);
    if (dimensions == 2)
        return along_1 + along_row;
    const REAL along_0 = s->weights[0] * ((s->before[0][x] + s->after[0][x]) - twice);
    return (along_0 + along_1) + along_row;
}

INLINE void flow_row(const struct surroundings *surroundings, int dimensions, const struct axis *axis, ptrdiff_t begin,
                     ptrdiff_t end, REAL *restrict to)
{
    const struct surroundings s = *surroundings;
    const ptrdiff_t last = axis->size - 1;
    ptrdiff_t x = begin;
    if (x == 0 && x < end) {
        to[0] = flow(&s, dimensions, 0, beside(axis, 0, -1), beside(axis, 0, 1));
        x++;
    }
    const ptrdiff_t inner = end < last ? end : last;
    for (; x < inner; x++)
        to[x] = flow(&s, dimensions, x, x - 1, x + 1);
    if (x < end)
        to[x] = flow(&s, dimensions, x, x - 1, beside(axis, x, 1));
}

/* The steps of elimination along an axis, for rows of cells `stride` apart from the same cells of the next row.
 * `row` is that of unknown i; the one before has been eliminated, the one after is solved. */
static void eliminate_row(const struct axis *axis, ptrdiff_t i, REAL *row, ptrdiff_t stride, ptrdiff_t cells)
{
    if (i == 0)
        return;
    const REAL upper = axis->upper[i - 1];
    const REAL *restrict previous = row - stride;
    for (ptrdiff_t x = 0; x < cells; x++)
        row[x] = row[x] + upper * previous[x];
}

static void solve_row(const struct axis *axis, ptrdiff_t i, REAL *row, ptrdiff_t stride, ptrdiff_t cells)
{
    const REAL pivot = axis->pivot[i], upper = axis->upper[i];
    if (i == axis->unknowns - 1) {
        for (ptrdiff_t x = 0; x < cells; x++)
            row[x] = row[x] * pivot;
        return;
    }
    const REAL *restrict next = row + stride;
    for (ptrdiff_t x = 0; x < cells; x++)
        row[x] = row[x] * pivot + upper * next[x];
}

/* The last row of a periodic axis, that of cell i, from the others that have been solved as if it were 0. */
static void close_row(const struct axis *axis, ptrdiff_t i, REAL *last, ptrdiff_t stride, ptrdiff_t cells)
{
    const REAL half = axis->half, closing = axis->closing;
    const REAL *restrict first = last - i * stride, *restrict before = last - stride;
    for (ptrdiff_t x = 0; x < cells; x++)
        last[x] = (last[x] + half * (first[x] + before[x])) * closing;
}

/* Row i of a periodic axis, once the last is known. */
static void share_row(const struct axis *axis, ptrdiff_t i, REAL *row, ptrdiff_t stride, ptrdiff_t cells)
{
    const REAL share = axis->share[i];
    const REAL *restrict last = row + (axis->unknowns - i) * stride;
    for (ptrdiff_t x = 0; x < cells; x++)
        row[x] = row[x] + share * last[x];
}

#endif
