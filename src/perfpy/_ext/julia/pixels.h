/* Counting pixel by pixel: batches of points that have all taken the same number of steps.
 *
 * A batch is three arrays. A pass loads a group of vectors, takes a block of steps with all of them in flight, so that
 * the latency of one hides behind the others, and stores those that go on, compacted, so that the vectors stay
 * full. By orbit.h (3) a block needs no test but one at its end. Points found outside there go, as they were
 * before the block, to a queue, where a second loop repeats the block with a test at each step for the exact count.
 *
 * All points of a batch have taken the same number of steps: no counter per point, no clock, and the limit needs
 * no test. But few points of a batch take very many steps, and the last ones would leave most lanes empty. So batches
 * run in stages: what survives a stage waits until enough others have, and goes on with them.
 */
#ifndef PERFPY_JULIA_PIXELS_H
#define PERFPY_JULIA_PIXELS_H

#include <stdlib.h>

#include "orbit.h"

enum {
    GROUP = 4, /* vectors in flight */
    GROUP_LANES = GROUP * LANES,
    BATCH = 2048,           /* points with which a stage runs */
    FIRST_STAGE = 64,       /* its steps; each later stage ends at STAGE_RATIO times as many */
    STAGE_RATIO = 4,
    MOST_STAGES = 14,       /* 64 * 4^13 = 2^32 > INT32_MAX */
    LONGEST_BLOCK = 40,
};

/* Points, or the queue of those that have escaped; arrays have GROUP_LANES elements more than they hold. */
struct points {
    double *x, *y;
    int32_t *position; /* of the count, relative to work->counts */
    int32_t *n;        /* steps taken; in the queue only */
    int size;
};

struct stage {
    struct points points;
    int32_t start, end; /* steps taken before and after it */
    int block;          /* steps without a test */
};

struct stream {
    struct work *work;
    bool unchecked; /* orbits that left stay outside: |c| < UNCHECKED_LIMIT */
    int stages;
    int batch;
    struct stage stage[MOST_STAGES];
    struct points queue;
    int queue_block; /* length of the longest block in which a point of the queue escapes */
};

static bool allocate_points(struct points *points, int capacity, bool with_n)
{
    const size_t room = (size_t)capacity + GROUP_LANES;
    char *memory = malloc(room * (2 * sizeof(double) + (with_n ? 2 : 1) * sizeof(int32_t)));
    points->x = (double *)memory;
    if (!memory)
        return false;
    points->y = points->x + room;
    points->position = (int32_t *)(points->y + room);
    points->n = with_n ? points->position + room : NULL;
    points->size = 0;
    return true;
}

/* Blocks of a length that shares no factor with the trap's period, so that the end of one block after another falls on
 * every phase of the cycle: only in one phase is the orbit in the trap. */
static int block_length(int least, int period)
{
    for (int length = least; length < LONGEST_BLOCK; length++) {
        int a = length, b = period;
        while (b) {
            const int remainder = a % b;
            a = b;
            b = remainder;
        }
        if (a == 1)
            return length;
    }
    return least;
}

static void close_stream(struct stream *stream)
{
    for (int s = 0; s < stream->stages; s++)
        free(stream->stage[s].points.x);
    free(stream->queue.x);
}

/* Makes room for batches of up to `pixels` points. */
static bool open_stream(struct stream *stream, struct work *work, ptrdiff_t pixels)
{
    const int32_t limit = work->grid->max_iterations;
    *stream = (struct stream){.work = work};
    stream->unchecked = hypot(work->grid->c_real, work->grid->c_imag) < UNCHECKED_LIMIT;
    stream->batch = pixels < BATCH ? (int)pixels : BATCH;
    int64_t end = FIRST_STAGE;
    for (int64_t start = 0; start < limit; start = end, end *= STAGE_RATIO) {
        struct stage *stage = &stream->stage[stream->stages++];
        stage->start = (int32_t)start;
        stage->end = end < limit ? (int32_t)end : limit;
        stage->block = block_length(start ? 8 : 4, work->trap.period);
        if (!allocate_points(&stage->points, stream->batch, false))
            goto no_memory;
    }
    if (allocate_points(&stream->queue, stream->batch, true))
        return true;
no_memory:
    close_stream(stream);
    return false;
}

/* Takes up to `steps` steps while a point is inside. `count` gets the steps taken. Afterwards a lane is
 * - in `inside`: all steps were taken and the point is still inside, for certain;
 * - in `doubtful`: some point came so near to |z| = 2 that only hypot can tell;
 * - in neither: its count is certain. */
struct checked {
    vint64 count;
    vmask inside, doubtful;
};

