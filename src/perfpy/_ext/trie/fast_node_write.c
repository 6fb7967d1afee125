/* Writes single nodes. */
#include <stdlib.h>

#include "fast_pack.h"

enum {
    COPIED_ENDING = 2,      /* an ending of so few bytes is written into every node that leads to it alone */
    MOST_BYTES = 2560, /* of a node: 256 ways with labels, references and counts of 4 bytes */
    MASKED_WAYS = 64,
    INLINE_MASK_WAYS = 4, /* nodes with more ways have too many shapes if these say which references are long */
};

bool perfpy_fast_reserve(struct fast_bytes *bytes, size_t more)
{
    if (bytes->capacity - bytes->size >= more)
        return true;
    const size_t larger = bytes->size + bytes->size / 2 + more + 4096;
    unsigned char *data = realloc(bytes->data, larger);
    if (!data)
        return false;
    *bytes = (struct fast_bytes){data, bytes->size, larger};
    return true;
}

/* Whether a state goes on with at most COPIED_ENDING bytes to the empty ending, and no key ends before. */
static bool is_short_ending(const struct fast_automaton *automaton, uint32_t state)
{
    for (int length = 0; length < COPIED_ENDING; length++) {
        if (automaton->final[state] || fast_degree(automaton, state) != 1)
            return false;
        state = fast_target(automaton->edges[automaton->first[state]]);
        if (state == 0)
            return true;
    }
    return false;
}

struct fast_plan perfpy_fast_plan(const struct fast_packer *packer, uint32_t state)
{
    const struct fast_automaton *automaton = packer->automaton;
    struct fast_plan plan;
    plan.length = 0;
    plan.final = automaton->final[state];
    plan.gate = FAST_NOWHERE;
    for (;;) {
        if (packer->cells.base[state] != FAST_NOWHERE) {
            plan.final &= plan.length > 0; /* else the gate says it */
            plan.gate = state;
            plan.ways = 0;
            return plan;
        }
        plan.ways = fast_degree(automaton, state);
        plan.edges = automaton->edges + automaton->first[state];
        if (plan.ways != 1 || plan.length == FAST_TEXT)
            return plan;
        state = fast_target(*plan.edges);
        if (state != 0 && packer->cells.base[state] == FAST_NOWHERE &&
            (automaton->final[state] ||
             (packer->indegree[state] > 1 && !is_short_ending(automaton, state))))
            return plan;
        plan.text[plan.length++] = fast_label(*plan.edges);
        if (state == 0) {
            plan.ways = 0;
            return plan;
        }
    }
}

/* The value that refers to an address in 1 or 2 bytes, or -1. */
static int64_t near_value(unsigned width, uint32_t from, uint32_t to)
{
    if (width == 1 && to % 4 == 0 && to / 4 < FAST_NEAR_1)
        return to / 4;
    if (width == 2 && to < FAST_NEAR_2)
        return to;
    const uint32_t near = width == 1 ? FAST_NEAR_1 : FAST_NEAR_2, all = width == 1 ? 1 << 8 : 1 << 16;
    const uint64_t back = (uint64_t)from - to - 1 + near;
    return back < all ? (int64_t)back : -1;
}

/* Where to write, and the parts of a shape so far. */
struct draft {
    uint32_t at;
    uint32_t shape;
    uint64_t mask; /* long references, also where there are too many for it */
    unsigned long_bytes;
};

static void choose_references(const struct fast_packer *packer, const struct fast_plan *plan, struct draft *draft)
{
    uint64_t mask = 0;
    uint32_t longs = 0;
    bool addresses = false;
    for (uint32_t i = 0; i < plan->ways; i++) {
        const uint32_t to = packer->address[fast_target(plan->edges[i])];
        if (near_value(1, draft->at, to) >= 0)
            continue;
        longs++;
        mask |= i < MASKED_WAYS ? UINT64_C(1) << i : 0;
        addresses |= near_value(2, draft->at, to) < 0;
    }
    const uint32_t set_bytes = plan->ways > INLINE_MASK_WAYS ? (plan->ways + 7) / 8 : 0;
    draft->long_bytes = addresses ? packer->address_bytes : 2;
    if (plan->ways > MASKED_WAYS || (plan->ways - longs) * (draft->long_bytes - 1) <= set_bytes)
        mask = longs || plan->ways > MASKED_WAYS ? ~UINT64_C(0) : 0;
    draft->mask = mask;
    if (addresses)
        draft->shape |= FAST_ADDRESSES;
    if (mask == 0 || mask == ~UINT64_C(0) || plan->ways <= INLINE_MASK_WAYS)
        draft->shape |= (uint32_t)mask << 16;
    else
        draft->shape |= FAST_SET_IN_NODE;
}

