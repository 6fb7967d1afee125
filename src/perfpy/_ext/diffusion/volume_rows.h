/* Rows of one step in three dimensions: several planes at once, so that neighbours across planes are in registers.
 *
 * A group is the same row of PLANES planes that follow each other. With one plane at a time each new row draws five
 * old rows through the cache; with a group, PLANES rows draw 3 * PLANES + 2, and where the neighbouring rows are still
 * in the first-level cache from the row before, PLANES + 2. That traffic is what limits this loop, not the 9 operations.
 */
#ifndef PERFPY_DIFFUSION_VOLUME_ROWS_H
#define PERFPY_DIFFUSION_VOLUME_ROWS_H

#include <string.h>

#include "kernel.h"

#if defined(__AVX512F__)
#include <immintrin.h>
enum { VECTOR_BYTES = 64 };
#elif defined(__AVX__)
#include <immintrin.h>
enum { VECTOR_BYTES = 32 };
#else
#if defined(__SSE2__)
#include <emmintrin.h>
#endif
enum { VECTOR_BYTES = 16 };
#endif

enum { PLANES = 4, LANES = VECTOR_BYTES / sizeof(REAL) };

typedef REAL vreal __attribute__((vector_size(VECTOR_BYTES)));

#define INLINE static inline __attribute__((always_inline))

