/* Blocks of steps of many points at once.
 *
 * A pass takes one block of steps with all points of a list. It loads a group of vectors and keeps all of them in
 * flight, so that the latency of one hides behind the others. By orbit.h (3) a block needs no test but one at its end.
 * Points found outside there go, as they were before the block, to a queue, from which a second loop repeats
 * the block with a test at each step, for the exact count.
 *
 * What survives is stored compacted, so that vectors stay full.
 */
#ifndef PERFPY_JULIA_PIXELS_H
#define PERFPY_JULIA_PIXELS_H

#include "orbit.h"

enum {
    GROUP = 6, /* vectors in flight */
    GROUP_LANES = GROUP * LANES,
#if defined(VECTOR_AVX512)
    CHECKED_GROUP = 4, /* fewer with a test at each step, which takes more registers */
#else
    CHECKED_GROUP = 2,
#endif
    CHECKED_LANES = CHECKED_GROUP * LANES,
};

/* Points; the arrays have GROUP_LANES elements more than they hold. */
struct points {
    double *x, *y;
    int32_t *position; /* of the count, relative to work->counts */
    int size;
};

/* Points that escape within the next `block` steps. */
struct queue {
    struct points points;
    int32_t *n; /* steps taken */
    int block;
    int limit; /* size at which it is emptied; one pass may add as many points again */
};

INLINE void load_group(vdouble *x, vdouble *y, int vectors, const struct points *points, int first)
{
    for (int v = 0; v < vectors; v++) {
        x[v] = load(points->x + first + v * LANES);
        y[v] = load(points->y + first + v * LANES);
    }
}

/* Takes up to `steps` steps while a point is inside. `count` gets the steps taken. Afterwards a lane is
 * - in `inside`: all steps were taken and the point is still inside, for certain;
 * - in `doubtful`: some point came so near to |z| = 2 that only hypot can tell;
 * - in neither: its count is certain. */
struct checked {
    vint64 count;
    vmask inside, doubtful;
};

INLINE void checked_block(struct checked result[CHECKED_GROUP], vdouble x[CHECKED_GROUP], vdouble y[CHECKED_GROUP], int steps, vdouble c_real,
                          vdouble c_imag)
{
    const vdouble surely_inside = broadcast(4.0 - DOUBT), surely_outside = broadcast(4.0 + DOUBT);
    vmask inside[CHECKED_GROUP];
    vint64 count[CHECKED_GROUP];
    vdouble last[CHECKED_GROUP]; /* |z|^2 where it was first not surely inside */
    for (int v = 0; v < CHECKED_GROUP; v++) {
        inside[v] = all_lanes();
        count[v] = (vint64){0};
        last[v] = broadcast(0.0);
    }
    for (int s = 0; s < steps; s++) {
#pragma GCC unroll 8
        for (int v = 0; v < CHECKED_GROUP; v++) {
            const vdouble xx = x[v] * x[v], yy = y[v] * y[v], xy = x[v] * y[v];
            last[v] = choose(inside[v], xx + yy, last[v]);
            inside[v] = below(last[v], surely_inside); /* once false, last stays as it is, and so does this */
            count[v] = count_lanes(count[v], inside[v]);
            x[v] = (xx - yy) + c_real;
            y[v] = twice_plus(xy, c_imag);
        }
    }
    for (int v = 0; v < CHECKED_GROUP; v++) {
        last[v] = choose(inside[v], x[v] * x[v] + y[v] * y[v], last[v]);
        result[v].inside = inside[v] & below(last[v], surely_inside);
        result[v].doubtful = below(last[v], surely_outside) & ~result[v].inside;
        result[v].count = count[v];
    }
}

/* n + count, but at most limit >= n; the sum itself might overflow. */
INLINE int32_t limited_sum(int32_t n, int64_t count, int32_t limit)
{
    return count < limit - n ? n + (int32_t)count : limit;
}

/* Writes the counts of a vector's lanes `bits`; those in doubt are counted anew from (x[lane], y[lane]) after n[lane]
 * steps. False if the caller wants the work stopped. */
static bool write_counts(struct work *work, const struct checked *result, unsigned bits, const double *x,
                         const double *y, const int32_t *position, const int32_t *n)
{
    const int32_t limit = work->grid->max_iterations;
    int64_t count[LANES];
    memcpy(count, &result->count, sizeof count);
    if (bits == ALL_LANES)
        for (int lane = 0; lane < LANES; lane++)
            work->counts[position[lane]] = limited_sum(n[lane], count[lane], limit);
    else
        for (unsigned left = bits; left; left &= left - 1) {
            const int lane = __builtin_ctz(left);
            work->counts[position[lane]] = limited_sum(n[lane], count[lane], limit);
        }
    for (unsigned left = bits & lane_bits(result->doubtful); left; left &= left - 1) {
        const int lane = __builtin_ctz(left);
        if (!count_exactly(work, x[lane], y[lane], n[lane], &work->counts[position[lane]]))
            return false;
    }
    return true;
}

/* Puts harmless points behind the last one, so that whole groups can be computed with. */
static void pad(struct points *points)
{
    for (int i = points->size; i < points->size + GROUP_LANES; i++) {
        points->x[i] = points->y[i] = 0.0;
        points->position[i] = 0;
    }
}

/* The lanes of the vector at `at` that hold points. */
INLINE unsigned occupied(const struct points *points, int at)
{
    const int left = points->size - at;
    return left >= LANES ? ALL_LANES : left > 0 ? (1u << left) - 1 : 0;
}

/* Repeats the last block of the queued points with a test at each step and writes their counts. More steps than
 * the block had do no harm: who has left stays outside. */
