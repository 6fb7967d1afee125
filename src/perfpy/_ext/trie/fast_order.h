/* What depends on the order of keys: how many are below a key, and which ones a text starts with. */
#ifndef PERFPY_TRIE_FAST_ORDER_H
#define PERFPY_TRIE_FAST_ORDER_H

#include "fast_find.h"

/* The label of a way of a node. */
static inline unsigned char fast_label_of(const struct fast_node *node, uint32_t way)
{
    if (fast_ways(node->shape) != FAST_SET)
        return node->labels[way];
    uint64_t set = perfpy_load64(node->labels + 1);
    for (; way > 0; way--)
        set &= set - 1;
    return (unsigned char)(node->labels[0] + (set ? __builtin_ctzll(set) : 0));
}

/* How many labels of a node are below one. */
static inline uint32_t fast_node_labels_below(const struct fast_node *node, unsigned char label)
{
    if (fast_ways(node->shape) == FAST_SET) {
        const unsigned lowest = node->labels[0];
        if (label <= lowest)
            return 0;
        return (uint32_t)__builtin_popcountll(fast_below(perfpy_load64(node->labels + 1), label - lowest));
    }
    uint32_t below = 0;
    while (below < node->ways && node->labels[below] < label)
        below++;
    return below;
}

/* A walk that knows the rank behind all keys of the state it is at. */
struct fast_bound {
    const unsigned char *at, *end;
    uint64_t cell;
    uint64_t rank, behind;
};

/* Each of these returns true when `rank` is the bound. */
static inline bool fast_bound_cells(const struct fast_view *view, struct fast_bound *bound)
{
    while (!(bound->cell & view->node_mask)) {
        if (bound->at == bound->end)
            return true;
        const struct fast_state state = fast_state_of(view, bound->cell);
        const uint32_t code = view->codes[*bound->at];
        const uint64_t cell = fast_cell_of(view, state, code);
        const uint64_t below = cell == FAST_NO_CELL ? 0 : fast_keys_below(view, state.base + code, cell);
        /* Where one key is left, it is below this way. */
        if (cell == FAST_NO_CELL || bound->rank + below + 1 != bound->behind) {
            const uint32_t above = fast_code_above(view, *bound->at, code);
            const uint32_t next = fast_next_code(view, state, above);
            if (next != FAST_NONE)
                bound->behind = bound->rank + fast_keys_below_code(view, state.base, next);
        }
        if (cell == FAST_NO_CELL) {
            bound->rank = bound->behind;
            return true;
        }
        bound->rank += below;
        bound->cell = cell;
        bound->at++;
    }
    return false;
}

static inline bool fast_bound_node(const struct fast_view *view, struct fast_bound *bound, uint32_t *address)
{
    struct fast_node node = fast_node_at(view, *address);
    const unsigned length = fast_text(node.shape);
    const size_t left = (size_t)(bound->end - bound->at), both = left < length ? left : length;
    *address = FAST_NONE;
    if (left == 0)
        return true;
    const int order = memcmp(bound->at, node.text, both);
    if (order <= 0)
        bound->rank += fast_is_final(&node);
    if (order > 0)
        bound->rank = bound->behind;
    if (order != 0 || left < length || (left == length && fast_ways(node.shape) != FAST_GATE))
        return true;
    if (fast_ways(node.shape) == FAST_GATE) {
        bound->at += length;
        bound->cell = fast_gate(view, &node);
        return false;
    }
    if (!fast_node_branch(view, &node))
        return true;
    node.counts = fast_reference(&node, node.ways);
    const unsigned char label = bound->at[length];
    const uint32_t way = fast_node_labels_below(&node, label);
    const bool exact = way < node.ways && fast_label_of(&node, way) == label;
    const uint64_t rank = bound->rank;
    if (way + exact < node.ways)
        bound->behind = rank + fast_keys_before(view, &node, way + exact);
    bound->rank = exact ? rank + fast_keys_before(view, &node, way) : bound->behind;
    bound->at += length + 1;
    if (exact)
        *address = fast_way(&node, way);
    return *address == FAST_NONE;
}

