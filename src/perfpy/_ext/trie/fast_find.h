/* The look-up, with or without ranks. */
#ifndef PERFPY_TRIE_FAST_FIND_H
#define PERFPY_TRIE_FAST_FIND_H

#include "fast_node.h"

static inline uint32_t fast_target_of(const struct fast_view *view, uint64_t cell)
{
    return (uint32_t)fast_below(cell >> FAST_CELL_TARGET, view->target_bits);
}

/* The keys of a state that are below the way of one of its cells. */
static inline uint64_t fast_keys_below(const struct fast_view *view, uint64_t cell)
{
    return cell >> FAST_CELL_TARGET >> view->target_bits;
}

/* The cell of a label of the state with a base; 0 where there is none. */
static inline uint64_t fast_cell(const struct fast_view *view, uint32_t base, unsigned char label)
{
    const size_t at = (size_t)base + label;
    if (__builtin_expect(at >= view->cell_count, 0))
        return 0;
    const uint64_t cell = fast_load64(view->cells + 8 * at);
    return (cell & 0x1FF) == (FAST_CELL_USED | label) ? cell : 0;
}

/* A look-up on its way: at the state that a cell leads to. */
struct fast_walk {
    const unsigned char *at, *end; /* what is left of the key */
    uint64_t cell;
    uint64_t rank;
};

enum fast_outcome { FAST_ON, FAST_FOUND, FAST_ABSENT };

/* Goes through the double array to a node or the end of the key. */
static inline enum fast_outcome fast_walk_cells(const struct fast_view *view, struct fast_walk *walk, bool ranked)
{
    while (!(walk->cell & FAST_CELL_NODE)) {
        if (walk->at == walk->end)
            return walk->cell & FAST_CELL_FINAL ? FAST_FOUND : FAST_ABSENT;
        walk->cell = fast_cell(view, fast_target_of(view, walk->cell), *walk->at);
        if (!walk->cell)
            return FAST_ABSENT;
        walk->at++;
        if (ranked)
            walk->rank += fast_keys_below(view, walk->cell);
    }
    return FAST_ON;
}

/* Goes through the node at an address, to that at `*address` or by a gate back to the double array. */
static inline enum fast_outcome fast_walk_node(const struct fast_view *view, struct fast_walk *walk, uint32_t *address,
                                               bool ranked)
{
    struct fast_node node = fast_node_at(view, *address);
    const unsigned length = fast_text(node.shape);
    const size_t left = (size_t)(walk->end - walk->at);
    *address = FAST_NONE;
    if (left <= length) {
        if (left == 0 && (fast_is_final(&node) || length))
            return fast_is_final(&node) ? FAST_FOUND : FAST_ABSENT;
        if (left < length || memcmp(walk->at, node.text, length))
            return FAST_ABSENT;
        walk->rank += fast_is_final(&node);
        if (fast_is_ending(&node))
            return FAST_FOUND;
        return fast_ways(node.shape) == FAST_GATE && fast_gate(&node) & FAST_CELL_FINAL ? FAST_FOUND : FAST_ABSENT;
    }
    if (!fast_goes_on(walk->at, left, node.text, length) || !fast_node_branch(view, &node))
        return FAST_ABSENT;
    if (__builtin_expect(fast_ways(node.shape) == FAST_GATE, 0)) {
        walk->at += length;
        walk->rank += fast_is_final(&node);
        walk->cell = fast_gate(&node);
        return FAST_ON;
    }
    const uint32_t way = fast_find_way(&node, walk->at[length]);
    if (way == FAST_NONE)
        return FAST_ABSENT;
    walk->at += length + 1;
    if (ranked) {
        node.counts = fast_reference(&node, node.ways);
        walk->rank += fast_is_final(&node) + fast_keys_before(view, &node, way);
    }
    *address = fast_way(&node, way);
    return *address == FAST_NONE ? FAST_ABSENT : FAST_ON;
}

static inline int64_t fast_find(const struct fast_view *view, const unsigned char *key, size_t length, bool ranked)
{
    struct fast_walk walk = {key, key + length, view->root, 0};
    enum fast_outcome outcome;
    do {
        outcome = fast_walk_cells(view, &walk, ranked);
        if (outcome != FAST_ON)
            break;
        uint32_t address = fast_target_of(view, walk.cell);
        if (address >= view->size)
            return -1;
        do
            outcome = fast_walk_node(view, &walk, &address, ranked);
        while (outcome == FAST_ON && address != FAST_NONE);
    } while (outcome == FAST_ON);
    return outcome == FAST_FOUND ? (int64_t)walk.rank : -1;
}

#endif