INLINE void checked_block(struct checked result[GROUP], vdouble x[GROUP], vdouble y[GROUP], int steps, vdouble c_real,
                          vdouble c_imag)
{
    const vdouble surely_inside = broadcast(4.0 - DOUBT), surely_outside = broadcast(4.0 + DOUBT);
    vmask inside[GROUP];
    vint64 count[GROUP];
    vdouble last[GROUP]; /* |z|^2 where it was first not surely inside */
    for (int v = 0; v < GROUP; v++) {
        inside[v] = all_lanes();
        count[v] = (vint64){0};
        last[v] = broadcast(0.0);
    }
    for (int s = 0; s < steps; s++) {
#pragma GCC unroll 8
        for (int v = 0; v < GROUP; v++) {
            const vdouble xx = x[v] * x[v], yy = y[v] * y[v], xy = x[v] * y[v];
            last[v] = choose(inside[v], xx + yy, last[v]);
            inside[v] &= below(last[v], surely_inside);
            count[v] = count_lanes(count[v], inside[v]);
            x[v] = (xx - yy) + c_real;
            y[v] = twice_plus(xy, c_imag);
        }
    }
    for (int v = 0; v < GROUP; v++) {
        last[v] = choose(inside[v], x[v] * x[v] + y[v] * y[v], last[v]);
        result[v].inside = inside[v] & below(last[v], surely_inside);
        result[v].doubtful = below(last[v], surely_outside) & ~result[v].inside;
        result[v].count = count[v];
    }
}

/* Writes the counts of one vector's lanes `done`, which had taken n[] steps (or all n[0]) before the block. */
static bool write_counts(struct work *work, const struct checked *result, unsigned done, const double *x,
                         const double *y, const int32_t *position, const int32_t *n, int stride)
{
    const int32_t limit = work->grid->max_iterations;
    unsigned doubtful = lane_bits(result->doubtful);
    for (int lane = 0; lane < LANES; lane++) {
        if (!(done >> lane & 1))
            continue;
        const int64_t count = n[lane * stride] + result->count[lane];
        work->counts[position[lane]] = count < limit ? (int32_t)count : limit;
        if (doubtful >> lane & 1 &&
            !count_exactly(work, x[lane], y[lane], n[lane * stride], &work->counts[position[lane]]))
            return false;
    }
    return true;
}

/* Repeats the last block of the queued points, all of which escape in it, and writes their counts. More steps than the
 * block had do no harm: who has left stays outside. */
static bool finish_queue(struct stream *stream)
{
    struct points *queue = &stream->queue;
    const int steps = stream->queue_block;
    const struct julia_grid *grid = stream->work->grid;
    const vdouble c_real = broadcast(grid->c_real), c_imag = broadcast(grid->c_imag);
    for (int first = 0; first < queue->size; first += GROUP_LANES) {
        struct checked result[GROUP];
        vdouble x[GROUP], y[GROUP];
        for (int v = 0; v < GROUP; v++) {
            x[v] = load(queue->x + first + v * LANES);
            y[v] = load(queue->y + first + v * LANES);
        }
        checked_block(result, x, y, steps, c_real, c_imag);
        for (int v = 0; v < GROUP; v++) {
            const int at = first + v * LANES, left = queue->size - at;
            const unsigned valid = left >= LANES ? ALL_LANES : left > 0 ? (1u << left) - 1 : 0;
            if (!write_counts(stream->work, &result[v], valid, queue->x + at, queue->y + at, queue->position + at,
                              queue->n + at, 1))
                return false;
        }
    }
    const long cost = (long)queue->size * steps / LANES;
    queue->size = 0;
    return !stop_after(stream->work, cost);
}

/* Appends the lanes `bits` of the points at `from` to the queue. */
INLINE void enqueue(struct points *queue, const struct points *points, int from, unsigned bits, int32_t n)
{
    const int to = queue->size;
    compact(queue->x + to, load(points->x + from), bits);
    compact(queue->y + to, load(points->y + from), bits);
    compact_ints(queue->position + to, points->position + from, bits);
    for (int lane = 0; lane < LANES; lane++)
        queue->n[to + lane] = n;
    queue->size += __builtin_popcount(bits);
}

/* Stores the lanes `bits` of (x, y) and the positions at `from` at index `to` <= `from`; returns the next index.
 * What lies beyond `from` + LANES is left alone. */
