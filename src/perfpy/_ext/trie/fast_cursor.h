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
            struct fast_state state; /* of the double array */
            struct fast_codes codes; /* of its ways that are still to come, if they have been looked for */
        };
    };
    bool is_node;
    bool searched; /* for codes */
    int32_t way;   /* or code, or FAST_ENTRY */
    size_t length; /* of the key before the way's label */
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

/* Makes room for the text of a node. */
static inline bool fast_make_room(struct perfpy_trie_cursor *cursor)
{
    if (__builtin_expect(cursor->length + FAST_TEXT + 1 <= cursor->capacity, 1))
        return true;
    const size_t larger = 2 * cursor->length + 64;
    unsigned char *key = realloc(cursor->key, larger);
    if (!key)
        return false;
    cursor->key = key;
    cursor->capacity = larger;
    return true;
}

/* Appends a text of at most FAST_TEXT bytes, behind which there are as many that can be read: to copy so many, always,
 * is cheaper than a loop. */
static inline bool fast_append_text(struct perfpy_trie_cursor *cursor, const unsigned char *text, size_t length)
{
    if (!fast_make_room(cursor))
        return false;
    memcpy(cursor->key + cursor->length, text, FAST_TEXT + 1);
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
    frame->is_node = true;
    frame->way = FAST_ENTRY;
    return fast_is_final(&frame->node) ? FAST_AT_KEY : FAST_AT_STATE;
}

static inline bool fast_append_byte(struct perfpy_trie_cursor *cursor, unsigned char byte)
{
    if (!fast_make_room(cursor))
        return false;
    cursor->key[cursor->length++] = byte;
    return true;
}

/* Puts a state of the double array on the stack. */
static inline bool fast_push_state(struct perfpy_trie_cursor *cursor, struct fast_state state)
{
    struct fast_frame *frame = fast_push(cursor);
    if (!frame)
        return false;
    frame->state = state;
    frame->is_node = false;
    frame->searched = false;
    frame->way = FAST_ENTRY;
    frame->length = cursor->length;
    return true;
}

/* Follows a cell. A state that has one way only, and where no key ends, has no place on the stack: there is nothing to
 * come back for. */
static inline enum fast_move fast_enter(const struct fast_view *view, struct perfpy_trie_cursor *cursor, uint64_t cell)
{
    while (!(cell & view->node_mask)) {
        const uint32_t target = fast_target_of(view, cell);
        if (target >= view->cell_count)
            return target == view->cell_count ? FAST_AT_END : FAST_DAMAGED;
        const struct fast_state state = fast_state_of(view, cell);
        if (fast_is_too_long(view, cursor))
            return FAST_DAMAGED;
        if (state.only == FAST_NONE || cell & view->final_mask) {
            const bool pushed = fast_push_state(cursor, state);
            return !pushed ? FAST_NO_MEMORY : cell & view->final_mask ? FAST_AT_KEY : FAST_AT_STATE;
        }
        if (state.only >= view->alphabet)
            return FAST_DAMAGED;
        if (!fast_append_byte(cursor, view->labels[state.only]))
            return FAST_NO_MEMORY;
        cell = fast_cell_at(view, target);
    }
    return fast_enter_node(view, cursor, fast_target_of(view, cell));
}

/* Goes through the text of the node on top, which has been entered, and through a gate behind it. A key ends after
 * the text of an ending; else the top is a branch or a state of the double array. */
static inline enum fast_move fast_pass_text(const struct fast_view *view, struct perfpy_trie_cursor *cursor)
{
    struct fast_stack *stack = cursor->state;
    struct fast_frame *frame = &stack->frames[stack->depth - 1];
    if (!fast_append_text(cursor, frame->node.text, fast_text(frame->node.shape)))
        return FAST_NO_MEMORY;
    frame->length = cursor->length;
    frame->way = 0;
    if (fast_ways(frame->node.shape) == FAST_GATE) {
        frame->node.ways = 0;
        return fast_enter(view, cursor, fast_gate(view, &frame->node));
    }
    if (fast_is_ending(&frame->node))
        return FAST_AT_END;
    if (!fast_node_branch(view, &frame->node) || frame->node.ways == 0)
        return FAST_DAMAGED;
    return FAST_AT_STATE;
}

