/* The geometry of a strip of a plane or a line: what does not depend on the type of the cells. */
#ifndef PERFPY_DIFFUSION_STRIP_H
#define PERFPY_DIFFUSION_STRIP_H

#include "kernel.h"

/* What is beyond an end of a strip: more of the plane, which the strip computes as far as it needs to; or a side of the
 * plane; or, as the strip is as wide as a periodic plane, its own other end. */
enum strip_end { END_OPEN, END_HELD, END_REFLECTING, END_WRAPPED };

struct strip {
    const struct diffusion_piece *piece;
    ptrdiff_t height, width;  /* of the plane; the height of a line is not used */
    ptrdiff_t column, cells;  /* its first column and how many it has */
    enum strip_end left, right;
    enum diffusion_side top, bottom;
    ptrdiff_t slots, stride;  /* rows of the workspace, and cells from one to the next */
    ptrdiff_t front;          /* the first of the two rows that are read next */
    ptrdiff_t front_slot;     /* which slot takes it */
};

static inline ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

static inline ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* How many strips of at most `widest` cells, all about as wide: none so narrow that what its neighbour depends on goes
 * beyond it. */
static inline ptrdiff_t count_strips(ptrdiff_t cells, ptrdiff_t widest, ptrdiff_t lanes)
{
    return cells <= widest ? 1 : (cells + widest - lanes - 1) / (widest - lanes);
}

/* Where the n-th of them begins: all but the last are whole vectors. */
static inline ptrdiff_t strip_begin(ptrdiff_t cells, ptrdiff_t strips, ptrdiff_t n, ptrdiff_t lanes)
{
    return n == strips ? cells : (cells / strips * n + cells % strips * n / strips) / lanes * lanes;
}

/* `index` brought into 0 to n - 1 by whole turns. */
static inline ptrdiff_t wrapped(ptrdiff_t index, ptrdiff_t n)
{
    index %= n;
    return index < 0 ? index + n : index;
}

/* The rows that level `level` has to compute, from *begin to *end - 1. */
static inline void level_rows(const struct strip *strip, int level, ptrdiff_t *begin, ptrdiff_t *end)
{
    const ptrdiff_t reach = strip->piece->steps - level;
    *begin = strip->piece->begin - reach;
    *end = strip->piece->end + reach;
    if (strip->top == DIFFUSION_PERIODIC)
        return;
    *begin = *begin < 0 ? 0 : *begin;
    *end = least(*end, strip->height);
}

static inline bool held_row(const struct strip *strip, ptrdiff_t row)
{
    return (row == 0 && strip->top == DIFFUSION_HELD) ||
           (row == strip->height - 1 && strip->bottom == DIFFUSION_HELD);
}

/* What is beyond an end of a strip that is at the plane's side or not, and is the only one or not. */
static inline enum strip_end strip_end(enum diffusion_side side, bool outermost, bool only)
{
    if (side == DIFFUSION_PERIODIC)
        return only ? END_WRAPPED : END_OPEN;
    if (!outermost)
        return END_OPEN;
    return side == DIFFUSION_HELD ? END_HELD : END_REFLECTING;
}

/* The index before (-1) or after (+1) one on an axis of n cells; the same index beyond a reflecting side. */
static inline ptrdiff_t beside(ptrdiff_t index, int direction, ptrdiff_t n, enum diffusion_side side)
{
    const ptrdiff_t next = index + direction;
    if (next >= 0 && next < n)
        return next;
    return side == DIFFUSION_PERIODIC ? wrapped(next, n) : index;
}

/* Whether one of the first `axes` indices is that of a held side. */
static inline bool on_held_side(const struct diffusion_problem *problem, int axes, const ptrdiff_t *index)
{
    for (int axis = 0; axis < axes; axis++)
        if ((index[axis] == 0 && problem->sides[axis][0] == DIFFUSION_HELD) ||
            (index[axis] == problem->shape[axis] - 1 && problem->sides[axis][1] == DIFFUSION_HELD))
            return true;
    return false;
}

#endif
