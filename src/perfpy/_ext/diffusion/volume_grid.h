/* Where the cells are that the levels of a box read and write. */
#ifndef PERFPY_DIFFUSION_VOLUME_GRID_H
#define PERFPY_DIFFUSION_VOLUME_GRID_H

#include "volume_rows.h"

enum {
    RING = PLANES + 2,        /* planes kept of a level */
    LINE = 64 / sizeof(REAL), /* cells of a cache line */
};

/* Cells from first[axis] up to but not including last[axis]. */
struct box {
    ptrdiff_t first[3], last[3];
};

/* The cells of an axis that a level covers. Where the axis is periodic they may lie beyond its ends. */
struct range {
    ptrdiff_t first, last;
};

struct wave {
    const struct diffusion_problem *problem;
    struct box box;
    int levels;
    const REAL *from;
    REAL *to, *ring;
    struct weights weights;
    enum target target; /* of the last level */
    bool part;             /* the box is narrower than the field */
    ptrdiff_t left, width; /* cells of a ring row: the first, negative where it wraps around, and how many */
    ptrdiff_t stride;      /* from one ring row to the next */
    ptrdiff_t top, height; /* rows of a ring plane: the first, and how many */
    ptrdiff_t fetched;     /* rows of the field fetched for the next stage */
    ptrdiff_t unpolled;    /* cells made since the last poll */
};

static bool periodic(const struct wave *wave, int axis)
{
    return wave->problem->sides[axis][0] == DIFFUSION_PERIODIC;
}

/* The cells of the box and `more` around it, as far as the field goes on. */
static struct range covered(const struct wave *wave, int axis, ptrdiff_t more)
{
    struct range range = {wave->box.first[axis] - more, wave->box.last[axis] + more};
    if (!periodic(wave, axis)) {
        const ptrdiff_t size = wave->problem->shape[axis];
        range.first = range.first < 0 ? 0 : range.first;
        range.last = range.last > size ? size : range.last;
    }
    return range;
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t modulo(ptrdiff_t index, ptrdiff_t size)
{
    const ptrdiff_t rest = index % size;
    return rest < 0 ? rest + size : rest;
}

/* The cell that stands at `index`: itself, or the one at the other end, or the one at this end. */
static ptrdiff_t inside(const struct wave *wave, int axis, ptrdiff_t index)
{
    const ptrdiff_t size = wave->problem->shape[axis];
    if (index >= 0 && index < size)
        return index;
    return periodic(wave, axis) ? modulo(index, size) : index < 0 ? 0 : size - 1;
}

static bool held(const struct wave *wave, int axis, ptrdiff_t index)
{
    const enum diffusion_side *sides = wave->problem->sides[axis];
    return (index == 0 && sides[0] == DIFFUSION_HELD) ||
           (index == wave->problem->shape[axis] - 1 && sides[1] == DIFFUSION_HELD);
}

static ptrdiff_t field_row(const struct wave *wave, ptrdiff_t plane, ptrdiff_t row)
{
    return (inside(wave, 0, plane) * wave->problem->shape[1] + inside(wave, 1, row)) * wave->problem->shape[2];
}

/* A row of a level between the field, 0, and the last. */
static REAL *ring_row(const struct wave *wave, int level, ptrdiff_t plane, ptrdiff_t row)
{
    const ptrdiff_t index = (level - 1) * RING + modulo(plane, RING);
    return wave->ring + (index * wave->height + row - wave->top) * wave->stride;
}

static const REAL *old_row(const struct wave *wave, int level, ptrdiff_t plane, ptrdiff_t row)
{
    if (level == 0)
        return wave->from + field_row(wave, plane, row);
    return ring_row(wave, level, periodic(wave, 0) ? plane : inside(wave, 0, plane),
                    periodic(wave, 1) ? row : inside(wave, 1, row));
}

static REAL *new_row(const struct wave *wave, int level, ptrdiff_t plane, ptrdiff_t row)
{
    return level == wave->levels ? wave->to + field_row(wave, plane, row) : ring_row(wave, level, plane, row);
}

/* Where a cell is in the rows that a level reads or writes: rows of the field or rows of a ring. */
static ptrdiff_t offset(const struct wave *wave, bool field, ptrdiff_t cell)
{
    return field ? inside(wave, 2, cell) : cell - wave->left;
}

/* Where the neighbour is that a cell at the end of a stretch has outside it. At the ends of ring rows that stand for a
 * part of a row there is nothing yet: what is computed there is wrong, and so is one more cell at each further level,
 * all of them in the overlap that the level does not need. */
static ptrdiff_t neighbour(const struct wave *wave, bool field, ptrdiff_t cell)
{
    return offset(wave, field, wave->part && !field && periodic(wave, 2) ? cell : inside(wave, 2, cell));
}

static ptrdiff_t round_up(ptrdiff_t number, ptrdiff_t multiple)
{
    return (number + multiple - 1) / multiple * multiple;
}

/* Cells at each end of a part of a row that the levels after the first may spoil: whole lines. */
static ptrdiff_t overlap(int levels)
{
    return round_up(levels - 1, LINE);
}

/* From one ring row to the next: an odd number of lines, so that rows do not fall on the same sets of the cache. With
 * room for a neighbour that is read beyond the end. */
static ptrdiff_t ring_stride(ptrdiff_t cells)
{
    return ((cells / LINE + 1) | 1) * LINE;
}

/* Lays the ring rows out for the box. */
static void place_rings(struct wave *wave)
{
    wave->part = wave->box.last[2] - wave->box.first[2] < wave->problem->shape[2];
    const struct range cells = covered(wave, 2, wave->part ? overlap(wave->levels) : 0);
    const struct range rows = covered(wave, 1, wave->levels - 1);
    wave->left = cells.first;
    wave->width = cells.last - cells.first;
    wave->stride = ring_stride(wave->width);
    wave->top = rows.first;
    wave->height = rows.last - rows.first;
}

/* The stretches that the rows of a level consist of: one, or more where the field is read across the ends of a periodic
 * axis, which overlap at most once on either side. */
static int find_stretches(const struct wave *wave, int level, struct stretch stretches[3])
{
    const bool from_field = level == 1, to_field = level == wave->levels;
    const ptrdiff_t size = wave->problem->shape[2];
    const ptrdiff_t first = to_field ? wave->box.first[2] : wave->left;
    const ptrdiff_t last = to_field ? wave->box.last[2] : wave->left + wave->width;
    int count = 0;
    for (ptrdiff_t cell = first, end; cell < last; cell = end) {
        const ptrdiff_t end_of_row = cell - modulo(cell, size) + size;
        end = from_field && end_of_row < last ? end_of_row : last;
        stretches[count++] = (struct stretch){
            .from = offset(wave, from_field, cell),
            .to = offset(wave, to_field, cell),
            .cells = end - cell,
            .before = neighbour(wave, from_field, cell - 1),
            .after = neighbour(wave, from_field, end),
            .held_first = held(wave, 2, cell),
            .held_last = held(wave, 2, end - 1),
        };
    }
    return count;
}

#endif