/* Goes the way that the top has been set to. */
static inline enum fast_move fast_go(const struct fast_view *view, struct perfpy_trie_cursor *cursor)
{
    struct fast_stack *stack = cursor->state;
    struct fast_frame *frame = &stack->frames[stack->depth - 1];
    cursor->length = frame->length;
    if (!frame->is_node) {
        const uint64_t cell = fast_cell_at(view, frame->state.base + (uint32_t)frame->way);
        const bool appended = fast_append_byte(cursor, view->labels[frame->way]);
        return appended ? fast_enter(view, cursor, cell) : FAST_NO_MEMORY;
    }
    if (!fast_append_byte(cursor, fast_label_of(&frame->node, (uint32_t)frame->way)))
        return FAST_NO_MEMORY;
    return fast_enter_node(view, cursor, fast_way(&frame->node, (uint32_t)frame->way));
}

/* Looks for the ways of the top, a state of the double array, behind the one that it has been set to. */
static inline void fast_search(const struct fast_view *view, struct fast_frame *frame)
{
    fast_find_codes(view, frame->state, &frame->codes);
    frame->searched = true;
    for (uint32_t word = 0; frame->way != FAST_ENTRY && word <= (uint32_t)frame->way / FAST_WORD; word++) {
        const bool last = word == (uint32_t)frame->way / FAST_WORD;
        frame->codes.words[word] &= last ? ~UINT64_C(1) << frame->way % FAST_WORD : 0;
    }
}

/* Sets the top to its next way; false if it has none. */
static inline bool fast_turn(const struct fast_view *view, struct fast_frame *frame)
{
    if (frame->is_node)
        return (uint32_t)++frame->way < frame->node.ways;
    if (!frame->searched)
        fast_search(view, frame);
    const uint32_t code = fast_first_code(&frame->codes);
    if (code == FAST_NONE)
        return false;
    fast_drop_code(&frame->codes, code);
    frame->way = (int32_t)code;
    return true;
}

/* From a state that has been entered down to its first key, without the one that ends where it begins. */
static inline enum fast_move fast_descend(const struct fast_view *view, struct perfpy_trie_cursor *cursor)
{
    enum fast_move move = FAST_AT_STATE;
    while (move == FAST_AT_STATE) {
        struct fast_stack *stack = cursor->state;
        struct fast_frame *frame = &stack->frames[stack->depth - 1];
        if (!frame->is_node)
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

/* Sets a state of the double array to its last way with no more keys below than `*rank`, and takes them off; false if
 * it has none. Halves the ways while there are many, and then looks at all of them: where they are, and how many steps
 * there are, does not depend on the rank, so that little is mispredicted. */
static inline bool fast_turn_to(const struct fast_view *view, struct fast_frame *frame, uint64_t *rank)
{
    enum { FEW = 4 };
    unsigned char list[FAST_WORDS * FAST_WORD];
    const uint32_t base = frame->state.base, ways = fast_list_codes(view, frame->state, list);
    if (ways == 0)
        return false;
    uint32_t first = 0, left = ways;
    for (uint32_t half; left > FEW; left -= half) {
        half = left / 2;
        first = fast_keys_below_code(view, base, list[first + half]) <= *rank ? first + half : first;
    }
    uint64_t before = fast_keys_below_code(view, base, list[first]);
    frame->way = list[first];
    for (uint32_t way = first + 1; way < first + left; way++) {
        const uint64_t below = fast_keys_below_code(view, base, list[way]);
        before = below <= *rank ? below : before;
        frame->way = below <= *rank ? list[way] : frame->way;
    }
    *rank -= before <= *rank ? before : *rank; /* the latter where it is damaged */
    return true;
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
    if (!frame->is_node) {
        return fast_turn_to(view, frame, rank) ? fast_go(view, cursor) : FAST_DAMAGED;
    }
    if (frame->way == FAST_ENTRY) {
        *rank -= at_key;
        return fast_pass_text(view, cursor);
    }
    frame->node.counts = fast_reference(&frame->node, frame->node.ways);
    frame->way = (int32_t)fast_way_at(view, &frame->node, *rank);
    *rank -= fast_keys_before(view, &frame->node, (uint32_t)frame->way);
    return fast_go(view, cursor);
}

static inline enum fast_move fast_seek(const struct fast_view *view, struct perfpy_trie_cursor *cursor, uint64_t rank)
{
    cursor->length = 0;
    if (cursor->state)
        ((struct fast_stack *)cursor->state)->depth = 0;
    if (!fast_make_room(cursor)) /* so that there is a key, though it be empty */
        return FAST_NO_MEMORY;
    enum fast_move move = fast_enter(view, cursor, view->root);
    while (move == FAST_AT_STATE || (move == FAST_AT_KEY && rank > 0))
        move = fast_seek_step(view, cursor, move == FAST_AT_KEY, &rank);
    return move == FAST_AT_END && rank > 0 ? FAST_DAMAGED : move;
}

#endif
