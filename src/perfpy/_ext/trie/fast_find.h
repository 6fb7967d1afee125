/* The look-up, with or without ranks. */
#ifndef PERFPY_TRIE_FAST_FIND_H
#define PERFPY_TRIE_FAST_FIND_H

#include "fast_node.h"

/* A look-up on its way: at the state that a cell leads to. */
struct fast_walk {
    const unsigned char *at, *end; /* what is left of the key */
    uint64_t cell;
    uint64_t rank;
};

enum fast_outcome { FAST_ON, FAST_FOUND, FAST_ABSENT };

/* Goes through the double array to a node or the end of the key. How often it goes round depends on the key's length
 * only, unless there are nodes: a processor that foresees every other branch is at the next key before this one is
 * through. */
FAST_INLINE enum fast_outcome fast_walk_as(const struct fast_view *view, struct fast_walk *walk, bool ranked,
                                           bool whole, bool narrow)
{
    const unsigned char *at = walk->at, *const end = walk->end;
    uint64_t cell = walk->cell, rank = walk->rank;
    for (; whole || !(cell & view->node_mask); at++) {
        if (at == end) {
            walk->rank = rank;
            return cell & view->final_mask ? FAST_FOUND : FAST_ABSENT;
        }
        const uint32_t code = view->codes[*at];
        const uint32_t place = fast_target_of(view, cell) + (cell & view->single_mask ? 0 : code);
        if (__builtin_expect(place >= view->cell_count, 0))
            return FAST_ABSENT;
        cell = narrow ? perfpy_load32(view->cells + 4 * (size_t)place) : perfpy_load64(view->cells + 8 * (size_t)place);
        if ((cell & view->code_mask) != code)
            return FAST_ABSENT;
        if (ranked)
            rank += fast_keys_below(view, place, cell);
    }
    *walk = (struct fast_walk){at, end, cell, rank};
    return FAST_ON;
}

FAST_INLINE enum fast_outcome fast_walk_cells(const struct fast_view *view, struct fast_walk *walk, bool ranked)
{
    if (fast_is_whole(view))
        return fast_is_narrow(view) ? fast_walk_as(view, walk, ranked, true, true)
                                    : fast_walk_as(view, walk, ranked, true, false);
    return fast_is_narrow(view) ? fast_walk_as(view, walk, ranked, false, true)
                                : fast_walk_as(view, walk, ranked, false, false);
}

/* Goes on from the text of a node with more than FAST_WAYS ways, or from a gate. */
static inline enum fast_outcome fast_walk_wide(const struct fast_view *view, struct fast_walk *walk,
                                               struct fast_node *node, uint32_t *address, bool ranked)
{
    if (fast_ways(node->shape) == FAST_GATE) {
        walk->cell = fast_gate(view, node);
        return FAST_ON;
    }
    if (!fast_node_wide(view, node))
        return FAST_ABSENT;
    const uint32_t way = fast_find_wide(node, *walk->at++);
    if (way == FAST_NONE)
        return FAST_ABSENT;
    if (ranked) {
        node->counts = fast_reference(node, node->ways);
        walk->rank += fast_keys_before(view, node, way);
    }
    *address = fast_way(node, way);
    return *address == FAST_NONE ? FAST_ABSENT : FAST_ON;
}

/* What a key finds that comes to its end in a node, of whose text it has `left` bytes. */
static inline enum fast_outcome fast_walk_end(const struct fast_view *view, struct fast_walk *walk,
                                              const struct fast_node *node, size_t left)
{
    const unsigned length = fast_text(node->shape);
    if (left == 0 && fast_is_final(node))
        return FAST_FOUND;
    if (left != length || memcmp(walk->at, node->text, length) != 0)
        return FAST_ABSENT;
    walk->rank += fast_is_final(node);
    const bool ends = fast_is_ending(node) ||
                      (fast_ways(node->shape) == FAST_GATE && fast_gate(view, node) & view->final_mask);
    return ends ? FAST_FOUND : FAST_ABSENT;
}

/* Goes through the node at an address, to that at `*address` or by a gate back to the double array. Most nodes have no
 * text; where that is foreseen, where the key goes on is known before the node has been read. */
FAST_INLINE enum fast_outcome fast_walk_node(const struct fast_view *view, struct fast_walk *walk, uint32_t *address,
                                             bool ranked)
{
    struct fast_node node = fast_node_at(view, *address);
    const unsigned length = fast_text(node.shape);
    *address = FAST_NONE;
    if (length) {
        const size_t left = (size_t)(walk->end - walk->at);
        if (left <= length)
            return fast_walk_end(view, walk, &node, left);
        if (!fast_goes_on(walk->at, left, node.text, length))
            return FAST_ABSENT;
        walk->at += length;
    } else if (walk->at == walk->end) {
        return fast_walk_end(view, walk, &node, 0);
    }
    if (ranked)
        walk->rank += fast_is_final(&node);
    if (__builtin_expect(node.ways > FAST_WAYS, 0))
        return fast_walk_wide(view, walk, &node, address, ranked);
    const uint32_t way = fast_find_label_16(node.labels, *walk->at++);
    if (way >= node.ways)
        return FAST_ABSENT;
    fast_node_references(view, &node, node.text + length);
    if (ranked) {
        node.counts = fast_masked_reference(&node, node.ways);
        walk->rank += fast_keys_before(view, &node, way);
    }
    *address = fast_follow(&node, fast_masked_reference(&node, way), node.mask >> way & 1);
    return *address == FAST_NONE ? FAST_ABSENT : FAST_ON;
}

/* The rank of a key that has been found, or -1. Damaged counts do not lead to ranks that are none. */
FAST_INLINE int64_t fast_rank_of(const struct fast_view *view, const struct fast_walk *walk, enum fast_outcome outcome)
{
    return outcome == FAST_FOUND && walk->rank < view->count ? (int64_t)walk->rank : -1;
}

FAST_INLINE int64_t fast_find(const struct fast_view *view, const unsigned char *key, size_t length, bool ranked)
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
    return fast_rank_of(view, &walk, outcome);
}

#endif
