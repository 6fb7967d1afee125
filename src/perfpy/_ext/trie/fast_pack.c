/* The order of nodes: first the most popular ones, near address 0 where references are short; then, from the root
 * downwards, every node behind what it refers to, large subtrees first, so that the last and most of the targets are
 * close.
 */
#include <stdlib.h>

#include "fast_pack.h"

enum { STEPS_PER_NODE = 4, MOST_POPULAR = FAST_NEAR_2 / 2, LARGEST = 1 << FAST_TARGET_BITS };

/* While shapes are counted, one of so many states of the double array stands for all, where there are many. */
enum { SAMPLED = 4, FEW_STATES = 4096 };

/* States that wait for their nodes. A state is expanded when its targets are on the stack above it. */
struct waiting {
    uint32_t *states; /* state << 1 | expanded: there are at most 2**30 of them */
    size_t count, capacity;
};

static bool push(struct waiting *waiting, uint32_t state)
{
    if (waiting->count == waiting->capacity) {
        const size_t larger = waiting->capacity * 2 + 1024;
        uint32_t *states = realloc(waiting->states, larger * sizeof *states);
        if (!states)
            return false;
        waiting->states = states;
        waiting->capacity = larger;
    }
    waiting->states[waiting->count++] = state << 1;
    return true;
}

/* Pushes the targets that have no node yet, those with most keys last. */
static bool push_targets(const struct fast_packer *packer, struct waiting *waiting, uint32_t state)
{
    const struct fast_plan plan = perfpy_fast_plan(packer, state);
    const size_t from = waiting->count;
    for (uint32_t i = 0; i < plan.ways; i++) {
        const uint32_t target = fast_target(plan.edges[i]);
        if (packer->address[target] != FAST_NOWHERE)
            continue;
        if (!push(waiting, target))
            return false;
        size_t at = waiting->count - 1;
        for (; at > from && packer->keys[waiting->states[at - 1] >> 1] > packer->keys[target]; at--)
            waiting->states[at] = waiting->states[at - 1];
        waiting->states[at] = target << 1;
    }
    return true;
}

/* Pushes the targets of a state of the double array that are not in it. */
static bool push_frontier(const struct fast_packer *packer, struct waiting *waiting, uint32_t state)
{
    const struct fast_automaton *automaton = packer->automaton;
    for (uint32_t edge = automaton->first[state + 1]; edge-- > automaton->first[state];) {
        const uint32_t target = fast_target(automaton->edges[edge]);
        if (target == 0 || packer->address[target] != FAST_NOWHERE || packer->cells.base[target] != FAST_NOWHERE)
            continue;
        if (!push(waiting, target))
            return false;
    }
    return true;
}

/* Writes everything that the states on the stack lead to. */
static enum perfpy_trie_status write_waiting(struct fast_packer *packer, struct waiting *waiting,
                                             const struct perfpy_interrupt *interrupt)
{
    while (waiting->count > 0) {
        uint32_t *top = &waiting->states[waiting->count - 1];
        const uint32_t state = *top >> 1;
        if (packer->address[state] != FAST_NOWHERE) {
            waiting->count--;
        } else if (!(*top & 1)) {
            *top |= 1;
            if (!push_targets(packer, waiting, state))
                return PERFPY_TRIE_MEMORY;
        } else {
            waiting->count--;
            if (!perfpy_fast_write(packer, state, false))
                return PERFPY_TRIE_MEMORY;
            if (packer->nodes.size >= LARGEST)
                return PERFPY_TRIE_TOO_LARGE;
            if (fast_is_stopped_after(STEPS_PER_NODE, &packer->done, interrupt))
                return PERFPY_TRIE_INTERRUPTED;
        }
    }
    return PERFPY_TRIE_OK;
}

/* The number of references that so many states have that no more are worth a place among the popular. */
static uint32_t least_popular(const struct fast_packer *packer)
{
    enum { CLASSES = 1024 };
    uint32_t classes[CLASSES] = {0}, least = CLASSES - 1, total = 0;
    for (uint32_t state = 1; state < packer->automaton->states; state++)
        classes[packer->indegree[state] < CLASSES ? packer->indegree[state] : CLASSES - 1]++;
    while (least > 2 && total + classes[least] + classes[least - 1] < MOST_POPULAR)
        total += classes[least--];
    return least;
}