static unsigned choose_counts(const struct fast_packer *packer, const struct fast_plan *plan)
{
    uint64_t sum = 0;
    const uint32_t each = plan->ways ? packer->keys[fast_target(plan->edges[0])] : 1;
    bool multiples = each <= FAST_COUNT_4 - FAST_COUNT_MULTIPLE;
    for (uint32_t i = 0; i + 1 < plan->ways; i++) {
        const uint32_t keys = packer->keys[fast_target(plan->edges[i])];
        multiples &= keys == each;
        sum += keys;
    }
    if (plan->ways < 2)
        return FAST_COUNT_MULTIPLE;
    if (multiples)
        return FAST_COUNT_MULTIPLE + each - 1;
    if (sum < 1 << 4 && plan->ways > 2)
        return FAST_COUNT_4;
    return sum < 1 << 8 ? FAST_COUNT_8 : sum < 1 << 16 ? FAST_COUNT_16 : FAST_COUNT_WIDEST;
}

static unsigned char *put(unsigned char *to, uint64_t value, size_t size)
{
    fast_store(to, value, size);
    return to + size;
}

static unsigned char *write_labels(unsigned char *to, const struct fast_plan *plan, unsigned kind)
{
    if (kind == FAST_SET) {
        const uint8_t lowest = fast_label(plan->edges[0]);
        uint64_t set = 0;
        for (uint32_t i = 0; i < plan->ways; i++)
            set |= UINT64_C(1) << (fast_label(plan->edges[i]) - lowest);
        *to++ = lowest;
        return put(to, set, 8);
    }
    if (kind == FAST_LIST)
        *to++ = (unsigned char)(plan->ways - 1);
    for (uint32_t i = 0; i < plan->ways; i++)
        *to++ = fast_label(plan->edges[i]);
    return to;
}

static unsigned char *write_references(unsigned char *to, const struct fast_packer *packer,
                                       const struct fast_plan *plan, const struct draft *draft)
{
    for (uint32_t i = 0; i < plan->ways; i++) {
        const uint32_t address = packer->address[fast_target(plan->edges[i])];
        const bool is_long = i < MASKED_WAYS ? draft->mask >> i & 1 : true;
        const unsigned width = is_long ? draft->long_bytes : 1;
        to = put(to, width < 3 ? (uint64_t)near_value(width, draft->at, address) : address, width);
    }
    return to;
}

static unsigned char *write_counts(unsigned char *to, const struct fast_packer *packer, const struct fast_plan *plan,
                                   unsigned code)
{
    static const unsigned char sizes[] = {[FAST_COUNT_8] = 1, [FAST_COUNT_16] = 2};
    if (code < FAST_COUNT_4)
        return to;
    const size_t size = code == FAST_COUNT_WIDEST ? packer->count_bytes : sizes[code];
    uint64_t sum = 0;
    for (uint32_t i = 0; i + 1 < plan->ways; i++) {
        sum += packer->keys[fast_target(plan->edges[i])];
        if (code != FAST_COUNT_4)
            to = put(to, sum, size);
        else if (i % 2)
            to[-1] |= (unsigned char)(sum << 4);
        else
            *to++ = (unsigned char)sum;
    }
    return to;
}

/* The number of ways as shapes have it. */
static unsigned label_kind(const struct fast_plan *plan)
{
    if (plan->gate != FAST_NOWHERE)
        return FAST_GATE;
    if (plan->ways <= FAST_WAYS)
        return plan->ways;
    const unsigned window = fast_label(plan->edges[plan->ways - 1]) - fast_label(plan->edges[0]);
    return window < MASKED_WAYS ? FAST_SET : FAST_LIST;
}

