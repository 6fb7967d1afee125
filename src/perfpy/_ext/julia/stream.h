/* Counting points one by one: batches that all have taken the same number of steps.
 *
 * So there is no counter per point, no clock, and the limit needs no test. But few points of a batch take very many
 * steps, and the last ones would leave most lanes empty. Therefore batches run in stages: what survives a stage waits
 * until enough others have, and goes on with them.
 */
#ifndef PERFPY_JULIA_STREAM_H
#define PERFPY_JULIA_STREAM_H

#include <stdlib.h>

#include "pixels.h"

enum {
    BATCH = 2048,     /* points with which a stage runs */
    FIRST_STAGE = 16, /* its steps; each later stage ends at STAGE_RATIO times as many */
    STAGE_RATIO = 4,
    MOST_STAGES = 15, /* 16 * 4^14 = 2^32 > INT32_MAX */
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
    struct queue queue;
    void *memory;
};

/* Steps without a test, by stage: points that have lasted long tend to last. */
static const int least_block[] = {4, 6, 16, 24};

/* Blocks of a length that shares no factor with the trap's period, so that the end of one block after another falls on
 * every phase of the cycle: only in one phase is the orbit in the trap. */
static int block_length(int least, int period)
{
    for (int length = least; length < 2 * least; length++) {
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

static void plan_stages(struct stream *stream)
{
    const int32_t limit = stream->work->grid->max_iterations;
    int64_t end = FIRST_STAGE;
    for (int64_t start = 0; start < limit; start = end, end *= STAGE_RATIO) {
        const int index = stream->stages++;
        struct stage *stage = &stream->stage[index];
        stage->start = (int32_t)start;
        stage->end = end < limit ? (int32_t)end : limit;
        stage->block = block_length(least_block[index < 3 ? index : 3], stream->work->trap.period);
    }
}

static void close_stream(struct stream *stream)
{
    free(stream->memory);
}

/* Makes room for batches of up to `pixels` points, all in one allocation; false if there is none. */
static bool open_stream(struct stream *stream, struct work *work, ptrdiff_t pixels)
{
    *stream = (struct stream){.work = work};
    stream->unchecked = hypot(work->grid->c_real, work->grid->c_imag) < UNCHECKED_LIMIT;
    stream->batch = pixels < BATCH ? (int)pixels : BATCH;
    plan_stages(stream);

    const size_t room = (size_t)stream->batch + GROUP_LANES;
    const size_t lists = (size_t)stream->stages + 2; /* the queue takes two batches */
    stream->memory = malloc(lists * room * 2 * sizeof(double) + (lists + 2) * room * sizeof(int32_t));
    if (!stream->memory)
        return false;
    double *doubles = stream->memory;
    int32_t *ints = (int32_t *)(doubles + lists * room * 2);
    for (int s = 0; s < stream->stages; s++, doubles += 2 * room, ints += room)
        stream->stage[s].points = (struct points){doubles, doubles + room, ints, 0};
    stream->queue.points = (struct points){doubles, doubles + 2 * room, ints, 0};
    stream->queue.n = ints + 2 * room;
    stream->queue.limit = stream->batch;
    return true;
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
 * every count was preset to it. False if the caller wants the work stopped, here and in all that follows. */
static bool run_stage(struct stream *stream, int index)
{
    struct work *work = stream->work;
    struct stage *stage = &stream->stage[index];
    struct points *points = &stage->points;
    struct queue *queue = &stream->queue;
    queue->block = stage->block;
    for (int32_t n = stage->start, steps; n < stage->end && points->size; n += steps) {
        const long vectors = (long)(points->size / GROUP_LANES + 1) * GROUP;
        steps = stage->end - n < stage->block ? stage->end - n : stage->block;
        pad(points);
        const bool done = stream->unchecked ? pass_unchecked(work, points, n, steps, queue)
                                            : pass_checked(work, points, n, steps);
        if (!done || stop_after(work, vectors * steps))
            return false;
    }
    if (!finish_queue(work, queue))
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
INLINE bool add_points(struct stream *stream, const double *x, double y, int length, int32_t position)
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