static inline uint64_t fast_lower_bound(const struct fast_view *view, const unsigned char *key, size_t length)
{
    struct fast_bound bound = {key, key + length, view->root, 0, view->count};
    bool found = false;
    while (!found && !(found = fast_bound_cells(view, &bound))) {
        uint32_t address = fast_target_of(view, bound.cell);
        found = address >= view->size;
        while (!found && address != FAST_NONE)
            found = fast_bound_node(view, &bound, &address);
    }
    return bound.rank < view->count ? bound.rank : view->count;
}

/* Where prefixes go. */
struct fast_prefixes {
    uint64_t *ranks, *lengths;
    size_t room, count;
};

static inline void fast_add_prefix(const struct fast_view *view, struct fast_prefixes *prefixes, uint64_t rank,
                                   size_t length)
{
    if (rank >= view->count)
        return; /* damaged */
    if (prefixes->count < prefixes->room) {
        if (prefixes->ranks)
            prefixes->ranks[prefixes->count] = rank;
        prefixes->lengths[prefixes->count] = length;
    }
    prefixes->count++;
}

/* The prefixes that end at states of the double array; false at the end of the way. */
static inline bool fast_prefixes_cells(const struct fast_view *view, struct fast_walk *walk, const unsigned char *text,
                                       struct fast_prefixes *prefixes)
{
    while (!(walk->cell & view->node_mask)) {
        if (walk->cell & view->final_mask)
            fast_add_prefix(view, prefixes, walk->rank, (size_t)(walk->at - text));
        if (walk->at == walk->end)
            return false;
        const uint32_t code = view->codes[*walk->at++], target = fast_target_of(view, walk->cell);
        const uint32_t at = target + (walk->cell & view->single_mask ? 0 : code);
        const uint64_t cell = at < view->cell_count ? fast_cell_at(view, at) : FAST_NO_CELL;
        if ((cell & view->code_mask) != code)
            return false;
        walk->cell = cell;
        walk->rank += fast_keys_below(view, at, cell);
    }
    return true;
}

static inline bool fast_prefixes_node(const struct fast_view *view, struct fast_walk *walk, const unsigned char *text,
                                      struct fast_prefixes *prefixes, uint32_t *address)
{
    struct fast_node node = fast_node_at(view, *address);
    const unsigned length = fast_text(node.shape);
    *address = FAST_NONE;
    if (fast_is_final(&node))
        fast_add_prefix(view, prefixes, walk->rank++, (size_t)(walk->at - text));
    if ((size_t)(walk->end - walk->at) < length || memcmp(walk->at, node.text, length) != 0)
        return false;
    walk->at += length;
    if (fast_is_ending(&node))
        fast_add_prefix(view, prefixes, walk->rank, (size_t)(walk->at - text));
    if (fast_ways(node.shape) == FAST_GATE) {
        walk->cell = fast_gate(view, &node);
        return true;
    }
    if (walk->at == walk->end || !fast_node_branch(view, &node))
        return false;
    const uint32_t way = fast_find_way(&node, *walk->at++);
    if (way == FAST_NONE)
        return false;
    node.counts = fast_reference(&node, node.ways);
    walk->rank += fast_keys_before(view, &node, way);
    *address = fast_way(&node, way);
    return *address != FAST_NONE;
}

static inline void fast_find_prefixes(const struct fast_view *view, const unsigned char *text, size_t length,
                                      struct fast_prefixes *prefixes)
{
    struct fast_walk walk = {text, text + length, view->root, 0};
    bool on = true;
    while (on && fast_prefixes_cells(view, &walk, text, prefixes)) {
        uint32_t address = fast_target_of(view, walk.cell);
        on = address < view->size;
        while (on && address != FAST_NONE)
            on = fast_prefixes_node(view, &walk, text, prefixes, &address);
    }
}

#endif