/* What a gate has of a state of the double array. */
static uint32_t gate_of(const struct fast_packer *packer, uint32_t state)
{
    const uint32_t single = packer->cells.singles && fast_degree(packer->automaton, state) == 1;
    return packer->cells.base[state] * 4 + 2 * single + packer->automaton->final[state];
}

/* What follows the code. */
static unsigned char *write_body(unsigned char *to, const struct fast_packer *packer, const struct fast_plan *plan,
                                 const struct draft *draft)
{
    const unsigned kind = fast_ways(draft->shape);
    if (kind <= FAST_WAYS)
        to = write_labels(to, plan, kind);
    memcpy(to, plan->text, plan->length);
    to += plan->length;
    if (kind == FAST_GATE)
        to = put(to, gate_of(packer, plan->gate), 4);
    else if (kind > FAST_WAYS)
        to = write_labels(to, plan, kind);
    if (draft->shape & FAST_SET_IN_NODE)
        to = put(to, draft->mask, (plan->ways + 7) / 8);
    to = write_references(to, packer, plan, draft);
    return write_counts(to, packer, plan, fast_count_code(draft->shape));
}

/* Bytes of a node before its address. */
static unsigned prefix_bytes(unsigned code)
{
    return code < FAST_SHORT ? 0 : code == FAST_CODES ? 4 : 1;
}

/* Finds the code of a shape. A shape without one that holds a set of long references is exchanged for one that has it
 * in the node, if this has a code. */
static unsigned choose_code(struct fast_packer *packer, const struct fast_plan *plan, struct draft *draft)
{
    if (packer->counting)
        return 0;
    unsigned code = perfpy_fast_shapes_code(&packer->shapes, draft->shape);
    if (code == FAST_CODES && draft->mask && plan->ways <= MASKED_WAYS && !(draft->shape & FAST_SET_IN_NODE)) {
        const uint32_t other = (draft->shape & 0xFFFF) | FAST_SET_IN_NODE;
        code = perfpy_fast_shapes_code(&packer->shapes, other);
        draft->shape = code == FAST_CODES ? draft->shape : other;
    }
    return code;
}

static struct draft make_draft(const struct fast_packer *packer, const struct fast_plan *plan, size_t at, bool aligned)
{
    struct draft draft = {.at = (uint32_t)(aligned ? (at + 3) / 4 * 4 : at)};
    const unsigned kind = label_kind(plan), counts = choose_counts(packer, plan);
    draft.shape = plan->length | kind << 5 | (plan->final ? FAST_FINAL : 0) | counts << 11;
    choose_references(packer, plan, &draft);
    return draft;
}

bool perfpy_fast_write(struct fast_packer *packer, uint32_t state, bool aligned)
{
    if (!perfpy_fast_reserve(&packer->nodes, MOST_BYTES))
        return false;
    const struct fast_plan plan = perfpy_fast_plan(packer, state);
    /* The address depends on the bytes before it, these on the shape, this on the widths of references, and these on
     * the address. A node that holds its shape ends the circle. */
    struct draft draft;
    unsigned code, prefix = 0;
    for (;;) {
        draft = make_draft(packer, &plan, packer->nodes.size + prefix, aligned);
        code = choose_code(packer, &plan, &draft);
        if (prefix_bytes(code) == prefix || prefix == 4)
            break;
        prefix = prefix_bytes(code) > prefix ? prefix_bytes(code) : 4;
    }
    packer->address[state] = draft.at;
    memset(packer->nodes.data + packer->nodes.size, 0, draft.at - packer->nodes.size);
    unsigned char *to = packer->nodes.data + draft.at;
    if (packer->counting)
        perfpy_fast_shapes_tally(&packer->shapes, draft.shape);
    if (prefix == 1)
        to[-1] = (unsigned char)(code - FAST_SHORT);
    if (prefix == 4)
        fast_store(to - 4, draft.shape, 4);
    *to++ = (unsigned char)(prefix == 4   ? FAST_ESCAPE
                            : prefix == 1 ? FAST_SHORT + ((code - FAST_SHORT) >> 8)
                                          : code);
    to = write_body(to, packer, &plan, &draft);
    packer->nodes.size = (size_t)(to - packer->nodes.data);
    return true;
}
