/* Many look-ups at once: where memory is waited for, several keys walk in turns, so that the processor waits for that of
 * all of them together. */
#ifndef PERFPY_TRIE_FAST_MANY_H
#define PERFPY_TRIE_FAST_MANY_H

#include "fast_find.h"

#ifndef CACHED_BYTES /* of which a cache has enough that turns cost more than waits; tests have others */
#define CACHED_BYTES (4 << 20)
#endif

enum { FAST_LANES = 12 };

struct fast_lane {
    struct fast_walk walk;
    uint32_t address; /* of the node that is next, which is on its way into the cache */
    uint64_t query;
};

struct fast_batch {
    const struct fast_view *view;
    const struct perfpy_trie_keys *queries;
    int64_t *ranks;
    uint64_t next; /* query without a lane */
};

/* Walks to the next node of the double array; false if the look-up has come to an end. */
static inline bool fast_lane_cells(const struct fast_batch *batch, struct fast_lane *lane)
{
    const enum fast_outcome outcome = fast_walk_cells(batch->view, &lane->walk, true);
    lane->address = fast_target_of(batch->view, lane->walk.cell);
    if (outcome == FAST_ON && lane->address < batch->view->size) {
        __builtin_prefetch(batch->view->nodes + lane->address);
        return true;
    }
    batch->ranks[lane->query] = fast_rank_of(batch->view, &lane->walk, outcome);
    return false;
}

/* Gives a lane the next query that comes to a node; false if there is none. */
static inline bool fast_lane_fill(struct fast_batch *batch, struct fast_lane *lane)
{
    while (batch->next < batch->queries->count) {
        const uint64_t query = batch->next++, *offsets = batch->queries->offsets + query;
        const unsigned char *bytes = batch->queries->bytes;
        lane->walk = (struct fast_walk){bytes + offsets[0], bytes + offsets[1], batch->view->root, 0};
        lane->query = query;
        if (fast_lane_cells(batch, lane))
            return true;
    }
    return false;
}

/* Goes through a node; false if the lane is done for. */
static inline bool fast_lane_step(struct fast_batch *batch, struct fast_lane *lane)
{
    const enum fast_outcome outcome = fast_walk_node(batch->view, &lane->walk, &lane->address, true);
    if (outcome == FAST_ON && lane->address != FAST_NONE) {
        __builtin_prefetch(batch->view->nodes + lane->address);
        return true;
    }
    if (outcome == FAST_ON && fast_lane_cells(batch, lane))
        return true;
    if (outcome != FAST_ON)
        batch->ranks[lane->query] = fast_rank_of(batch->view, &lane->walk, outcome);
    return fast_lane_fill(batch, lane);
}

/* A look-up in a double array without nodes: its next cell is on its way into the cache. */
struct fast_runner {
    const unsigned char *at, *end;
    uint64_t rank, query;
    uint64_t cell; /* that the last step came to */
    uint32_t place, code; /* of the next one */
};

/* Sets a look-up, which is not at its end, to its next cell. */
FAST_INLINE void fast_runner_aim(const struct fast_view *view, struct fast_runner *runner)
{
    runner->code = view->codes[*runner->at++];
    runner->place = fast_target_of(view, runner->cell) + (runner->cell & view->single_mask ? 0 : runner->code);
    __builtin_prefetch(view->cells + (size_t)view->cell_bytes * runner->place);
}

/* Gives a runner the next query that has a byte; false if there is none. */
static inline bool fast_runner_fill(struct fast_batch *batch, struct fast_runner *runner)
{
    const struct fast_view *view = batch->view;
    while (batch->next < batch->queries->count) {
        const uint64_t query = batch->next++, *offsets = batch->queries->offsets + query;
        const unsigned char *bytes = batch->queries->bytes;
        *runner = (struct fast_runner){bytes + offsets[0], bytes + offsets[1], 0, query, view->root, 0, 0};
        if (runner->at < runner->end) {
            fast_runner_aim(view, runner);
            return true;
        }
        batch->ranks[query] = view->root & view->final_mask && view->count ? 0 : -1;
    }
    return false;
}

/* Goes a step; false where the runner has no more queries to run. */
FAST_INLINE bool fast_runner_step(struct fast_batch *batch, struct fast_runner *runner, bool narrow)
{
    const struct fast_view *view = batch->view;
    const uint32_t place = runner->place;
    const unsigned char *cells = view->cells;
    bool found = false;
    if (place < view->cell_count) {
        runner->cell = narrow ? perfpy_load32(cells + 4 * (size_t)place) : perfpy_load64(cells + 8 * (size_t)place);
        found = (runner->cell & view->code_mask) == runner->code;
    }
    if (found) {
        runner->rank += fast_keys_below(view, place, runner->cell);
        if (runner->at < runner->end) {
            fast_runner_aim(view, runner);
            return true;
        }
        found = runner->cell & view->final_mask && runner->rank < view->count;
    }
    batch->ranks[runner->query] = found ? (int64_t)runner->rank : -1;
    return fast_runner_fill(batch, runner);
}

FAST_INLINE void fast_run(struct fast_batch *batch, bool narrow)
{
    struct fast_runner runners[FAST_LANES];
    unsigned used = 0;
    while (used < FAST_LANES && fast_runner_fill(batch, &runners[used]))
        used++;
    while (used > 0)
        for (unsigned i = 0; i < used; i++)
            if (!fast_runner_step(batch, &runners[i], narrow))
                runners[i--] = runners[--used];
}

static inline void fast_find_many(const struct fast_view *view, const struct perfpy_trie_keys *queries, int64_t *ranks)
{
    struct fast_batch batch = {view, queries, ranks, 0};
    if ((uint64_t)view->cell_bytes * view->cell_count + view->size <= CACHED_BYTES) {
        for (uint64_t i = 0; i < queries->count; i++) {
            const uint64_t *offsets = queries->offsets + i;
            ranks[i] = fast_find(view, queries->bytes + offsets[0], offsets[1] - offsets[0], true);
        }
        return;
    }
    if (fast_is_whole(view)) {
        if (fast_is_narrow(view))
            fast_run(&batch, true);
        else
            fast_run(&batch, false);
        return;
    }
    struct fast_lane lanes[FAST_LANES];
    unsigned used = 0;
    while (used < FAST_LANES && fast_lane_fill(&batch, &lanes[used]))
        used++;
    while (used > 0)
        for (unsigned i = 0; i < used; i++)
            if (!fast_lane_step(&batch, &lanes[i]))
                lanes[i--] = lanes[--used];
}

#endif
