/* Cursors: from rank to key, and on to the next key. A cursor has a stack of the states on the way to its key. */
#ifndef PERFPY_TRIE_FAST_CURSOR_H
#define PERFPY_TRIE_FAST_CURSOR_H

#include <stdlib.h>

#include "fast_order.h"

enum { FAST_ENTRY = -1 /* no way yet: the key ends where the state begins */ };

struct fast_frame {
    union {
        struct fast_node node;
        struct {
            struct fast_codes codes; /* of a state of the double array, those that are still to come */
            uint64_t keys;  /* of such a state */
            uint64_t below; /* of these, below the next way */
            uint64_t within; /* of these, below the present way */
        };
    };
    uint32_t base;         /* of such a state, else FAST_NONE */
    int32_t way;           /* or code, or FAST_ENTRY */
    size_t length;         /* of the key before the way's label */
};

struct fast_stack {
    size_t depth, capacity;
    struct fast_frame frames[];
};

/* What a move comes to. */
enum fast_move {
    FAST_AT_KEY, /* a state where a key ends and others go on */
    FAST_AT_END, /* the end of a key where none goes on */
    FAST_AT_STATE,
    FAST_DAMAGED,
    FAST_NO_MEMORY,
};

static inline bool fast_append(struct perfpy_trie_cursor *cursor, const unsigned char *text, size_t length)
{
    if (cursor->length + length + 32 > cursor->capacity) {
        const size_t larger = 2 * (cursor->length + length) + 64;
        unsigned char *key = realloc(cursor->key, larger);
        if (!key)
            return false;
        cursor->key = key;
        cursor->capacity = larger;
    }
    memcpy(cursor->key + cursor->length, text, length);
    cursor->length += length;
    return true;
}

static inline struct fast_frame *fast_push(struct perfpy_trie_cursor *cursor)
{
    struct fast_stack *stack = cursor->state;
    if (!stack || stack->depth == stack->capacity) {
        const size_t depth = stack ? stack->depth : 0, capacity = 2 * depth + 16;
        stack = realloc(stack, sizeof *stack + capacity * sizeof *stack->frames);
        if (!stack)
            return NULL;
        stack->depth = depth;
        stack->capacity = capacity;
        cursor->state = stack;
    }
    return &stack->frames[stack->depth++];
}

/* A key of a sound trie is no longer than this: on its way no state is met twice. */
static inline bool fast_is_too_long(const struct fast_view *view, const struct perfpy_trie_cursor *cursor)
{
    return cursor->length > (uint64_t)view->size + view->cell_count;
}

static inline enum fast_move fast_enter_node(const struct fast_view *view, struct perfpy_trie_cursor *cursor,
                                             uint32_t address)
{
    if (address >= view->size)
        return FAST_DAMAGED;
    if (address == 0)
        return FAST_AT_END;
    struct fast_frame *frame = fast_push(cursor);
    if (!frame)
        return FAST_NO_MEMORY;
    frame->node = fast_node_at(view, address);
    frame->base = FAST_NONE;
    frame->way = FAST_ENTRY;
    return fast_is_final(&frame->node) ? FAST_AT_KEY : FAST_AT_STATE;
}

static inline bool fast_append_byte(struct perfpy_trie_cursor *cursor, unsigned char byte)
{
    return fast_append(cursor, &byte, 1);
}

/* Puts a state of the double array on the stack. */
static inline bool fast_push_cells(const struct fast_view *view, struct perfpy_trie_cursor *cursor, uint32_t base,
                                   uint64_t keys, bool final)
{
    struct fast_frame *frame = fast_push(cursor);
    if (!frame)
        return false;
    frame->codes = fast_codes_of(view, base);
    frame->base = base;
    frame->way = FAST_ENTRY;
    frame->length = cursor->length;
    frame->keys = keys;
    frame->below = final;
    return true;
}

/* Follows a cell, below which there are `keys`. One key is at the end of single ways, which have no place on the stack:
 * there is nothing to come back for. */