INLINE vreal load(const REAL *from)
{
    vreal v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE vreal broadcast(REAL value)
{
    return (vreal){0} + value;
}

/* Asks for a line to be brought to the second-level cache. */
INLINE void fetch(const REAL *line)
{
    __builtin_prefetch(line, 0, 2);
}

/* How results go to memory. Past the caches, as a line that is not read again soon would first be fetched, to be
 * overwritten; but only whole lines: stores narrower than a line gain nothing, and rows that do not begin with a line lose
 * more at their ends than they gain. */
enum target { CACHED, STREAMED };

INLINE void store(REAL *to, vreal v, enum target target)
{
#if defined(__AVX512F__)
    if (target == STREAMED) {
        _mm512_stream_si512((void *)to, (__m512i)v);
        return;
    }
#endif
    (void)target;
    memcpy(to, &v, sizeof v);
}

/* What the operation needs to know of the problem. */
struct weights {
    bool isotropic;
    REAL k[3];
};

/* A stretch of a row whose ends may be the ends of the grid. */
struct stretch {
    ptrdiff_t from, to;      /* offsets of its first cell in old and in new rows */
    ptrdiff_t cells;         /* at least 1 */
    ptrdiff_t before, after; /* offsets in old rows of the neighbours beyond its ends */
    bool held_first, held_last;
};

struct group {
    const REAL *centre[PLANES + 2]; /* old rows of the plane before, of the planes, of the plane after */
    ptrdiff_t above, below;         /* from an old row to the old rows before and after it in its plane */
    REAL *new[PLANES];
    const REAL *ahead[2]; /* rows to fetch into the cache meanwhile, or NULL */
};

/* The operation on numbers and on vectors, in the order that all backends share. 2*g is exact. */
#define STEP(isotropic, k, g, a0, b0, a1, b1, a2, b2)                                                          \
    ((isotropic) ? (g) + (k)[0] * (((((((a0) + (b0)) + (a1)) + (b1)) + (a2)) + (b2)) - (REAL)6 * (g))              \
                 : (g) + (((k)[0] * (((a0) + (b0)) - ((g) + (g))) + (k)[1] * (((a1) + (b1)) - ((g) + (g)))) + \
                          (k)[2] * (((a2) + (b2)) - ((g) + (g)))))

/* Rows shorter than a vector. */
static void short_rows(const struct group *group, int planes, const struct stretch *s, const struct weights *w)
{
    for (int i = 0; i < planes; i++) {
        const REAL *old = group->centre[i + 1] + s->from;
        const ptrdiff_t last = s->cells - 1;
        for (ptrdiff_t x = 0; x <= last; x++) {
            const REAL g = old[x];
            const REAL a2 = x == 0 ? group->centre[i + 1][s->before] : old[x - 1];
            const REAL b2 = x == last ? group->centre[i + 1][s->after] : old[x + 1];
            const REAL a0 = group->centre[i][s->from + x], b0 = group->centre[i + 2][s->from + x];
            const REAL a1 = old[x + group->above], b1 = old[x + group->below];
            const bool held = (x == 0 && s->held_first) || (x == last && s->held_last);
            group->new[i][s->to + x] = held ? g : STEP(w->isotropic, w->k, g, a0, b0, a1, b1, a2, b2);
        }
    }
}

/* The LANES elements of `low` and `high`, one after the other, from element `start` on, a constant. */
INLINE vreal window(vreal low, vreal high, int start)
{
#if defined(__clang__)
    REAL both[2 * LANES];
    memcpy(both, &low, sizeof low);
    memcpy(both + LANES, &high, sizeof high);
    return load(both + start);
#else
    __typeof__(low < high) order;
    for (int lane = 0; lane < LANES; lane++)
        order[lane] = start + lane;
    return __builtin_shuffle(low, high, order);
#endif
}

/* What is constant for a call, copied out of the structures: stores could change what these point to. */
struct rows {
    const REAL *centre[PLANES + 2];
    ptrdiff_t above, below;
    REAL *new[PLANES];
    vreal k[3];
};

/* One vector of each plane, at cell x. `first` and `last`: it holds the first, the last cell of the stretch. */
INLINE void step_vectors(const struct rows *rows, int planes, bool isotropic, ptrdiff_t x, const struct stretch *s,
                         bool first, bool last, enum target target)
{
    vreal g[PLANES + 2], before[PLANES], after[PLANES];
#pragma GCC unroll 8
    for (int i = 0; i < planes + 2; i++)
        g[i] = load(rows->centre[i] + x);
#pragma GCC unroll 8
    for (int i = 0; i < planes; i++) {
        const REAL *old = rows->centre[i + 1];
        before[i] = first ? window(broadcast(old[s->before - s->from]), g[i + 1], LANES - 1) : load(old + x - 1);
        after[i] = last ? window(g[i + 1], broadcast(old[s->after - s->from]), 1) : load(old + x + 1);
    }
#pragma GCC unroll 8
    for (int i = 0; i < planes; i++) {
        const vreal old = g[i + 1];
        const vreal above = load(rows->centre[i + 1] + (x + rows->above));
        const vreal below = load(rows->centre[i + 1] + (x + rows->below));
        vreal new = STEP(isotropic, rows->k, old, g[i], g[i + 2], above, below, before[i], after[i]);
        if (first && s->held_first)
            new = window(window(old, old, 1), window(new, new, 1), LANES - 1);
        if (last && s->held_last)
            new = window(window(new, new, LANES - 1), window(old, old, LANES - 1), 1);
        store(rows->new[i] + x, new, target);
    }
}

/* The cells of a row in front of the first address that is a multiple of a vector. */
INLINE ptrdiff_t unaligned_cells(const REAL *row)
{
    return (ptrdiff_t)(-(uintptr_t)row % VECTOR_BYTES / sizeof(REAL));
}

INLINE void step_rows(const struct group *group, int planes, const struct stretch *stretch, const struct weights *w,
                      bool isotropic, enum target target)
{
    const struct stretch s = *stretch;
    struct rows rows = {.above = group->above, .below = group->below};
#pragma GCC unroll 8
    for (int i = 0; i < planes + 2; i++)
        rows.centre[i] = group->centre[i] + s.from;
#pragma GCC unroll 8
    for (int i = 0; i < planes; i++)
        rows.new[i] = group->new[i] + s.to;
    for (int axis = 0; axis < 3; axis++)
        rows.k[axis] = broadcast(w->k[axis]);
    const REAL *ahead0 = group->ahead[0], *ahead1 = group->ahead[1];
    for (int i = 0; i < 2 && group->ahead[i]; i++) {
        fetch(group->ahead[i]); /* the others follow with their vectors */
        fetch(group->ahead[i] + s.cells - 1);
    }

    /* The first and the last vector overlap those beside them where the others would not be aligned. */
    const ptrdiff_t last = s.cells - LANES, head = unaligned_cells(rows.new[0]);
    if (last == 0) {
        step_vectors(&rows, planes, isotropic, 0, &s, true, true, target);
        return;
    }
    step_vectors(&rows, planes, isotropic, 0, &s, true, false, target);
    for (ptrdiff_t x = head ? head : LANES; x < last; x += LANES) {
        if (ahead0)
            fetch(ahead0 + x);
        if (ahead1)
            fetch(ahead1 + x);
        step_vectors(&rows, planes, isotropic, x, &s, false, false, target);
    }
    step_vectors(&rows, planes, isotropic, last, &s, false, true, target);
}

/* One function for each combination, so that inside it is constant. */
#define STEP_ROWS(name, planes, isotropic, target)                                                          \
    static __attribute__((noinline)) void name(const struct group *group, const struct stretch *stretch,   \
                                               const struct weights *weights)                               \
    {                                                                                                       \
        step_rows(group, planes, stretch, weights, isotropic, target);                                      \
    }

STEP_ROWS(one_plane, 1, true, CACHED)
STEP_ROWS(one_plane_weighted, 1, false, CACHED)
STEP_ROWS(planes_kept, PLANES, true, CACHED)
STEP_ROWS(planes_kept_weighted, PLANES, false, CACHED)
STEP_ROWS(planes_streamed, PLANES, true, STREAMED)
STEP_ROWS(planes_streamed_weighted, PLANES, false, STREAMED)

/* The new rows are the old ones. */
static void keep_rows(const struct group *group, int planes, const struct stretch *stretch)
{
    for (int i = 0; i < planes; i++)
        memcpy(group->new[i] + stretch->to, group->centre[i + 1] + stretch->from,
               (size_t)stretch->cells * sizeof(REAL));
}

typedef void rows_function(const struct group *group, const struct stretch *stretch, const struct weights *weights);

/* Makes the new rows of a group of 1 or of PLANES planes. Streamed rows begin and end with a line. */
static void make_rows(const struct group *group, int planes, const struct stretch *stretch,
                      const struct weights *weights, enum target target)
{
    static rows_function *const functions[2][3] = {
        {one_plane_weighted, planes_kept_weighted, planes_streamed_weighted},
        {one_plane, planes_kept, planes_streamed},
    };
    if (stretch->cells < LANES)
        short_rows(group, planes, stretch, weights);
    else
        functions[weights->isotropic][planes == 1 ? 0 : target == STREAMED ? 2 : 1](group, stretch, weights);
}

#endif