static bool finish_queue(struct work *work, struct queue *queue)
{
    struct points *points = &queue->points;
    const vdouble c_real = broadcast(work->grid->c_real), c_imag = broadcast(work->grid->c_imag);
    pad(points);
    for (int first = 0; first < points->size; first += CHECKED_LANES) {
        struct checked result[CHECKED_GROUP];
        vdouble x[CHECKED_GROUP], y[CHECKED_GROUP];
        load_group(x, y, CHECKED_GROUP, points, first);
        checked_block(result, x, y, queue->block, c_real, c_imag);
        for (int v = 0; v < CHECKED_GROUP; v++) {
            const int at = first + v * LANES;
            if (!write_counts(work, &result[v], occupied(points, at), points->x + at, points->y + at,
                              points->position + at, queue->n + at))
                return false;
        }
    }
    const long cost = 2L * (points->size / LANES + 1) * queue->block;
    points->size = 0;
    return !stop_after(work, cost);
}

/* Appends the lanes `bits` of the points at `from`, which have taken n steps, to the queue. */
INLINE void enqueue(struct queue *queue, const struct points *points, int from, unsigned bits, int32_t n)
{
    const int to = queue->points.size;
    compact(queue->points.x + to, load(points->x + from), bits);
    compact(queue->points.y + to, load(points->y + from), bits);
    compact_ints(queue->points.position + to, points->position + from, bits);
    for (int lane = 0; lane < LANES; lane++)
        queue->n[to + lane] = n;
    queue->points.size = to + __builtin_popcount(bits);
}

/* Stores the lanes `bits` of (x, y), with the positions at `from`, at index `to` <= `from`; returns the index after
 * them. Nothing from `from` + LANES on is touched. */
INLINE int keep(const struct points *points, vdouble x, vdouble y, int from, int to, unsigned bits)
{
    if (bits == ALL_LANES) {
        store(points->x + to, x);
        store(points->y + to, y);
        copy_ints(points->position + to, points->position + from);
        return to + LANES;
    }
    compact(points->x + to, x, bits);
    compact(points->y + to, y, bits);
    compact_ints(points->position + to, points->position + from, bits);
    return to + __builtin_popcount(bits);
}

/* One block of steps of all points, which have taken n, without a test but at the end. */
static bool pass_unchecked(struct work *work, struct points *list, int32_t n, int steps, struct queue *queue)
{
    const struct julia_trap *trap = &work->trap;
    const vdouble c_real = broadcast(work->grid->c_real), c_imag = broadcast(work->grid->c_imag);
    /* |z - w|^2 < r^2 as |z|^2 < 2 Re(w' z) + r^2 - |w|^2. The sides are off by less than 1e-14 where |z| < 2. */
    const vdouble twice_wx = broadcast(2.0 * trap->x), twice_wy = broadcast(2.0 * trap->y);
    const vdouble rest = broadcast(
        trap->period ? trap->radius * trap->radius - trap->x * trap->x - trap->y * trap->y - DOUBT : -100.0);
    const vdouble surely_inside = broadcast(4.0 - DOUBT);
    const struct points points = *list; /* copies, so that no store can change the pointers */
    struct queue queued = *queue;
    int kept = 0;
    for (int first = 0; first < points.size; first += GROUP_LANES) {
        vdouble x[GROUP], y[GROUP];
        load_group(x, y, GROUP, &points, first);
        for (int s = 0; s < steps; s++) {
#pragma GCC unroll 8
            for (int v = 0; v < GROUP; v++)
                step(&x[v], &y[v], c_real, c_imag);
        }
#pragma GCC unroll 8
        for (int v = 0; v < GROUP; v++) {
            const int at = first + v * LANES;
            const unsigned valid = occupied(&points, at);
            const vdouble norm = fused(x[v], x[v], y[v] * y[v]);
            const vdouble reach = fused(twice_wx, x[v], fused(twice_wy, y[v], rest));
            const unsigned inside = lane_bits(below(norm, surely_inside)) & valid;
            const unsigned trapped = lane_bits(below(norm, reach));
            if (inside != valid)
                enqueue(&queued, &points, at, valid & ~inside, n);
            kept = keep(&points, x[v], y[v], at, kept, inside & ~trapped);
        }
    }
    list->size = kept;
    queue->points.size = queued.points.size;
    return queue->points.size < queue->limit || finish_queue(work, queue);
}

/* The same for any c, even one with which orbits come back into |z| < 2: a test at each step. */
static bool pass_checked(struct work *work, struct points *points, int32_t n, int steps)
{
    const vdouble c_real = broadcast(work->grid->c_real), c_imag = broadcast(work->grid->c_imag);
    int32_t taken[LANES];
    for (int lane = 0; lane < LANES; lane++)
        taken[lane] = n;
    int kept = 0;
    for (int first = 0; first < points->size; first += CHECKED_LANES) {
        struct checked result[CHECKED_GROUP];
        vdouble x[CHECKED_GROUP], y[CHECKED_GROUP];
        load_group(x, y, CHECKED_GROUP, points, first);
        checked_block(result, x, y, steps, c_real, c_imag);
        for (int v = 0; v < CHECKED_GROUP; v++) {
            const int at = first + v * LANES;
            const unsigned valid = occupied(points, at), inside = lane_bits(result[v].inside) & valid;
            if (!write_counts(work, &result[v], valid & ~inside, points->x + at, points->y + at, points->position + at,
                              taken))
                return false;
            kept = keep(points, x[v], y[v], at, kept, inside);
        }
    }
    points->size = kept;
    return true;
}

#endif