struct popular {
    uint32_t state, indegree;
};

static int by_indegree(const void *left, const void *right)
{
    const struct popular *a = left, *b = right;
    if (a->indegree != b->indegree)
        return a->indegree < b->indegree ? 1 : -1;
    return a->state < b->state ? -1 : 1;
}

static enum perfpy_trie_status write_popular(struct fast_packer *packer, struct waiting *waiting,
                                             const struct popular *popular, size_t count,
                                             const struct perfpy_interrupt *interrupt)
{
    for (size_t i = 0; i < count && packer->nodes.size < FAST_NEAR_2; i++) {
        const uint32_t state = popular[i].state;
        if (packer->address[state] != FAST_NOWHERE)
            continue;
        if (!push_targets(packer, waiting, state))
            return PERFPY_TRIE_MEMORY;
        const enum perfpy_trie_status status = write_waiting(packer, waiting, interrupt);
        if (status != PERFPY_TRIE_OK)
            return status;
        if (!perfpy_fast_write(packer, state, packer->nodes.size < 4 * FAST_NEAR_1))
            return PERFPY_TRIE_MEMORY;
    }
    return PERFPY_TRIE_OK;
}

static enum perfpy_trie_status write_all(struct fast_packer *packer, struct waiting *waiting,
                                         const struct popular *popular, size_t count,
                                         const struct perfpy_interrupt *interrupt)
{
    const struct fast_automaton *automaton = packer->automaton;
    packer->nodes.size = 0;
    memset(packer->address, 0xFF, automaton->states * sizeof *packer->address);
    if (!perfpy_fast_write(packer, 0, true))
        return PERFPY_TRIE_MEMORY;
    enum perfpy_trie_status status = write_popular(packer, waiting, popular, count, interrupt);
    if (status != PERFPY_TRIE_OK)
        return status;
    const struct fast_cells *cells = &packer->cells;
    const uint32_t sampled = packer->counting && cells->state_count > FEW_STATES ? SAMPLED : 1;
    for (uint32_t i = cells->state_count; i-- > 0;) {
        if (i % sampled)
            continue;
        if (!push_frontier(packer, waiting, cells->states[i]))
            return PERFPY_TRIE_MEMORY;
        status = write_waiting(packer, waiting, interrupt);
        if (status != PERFPY_TRIE_OK)
            return status;
    }
    if (cells->base[automaton->root] == FAST_NOWHERE && !push(waiting, automaton->root))
        return PERFPY_TRIE_MEMORY;
    return write_waiting(packer, waiting, interrupt);
}

void perfpy_fast_count_keys(struct fast_packer *packer)
{
    const struct fast_automaton *automaton = packer->automaton;
    for (uint32_t state = 0; state < automaton->states; state++) {
        uint32_t keys = automaton->final[state];
        for (uint32_t edge = automaton->first[state]; edge < automaton->first[state + 1]; edge++) {
            const uint32_t target = fast_target(automaton->edges[edge]);
            keys += packer->keys[target];
            packer->indegree[target]++;
        }
        packer->keys[state] = keys;
    }
}

enum perfpy_trie_status perfpy_fast_pack(struct fast_packer *packer, const struct perfpy_interrupt *interrupt)
{
    perfpy_fast_shapes_clear(&packer->shapes);
    const uint32_t least = least_popular(packer), states = packer->automaton->states;
    struct popular *popular = malloc(MOST_POPULAR * sizeof *popular);
    struct waiting waiting = {0};
    size_t count = 0;
    for (uint32_t state = 1; popular && state < states && count < MOST_POPULAR; state++)
        if (packer->cells.base[state] == FAST_NOWHERE && packer->indegree[state] >= least)
            popular[count++] = (struct popular){state, packer->indegree[state]};
    enum perfpy_trie_status status = popular ? PERFPY_TRIE_OK : PERFPY_TRIE_MEMORY;
    if (status == PERFPY_TRIE_OK) {
        qsort(popular, count, sizeof *popular, by_indegree);
        packer->counting = true;
        status = write_all(packer, &waiting, popular, count, interrupt);
    }
    if (status == PERFPY_TRIE_OK) {
        perfpy_fast_shapes_choose(&packer->shapes);
        packer->counting = false;
        status = write_all(packer, &waiting, popular, count, interrupt);
    }
    free(popular);
    free(waiting.states);
    return status;
}
