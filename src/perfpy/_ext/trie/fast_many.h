/* Many look-ups at once: several keys walk in turns, so that the processor waits for the memory of all of them
 * together. */
#ifndef PERFPY_TRIE_FAST_MANY_H
#define PERFPY_TRIE_FAST_MANY_H

#include "fast_find.h"

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

static inline void fast_find_many(const struct fast_view *view, const struct perfpy_trie_keys *queries, int64_t *ranks)
{
    struct fast_batch batch = {view, queries, ranks, 0};
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