static inline enum fast_move fast_enter(const struct fast_view *view, struct perfpy_trie_cursor *cursor, uint64_t cell,
                                        uint64_t keys)
{
    uint32_t word = 0;
    while (!(cell & view->node_mask)) {
        const uint32_t base = fast_target_of(view, cell);
        if (base >= view->cell_count)
            return base == view->cell_count ? FAST_AT_END : FAST_DAMAGED;
        if (fast_is_too_long(view, cursor))
            return FAST_DAMAGED;
        if (keys != 1) {
            const bool final = cell & view->final_mask, pushed = fast_push_cells(view, cursor, base, keys, final);
            return !pushed ? FAST_NO_MEMORY : final ? FAST_AT_KEY : FAST_AT_STATE;
        }
        const uint32_t code = fast_any_code(view, base, &word);
        if (code == FAST_NONE)
            return FAST_DAMAGED;
        if (!fast_append_byte(cursor, view->labels[code]))
            return FAST_NO_MEMORY;
        cell = fast_cell_at(view, (size_t)base + code);
    }
    return fast_enter_node(view, cursor, fast_target_of(view, cell));
}

/* Goes through the text of the node on top, which has been entered, and through a gate behind it. A key ends after
 * the text of an ending; else the top is a branch or a state of the double array. */
static inline enum fast_move fast_pass_text(const struct fast_view *view, struct perfpy_trie_cursor *cursor)
{
    struct fast_stack *stack = cursor->state;
    struct fast_frame *frame = &stack->frames[stack->depth - 1];
    if (!fast_append(cursor, frame->node.text, fast_text(frame->node.shape)))
        return FAST_NO_MEMORY;
    frame->length = cursor->length;
    frame->way = 0;
    if (fast_ways(frame->node.shape) == FAST_GATE) {
        frame->node.ways = 0;
        return fast_enter(view, cursor, fast_gate(view, &frame->node), view->count);
    }
    if (fast_is_ending(&frame->node))
        return FAST_AT_END;
    if (!fast_node_branch(view, &frame->node) || frame->node.ways == 0)
        return FAST_DAMAGED;
    frame->node.counts = fast_reference(&frame->node, frame->node.ways);
    return FAST_AT_STATE;
}

/* Goes the way that the top has been set to. */
static inline enum fast_move fast_go(const struct fast_view *view, struct perfpy_trie_cursor *cursor)
{
    struct fast_stack *stack = cursor->state;
    struct fast_frame *frame = &stack->frames[stack->depth - 1];
    cursor->length = frame->length;
    if (frame->base != FAST_NONE) {
        const uint64_t cell = fast_cell_at(view, (size_t)frame->base + (uint32_t)frame->way);
        const bool appended = fast_append_byte(cursor, view->labels[frame->way]);
        return appended ? fast_enter(view, cursor, cell, frame->within) : FAST_NO_MEMORY;
    }
    if (!fast_append_byte(cursor, fast_label_of(&frame->node, (uint32_t)frame->way)))
        return FAST_NO_MEMORY;
    return fast_enter_node(view, cursor, fast_way(&frame->node, (uint32_t)frame->way));
}

/* The keys of a state of the double array that are below the next of its ways. */
static inline uint64_t fast_next_below(const struct fast_view *view, const struct fast_frame *frame)
{
    const uint32_t next = fast_first_code(&frame->codes);
    return next == FAST_NONE ? frame->keys : fast_keys_below_code(view, frame->base, next);
}

/* Sets the top to its next way; false if it has none. */
static inline bool fast_turn(const struct fast_view *view, struct fast_frame *frame)
{
    if (frame->base == FAST_NONE)
        return (uint32_t)++frame->way < frame->node.ways;
    const uint32_t code = fast_first_code(&frame->codes);
    if (code == FAST_NONE)
        return false;
    fast_drop_code(&frame->codes, code);
    frame->way = (int32_t)code;
    const uint64_t below = frame->below;
    frame->below = fast_next_below(view, frame);
    frame->within = frame->below - below;
    return true;
}

/* From a state that has been entered down to its first key, without the one that ends where it begins. */
static inline enum fast_move fast_descend(const struct fast_view *view, struct perfpy_trie_cursor *cursor)
{
    enum fast_move move = FAST_AT_STATE;
    while (move == FAST_AT_STATE) {
        struct fast_stack *stack = cursor->state;
        struct fast_frame *frame = &stack->frames[stack->depth - 1];
        if (frame->base != FAST_NONE)
            move = fast_turn(view, frame) ? fast_go(view, cursor) : FAST_DAMAGED;
        else if (frame->way == FAST_ENTRY)
            move = fast_pass_text(view, cursor);
        else
            move = fast_go(view, cursor);
    }
    return move;
}

