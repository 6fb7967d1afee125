/* The keys that begin with a prefix: how many are below them, where they end, and the way to the first of them. */
#ifndef PERFPY_TRIE_FAST_SPAN_H
#define PERFPY_TRIE_FAST_SPAN_H

#include "fast_cursor.h"

/* A prefix ends where a state begins or in the text of a node. */
enum {
    FAST_HINT_PLACE,  /* the cell that leads to the state, or the node's address */
    FAST_HINT_INSIDE, /* 0 for a cell, else 1 + how many bytes of the prefix belong to the node's text */
};

/* Goes through a node, unless the prefix ends in it: then true, with the hint. Also true where no key goes on so. */
static inline bool fast_span_node(const struct fast_view *view, struct fast_bound *bound, uint32_t *address,
                                  struct perfpy_trie_span *span)
{
    const struct fast_node node = fast_node_at(view, *address);
    const size_t left = (size_t)(bound->end - bound->at);
    if (left > fast_text(node.shape) || memcmp(bound->at, node.text, left) != 0) {
        if (!fast_bound_node(view, bound, address))
            return false;
        bound->behind = bound->rank;
        return true;
    }
    bound->rank += left > 0 && fast_is_final(&node);
    span->hint[FAST_HINT_PLACE] = *address;
    span->hint[FAST_HINT_INSIDE] = 1 + left;
    return true;
}

static inline void fast_find_span(const struct fast_view *view, const unsigned char *prefix, size_t length,
                                  struct perfpy_trie_span *span)
{
    struct fast_bound bound = {prefix, prefix + length, view->root, 0, view->count};
    bool found = false;
    while (!found) {
        if (fast_bound_cells(view, &bound)) {
            if (bound.at != bound.end)
                bound.behind = bound.rank;
            span->hint[FAST_HINT_PLACE] = bound.cell;
            span->hint[FAST_HINT_INSIDE] = 0;
            break;
        }
        uint32_t address = fast_target_of(view, bound.cell);
        found = address >= view->size;
        while (!found && address != FAST_NONE)
            found = fast_span_node(view, &bound, &address, span);
    }
    span->stop = bound.behind < view->count ? bound.behind : view->count;
    span->start = bound.rank < span->stop ? bound.rank : span->stop;
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
