/* The keys that begin with a prefix: how many are below them, where they end, and the way to the first of them. */
#ifndef PERFPY_TRIE_FAST_SPAN_H
#define PERFPY_TRIE_FAST_SPAN_H

#include "fast_cursor.h"

/* A prefix ends where a state begins or in the text of a node. */
enum {
    FAST_HINT_PLACE,  /* the cell that leads to the state, or the node's address */
    FAST_HINT_INSIDE, /* 0 for a cell, else 1 + how many bytes of the prefix belong to the node's text */
};

/* A state on the way of a prefix, the keys below it, and the first code that is above the way taken. */
struct fast_turning {
    struct fast_state state;
    uint32_t above;
    uint64_t rank;
};

enum { FAST_TURNINGS = 16 };
#define FAST_UNKNOWN UINT64_MAX /* as rank */

/* The way of a prefix. Only one of the states on it tells the rank behind: the last one that has a way above. So they
 * are kept, and looked through at the end. */
struct fast_span_walk {
    struct fast_bound bound; /* `behind` is not known until the end */
    uint64_t behind;         /* of what is above the turnings */
    uint32_t count;
    struct fast_turning turnings[FAST_TURNINGS];
};

/* The rank behind all keys that go the way of the walk. */
static inline uint64_t fast_rank_behind(const struct fast_view *view, const struct fast_span_walk *walk)
{
    for (uint32_t i = walk->count; i-- > 0;) {
        const struct fast_turning *turning = &walk->turnings[i];
        const uint32_t next = fast_next_code(view, turning->state, turning->above);
        if (next != FAST_NONE)
            return turning->rank + fast_keys_below_code(view, turning->state.base, next);
    }
    return walk->behind;
}

static inline void fast_keep_turning(const struct fast_view *view, struct fast_span_walk *walk,
                                     struct fast_state state, uint32_t above)
{
    if (walk->count == FAST_TURNINGS) {
        walk->behind = fast_rank_behind(view, walk);
        walk->count = 0;
    }
    walk->turnings[walk->count++] = (struct fast_turning){state, above, walk->bound.rank};
}

/* Goes through the double array; true at the end of the prefix, or where no key goes on so, whose rank is not known. */
static inline bool fast_span_cells(const struct fast_view *view, struct fast_span_walk *walk)
{
    struct fast_bound *bound = &walk->bound;
    while (!(bound->cell & view->node_mask)) {
        if (bound->at == bound->end)
            return true;
        const struct fast_state state = fast_state_of(view, bound->cell);
        const uint32_t code = view->codes[*bound->at];
        const uint64_t cell = fast_cell_of(view, state, code);
        if (cell == FAST_NO_CELL) {
            const uint32_t above = fast_code_above(view, *bound->at, code);
            fast_keep_turning(view, walk, state, above);
            bound->rank = FAST_UNKNOWN;
            return true;
        }
        if (state.only == FAST_NONE)
            fast_keep_turning(view, walk, state, code + 1);
        bound->rank += fast_keys_below(view, state.base + code, cell);
        bound->cell = cell;
        bound->at++;
    }
    return false;
}

/* Goes through a node, unless the prefix ends in it: then true, with the hint. Also true where no key goes on so, with
 * the same rank on both sides. */
static inline bool fast_span_node(const struct fast_view *view, struct fast_span_walk *walk, uint32_t *address,
                                  struct perfpy_trie_span *span)
{
    struct fast_bound *bound = &walk->bound;
    const struct fast_node node = fast_node_at(view, *address);
    const size_t left = (size_t)(bound->end - bound->at);
    if (left <= fast_text(node.shape) && memcmp(bound->at, node.text, left) == 0) {
        bound->rank += left > 0 && fast_is_final(&node);
        span->hint[FAST_HINT_PLACE] = *address;
        span->hint[FAST_HINT_INSIDE] = 1 + left;
        return true;
    }
    bound->behind = FAST_UNKNOWN;
    const bool ended = fast_bound_node(view, bound, address);
    if (bound->behind != FAST_UNKNOWN) {
        walk->behind = bound->behind;
        walk->count = 0;
    }
    if (ended)
        span->stop = bound->rank;
    return ended;
}

static inline void fast_find_span(const struct fast_view *view, const unsigned char *prefix, size_t length,
                                  struct perfpy_trie_span *span)
{
    struct fast_span_walk walk; /* its turnings are set when there are some */
    bool found = false;
    walk.bound = (struct fast_bound){prefix, prefix + length, view->root, 0, FAST_UNKNOWN};
    walk.behind = view->count;
    walk.count = 0;
    *span = (struct perfpy_trie_span){.stop = FAST_UNKNOWN}; /* the hint is one even where damage ends the way */
    while (!found) {
        if (fast_span_cells(view, &walk)) {
            span->hint[FAST_HINT_PLACE] = walk.bound.cell;
            span->hint[FAST_HINT_INSIDE] = 0;
            break;
        }
        uint32_t address = fast_target_of(view, walk.bound.cell);
        found = address >= view->size;
        while (!found && address != FAST_NONE)
            found = fast_span_node(view, &walk, &address, span);
    }
    if (span->stop == FAST_UNKNOWN)
        span->stop = fast_rank_behind(view, &walk);
    span->stop = span->stop < view->count ? span->stop : view->count;
    span->start = walk.bound.rank < span->stop ? walk.bound.rank : span->stop;
}

static inline bool fast_set_key(struct perfpy_trie_cursor *cursor, const unsigned char *text, size_t length)
{
    if (length >= cursor->capacity) {
        unsigned char *key = realloc(cursor->key, length + 64);
        if (!key)
            return false;
        cursor->key = key;
        cursor->capacity = length + 64;
    }
    memcpy(cursor->key, text, length);
    cursor->length = length;
    return true;
}

/* Goes to the first key. No state above the prefix is on the stack, so that there are no keys behind the last one. */
static inline enum fast_move fast_seek_span(const struct fast_view *view, struct perfpy_trie_cursor *cursor,
                                            const unsigned char *prefix, size_t length,
                                            const struct perfpy_trie_span *span)
{
    const uint64_t place = span->hint[FAST_HINT_PLACE], inside = span->hint[FAST_HINT_INSIDE];
    const size_t in_text = inside ? (size_t)(inside - 1) : 0;
    if (cursor->state)
        ((struct fast_stack *)cursor->state)->depth = 0;
    if (!fast_set_key(cursor, prefix, length - in_text))
        return FAST_NO_MEMORY;
    enum fast_move move = inside ? fast_enter_node(view, cursor, (uint32_t)place) : fast_enter(view, cursor, place);
    if (in_text > 0 && (move == FAST_AT_KEY || move == FAST_AT_STATE))
        move = fast_pass_text(view, cursor);
    return move == FAST_AT_STATE ? fast_descend(view, cursor) : move;
}

#endif