INLINE int keep(struct points *points, vdouble x, vdouble y, int from, int to, unsigned bits)
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
static bool pass_unchecked(struct stream *stream, struct points *points, int32_t n, int steps)
{
    const struct julia_grid *grid = stream->work->grid;
    const struct julia_trap *trap = &stream->work->trap;
    const vdouble c_real = broadcast(grid->c_real), c_imag = broadcast(grid->c_imag);
    /* |z - w|^2 < r^2 as |z|^2 < 2 Re(w' z) + r^2 - |w|^2. The sides are off by less than 1e-14 where |z| < 2. */
    const vdouble twice_wx = broadcast(2.0 * trap->x), twice_wy = broadcast(2.0 * trap->y);
    const vdouble rest = broadcast(
        trap->period ? trap->radius * trap->radius - trap->x * trap->x - trap->y * trap->y - DOUBT : -100.0);
    const vdouble surely_inside = broadcast(4.0 - DOUBT);
    int kept = 0;
    for (int first = 0; first < points->size; first += GROUP_LANES) {
        vdouble x[GROUP], y[GROUP];
        for (int v = 0; v < GROUP; v++) {
            x[v] = load(points->x + first + v * LANES);
            y[v] = load(points->y + first + v * LANES);
        }
        for (int s = 0; s < steps; s++) {
#pragma GCC unroll 8
            for (int v = 0; v < GROUP; v++)
                step(&x[v], &y[v], c_real, c_imag);
        }
#pragma GCC unroll 8
        for (int v = 0; v < GROUP; v++) {
            const int at = first + v * LANES, left = points->size - at;
            const unsigned valid = left >= LANES ? ALL_LANES : left > 0 ? (1u << left) - 1 : 0;
            const vdouble norm = fused(x[v], x[v], y[v] * y[v]);
            const unsigned inside = lane_bits(below(norm, surely_inside)) & valid;
            const unsigned trapped = lane_bits(below(norm, fused(twice_wx, x[v], fused(twice_wy, y[v], rest))));
            if (inside != valid)
                enqueue(&stream->queue, points, at, valid & ~inside, n);
            kept = keep(points, x[v], y[v], at, kept, inside & ~trapped);
        }
        if (stream->queue.size > stream->batch - GROUP_LANES && !finish_queue(stream))
            return false;
    }
    points->size = kept;
    return true;
}

/* The same for any c, even one with which orbits come back into |z| < 2: a test at each step. */
static bool pass_checked(struct stream *stream, struct points *points, int32_t n, int steps)
{
    const struct julia_grid *grid = stream->work->grid;
    const vdouble c_real = broadcast(grid->c_real), c_imag = broadcast(grid->c_imag);
    int kept = 0;
    for (int first = 0; first < points->size; first += GROUP_LANES) {
        struct checked result[GROUP];
        vdouble x[GROUP], y[GROUP];
        for (int v = 0; v < GROUP; v++) {
            x[v] = load(points->x + first + v * LANES);
            y[v] = load(points->y + first + v * LANES);
        }
        checked_block(result, x, y, steps, c_real, c_imag);
        for (int v = 0; v < GROUP; v++) {
            const int at = first + v * LANES, left = points->size - at;
            const unsigned valid = left >= LANES ? ALL_LANES : left > 0 ? (1u << left) - 1 : 0;
            const unsigned inside = lane_bits(result[v].inside) & valid;
            if (inside != valid && !write_counts(stream->work, &result[v], valid & ~inside, points->x + at,
                                                 points->y + at, points->position + at, &n, 0))
                return false;
            kept = keep(points, x[v], y[v], at, kept, inside);
        }
    }
    points->size = kept;
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

static bool run_stage(struct stream *stream, int index);

/* Hands the points of a stage to the next one, which runs whenever it has a full batch. */
static bool promote(struct stream *stream, int index)
{
    struct points *points = &stream->stage[index].points, *next = &stream->stage[index + 1].points;
    while (points->size) {
        const int room = stream->batch - next->size, moved = points->size < room ? points->size : room;
        const int from = points->size - moved;
        memcpy(next->x + next->size, points->x + from, (size_t)moved * sizeof *points->x);
        memcpy(next->y + next->size, points->y + from, (size_t)moved * sizeof *points->y);
        memcpy(next->position + next->size, points->position + from, (size_t)moved * sizeof *points->position);
        next->size += moved;
        points->size = from;
        if (next->size == stream->batch && !run_stage(stream, index + 1))
            return false;
    }
    return true;
}

/* Runs a stage with the points it has; those that survive move on. Counts that reach the limit are not written:
 * every count was preset to it. */
static bool run_stage(struct stream *stream, int index)
{
    struct stage *stage = &stream->stage[index];
    struct points *points = &stage->points;
    stream->queue_block = stage->block;
    for (int32_t n = stage->start, steps; n < stage->end && points->size; n += steps) {
        const long groups = points->size / GROUP_LANES + 1;
        steps = stage->end - n < stage->block ? stage->end - n : stage->block;
        pad(points);
        if (!(stream->unchecked ? pass_unchecked : pass_checked)(stream, points, n, steps) ||
            stop_after(stream->work, groups * GROUP * steps))
            return false;
    }
    pad(&stream->queue);
    if (!finish_queue(stream))
        return false;
    if (index + 1 < stream->stages)
        return promote(stream, index);
    points->size = 0;
    return true;
}

/* Runs all stages to the end. */
static bool drain_stream(struct stream *stream)
{
    for (int index = 0; index < stream->stages; index++)
        if (!run_stage(stream, index))
            return false;
    return true;
}

/* Appends the points (x[i], y), i < length <= batch, whose counts lie side by side from `position` on. */
static bool add_points(struct stream *stream, const double *x, double y, int length, int32_t position)
{
    struct points *points = &stream->stage[0].points;
    if (points->size + length > stream->batch && !run_stage(stream, 0))
        return false;
    double *to_x = points->x + points->size, *to_y = points->y + points->size;
    int32_t *to_position = points->position + points->size;
    for (int i = 0; i < length; i++) {
        to_x[i] = x[i];
        to_y[i] = y;
        to_position[i] = position + i;
    }
    points->size += length;
    return true;
}

#endif