/* On from a key to the next one. */
static inline enum fast_move fast_advance(const struct fast_view *view, struct perfpy_trie_cursor *cursor)
{
    struct fast_stack *stack = cursor->state;
    if (!stack)
        return FAST_DAMAGED;
    if (stack->depth && stack->frames[stack->depth - 1].way == FAST_ENTRY)
        return fast_descend(view, cursor);
    while (stack->depth) {
        if (fast_turn(view, &stack->frames[stack->depth - 1])) {
            const enum fast_move move = fast_go(view, cursor);
            return move == FAST_AT_STATE ? fast_descend(view, cursor) : move;
        }
        stack->depth--;
    }
    return FAST_DAMAGED;
}

/* The last block of which the first way of a state has no more than `rank` keys below. */
static inline uint32_t fast_last_block(const struct fast_view *view, const struct fast_frame *frame, uint64_t rank)
{
    uint32_t last = 0;
    for (uint32_t word = 0; word < FAST_WORDS; word++) {
        for (uint64_t left = frame->codes.words[word]; left;) {
            const uint32_t code = FAST_WORD * word + (uint32_t)__builtin_ctzll(left), block = code / FAST_BLOCK;
            if (fast_keys_below_code(view, frame->base, code) > rank)
                return last;
            last = block;
            left &= ~(UINT64_C(0xFFFF) << block * FAST_BLOCK % FAST_WORD);
        }
    }
    return last;
}

/* Sets a state of the double array to its last way with no more keys below than `*rank`, and takes them off; false if
 * it has none. To look at all ways of a block costs fewer mispredictions than to stop at that one. */
static inline bool fast_turn_to(const struct fast_view *view, struct fast_frame *frame, uint64_t *rank)
{
    const uint32_t first = fast_last_block(view, frame, *rank) * FAST_BLOCK, word = first / FAST_WORD;
    uint64_t left = frame->codes.words[word] >> first % FAST_WORD & 0xFFFF;
    uint32_t found = FAST_NONE;
    for (; left; left &= left - 1) {
        const uint32_t code = first + (uint32_t)__builtin_ctzll(left);
        const uint64_t below = fast_keys_below_code(view, frame->base, code);
        found = below <= *rank ? code : found;
        frame->below = below <= *rank ? below : frame->below;
    }
    if (found == FAST_NONE)
        return false;
    for (uint32_t passed = 0; passed < word; passed++)
        frame->codes.words[passed] = 0;
    frame->codes.words[word] &= ~UINT64_C(0) << found % FAST_WORD;
    *rank -= frame->below;
    return fast_turn(view, frame);
}

/* The same for the ways of a node: few are counted, which costs no misprediction. */
static inline uint32_t fast_way_at(const struct fast_view *view, const struct fast_node *node, uint64_t rank)
{
    uint32_t low = 0, high = node->ways;
    if (node->ways <= FAST_WAYS) {
        for (uint32_t way = 1; way < node->ways; way++)
            low += fast_keys_before(view, node, way) <= rank;
        return low;
    }
    while (high - low > 1) {
        const uint32_t middle = (low + high) / 2;
        if (fast_keys_before(view, node, middle) <= rank)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Goes on from the state on top, where `rank` counts from its first key; `at_key`: which ends where the state
 * begins. */
static inline enum fast_move fast_seek_step(const struct fast_view *view, struct perfpy_trie_cursor *cursor,
                                            bool at_key, uint64_t *rank)
{
    struct fast_stack *stack = cursor->state;
    struct fast_frame *frame = &stack->frames[stack->depth - 1];
    if (frame->base != FAST_NONE) {
        return fast_turn_to(view, frame, rank) ? fast_go(view, cursor) : FAST_DAMAGED;
    }
    if (frame->way == FAST_ENTRY) {
        *rank -= at_key;
        return fast_pass_text(view, cursor);
    }
    frame->way = (int32_t)fast_way_at(view, &frame->node, *rank);
    *rank -= fast_keys_before(view, &frame->node, (uint32_t)frame->way);
    return fast_go(view, cursor);
}

static inline enum fast_move fast_seek(const struct fast_view *view, struct perfpy_trie_cursor *cursor, uint64_t rank)
{
    cursor->length = 0;
    if (cursor->state)
        ((struct fast_stack *)cursor->state)->depth = 0;
    if (!fast_append(cursor, (const unsigned char *)"", 0)) /* so that there is a key, though it be empty */
        return FAST_NO_MEMORY;
    enum fast_move move = fast_enter(view, cursor, view->root, view->count);
    while (move == FAST_AT_STATE || (move == FAST_AT_KEY && rank > 0))
        move = fast_seek_step(view, cursor, move == FAST_AT_KEY, &rank);
    return move == FAST_AT_END && rank > 0 ? FAST_DAMAGED : move;
}

#endif
