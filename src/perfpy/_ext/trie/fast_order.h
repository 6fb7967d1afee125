/* What depends on the order of keys: how many are below a key, and which ones a text starts with. */
#ifndef PERFPY_TRIE_FAST_ORDER_H
#define PERFPY_TRIE_FAST_ORDER_H

#include "fast_find.h"

/* Whether all cells of a state may be read as vectors. */
FAST_INLINE bool fast_is_inside(const struct fast_view *view, uint32_t base)
{
    return fast_is_narrow(view) && (size_t)base + 256 <= view->cell_count;
}

FAST_INLINE uint32_t fast_labels_inside(const struct fast_view *view, uint32_t base, uint32_t block)
{
    return fast_find_cells_16(view->cells + 4 * ((size_t)base + block * FAST_BLOCK), block * FAST_BLOCK);
}

/* The set of labels that the state with a base has in a block, the lowest label of which is bit 0. */
static inline uint32_t fast_labels_in(const struct fast_view *view, uint32_t base, uint32_t block)
{
    if (fast_is_inside(view, base))
        return fast_labels_inside(view, base, block);
    uint32_t set = 0;
    for (uint32_t i = 0; i < FAST_BLOCK; i++)
        set |= (uint32_t)(fast_cell(view, base, (unsigned char)(block * FAST_BLOCK + i)) != FAST_NO_CELL) << i;
    return set;
}

/* The first label of a state from one on, or FAST_NONE. */
static inline uint32_t fast_next_label(const struct fast_view *view, uint32_t base, uint32_t label)
{
    uint32_t wanted = ~UINT32_C(0) << label % FAST_BLOCK;
    for (uint32_t block = label / FAST_BLOCK; block < FAST_BLOCKS; block++) {
        const uint32_t set = fast_labels_in(view, base, block) & wanted;
        if (set)
            return block * FAST_BLOCK + (uint32_t)__builtin_ctz(set);
        wanted = ~UINT32_C(0);
    }
    return FAST_NONE;
}

/* The keys of a state that are below the way of a label that it has, or is said to have. */
static inline uint64_t fast_keys_below_label(const struct fast_view *view, uint32_t base, uint32_t label)
{
    const size_t at = (size_t)base + label;
    if (at >= view->cell_count)
        return 0;
    /* Where counts are apart, the cell need not be read. */
    return fast_keys_below(view, base, fast_is_narrow(view) ? label : perfpy_load64(view->cells + 8 * at));
}

/* A set of labels. */
struct fast_labels {
    uint64_t words[4];
};

/* Looks for the labels of a state. */
static inline struct fast_labels fast_search_labels(const struct fast_view *view, uint32_t base)
{
    struct fast_labels labels = {{0}};
    const bool inside = fast_is_inside(view, base);
    for (uint32_t blocks = view->blocks; blocks && !inside; blocks &= blocks - 1) {
        const uint32_t block = (uint32_t)__builtin_ctz(blocks);
        labels.words[block / 4] |= (uint64_t)fast_labels_in(view, base, block) << block % 4 * FAST_BLOCK;
    }
    if (!inside)
        return labels;
    /* Unrolled, so that the set is in registers. */
#pragma GCC unroll 16
    for (uint32_t block = 0; block < FAST_BLOCKS; block++)
        if (view->blocks >> block & 1)
            labels.words[block / 4] |= (uint64_t)fast_labels_inside(view, base, block) << block % 4 * FAST_BLOCK;
    return labels;
}

/* The lowest label of a state, whose base is below the number of cells. */
static inline uint32_t fast_guided_first(const struct fast_view *view, uint32_t base)
{
    return view->guide[base];
}

/* The label after one that the state has, or FAST_NONE. */
static inline uint32_t fast_guided_next(const struct fast_view *view, uint32_t base, uint32_t label)
{
    const size_t at = (size_t)base + label;
    const uint32_t next = at < view->cell_count ? view->guide[view->cell_count + at] : 0;
    return next > label ? next : FAST_NONE;
}

/* The lowest label, or FAST_NONE. */
static inline uint32_t fast_first_label(const struct fast_labels *labels)
{
    for (uint32_t word = 0; word < 4; word++)
        if (labels->words[word])
            return 64 * word + (uint32_t)__builtin_ctzll(labels->words[word]);
    return FAST_NONE;
}

static inline void fast_drop_label(struct fast_labels *labels, uint32_t label)
{
    labels->words[label / 64] &= ~(UINT64_C(1) << label % 64);
}

static inline struct fast_labels fast_guided_labels(const struct fast_view *view, uint32_t base)
{
    struct fast_labels labels = {{0}};
    for (uint32_t label = fast_guided_first(view, base); label != FAST_NONE; label = fast_guided_next(view, base, label))
        labels.words[label / 64] |= UINT64_C(1) << label % 64;
    return labels;
}

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
static inline uint32_t fast_labels_below(const struct fast_node *node, unsigned char label)
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
    while (!(bound->cell & FAST_CELL_NODE)) {
        if (bound->at == bound->end)
            return true;
        const uint32_t base = fast_target_of(view, bound->cell);
        const uint64_t cell = fast_cell(view, base, *bound->at);
        const uint64_t rank = cell == FAST_NO_CELL ? bound->rank : bound->rank + fast_keys_below(view, base, cell);
        /* Where one key is left, it is below this way. */
        if (cell == FAST_NO_CELL || rank + 1 != bound->behind) {
            const uint32_t next = fast_next_label(view, base, *bound->at + 1u);
            if (next != FAST_NONE)
                bound->behind = bound->rank + fast_keys_below_label(view, base, next);
        }
        if (cell == FAST_NO_CELL) {
            bound->rank = bound->behind;
            return true;
        }
        bound->rank = rank;
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
        bound->cell = fast_gate(&node);
        return false;
    }
    if (!fast_node_branch(view, &node))
        return true;
    node.counts = fast_reference(&node, node.ways);
    const unsigned char label = bound->at[length];
    const uint32_t way = fast_labels_below(&node, label);
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
    while (!(walk->cell & FAST_CELL_NODE)) {
        if (walk->cell & FAST_CELL_FINAL)
            fast_add_prefix(view, prefixes, walk->rank, (size_t)(walk->at - text));
        if (walk->at == walk->end)
            return false;
        const uint32_t base = fast_target_of(view, walk->cell);
        walk->cell = fast_cell(view, base, *walk->at);
        if (walk->cell == FAST_NO_CELL)
            return false;
        walk->at++;
        walk->rank += fast_keys_below(view, base, walk->cell);
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
        walk->cell = fast_gate(&node);
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
