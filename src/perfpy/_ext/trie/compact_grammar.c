/* Finds the grammar of a sample: Re-Pair, the most frequent pair of neighbours first.
 *
 * Neighbours are kept in a list; all places where a pair starts are in a list of their own, so that replacing a pair
 * costs time in proportion to its occurrences. Counts only fall after a pair has come up, but for those that a rule
 * brings itself, so a heap with counts of the past is enough: what has fallen is put back when it comes to the top.
 */
#include <stdlib.h>

#include "compact_build.h"

#ifndef FIRST_PAIR_BITS /* tests start with less */
#define FIRST_PAIR_BITS 16
#endif

#define NOWHERE UINT32_MAX
#define GONE UINT32_MAX /* as the symbol of a place */

struct pair {
    uint64_t name; /* left << 32 | right, and never 0 where it is in use */
    uint32_t count, first;
};

struct candidate {
    uint64_t name;
    uint32_t count;
};

struct pairing {
    struct place {
        uint32_t symbol, before, after;
        uint32_t earlier, later; /* in the list of a pair's places */
    } *places;
    uint32_t count;
    struct pair *pairs;
    uint32_t pair_bits, pair_count;
    struct candidate *heap;
    size_t candidates, room;
    uint64_t *fresh; /* names of pairs that came up with the latest rule */
    size_t fresh_count, fresh_room;
    bool failed;
};

static struct pair *slot_of(const struct pairing *pairing, uint64_t name)
{
    const uint32_t mask = (1u << pairing->pair_bits) - 1;
    uint32_t slot = (uint32_t)((name * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - pairing->pair_bits));
    while (pairing->pairs[slot].name && pairing->pairs[slot].name != name)
        slot = (slot + 1) & mask;
    return pairing->pairs + slot;
}

/* Forgets pairs that are no more, and makes room for as many as there are. */
static bool make_room(struct pairing *pairing)
{
    struct pair *old = pairing->pairs;
    const size_t size = (size_t)1 << pairing->pair_bits;
    pairing->pair_bits++;
    pairing->pairs = calloc((size_t)1 << pairing->pair_bits, sizeof *pairing->pairs);
    if (!pairing->pairs) {
        pairing->pairs = old;
        pairing->pair_bits--;
        return false;
    }
    pairing->pair_count = 0;
    for (size_t i = 0; i < size; i++)
        if (old[i].name && old[i].count) {
            *slot_of(pairing, old[i].name) = old[i];
            pairing->pair_count++;
        }
    free(old);
    return true;
}

/* Whether a rule may hold this: special operations stay by themselves. */
static bool joins(uint32_t symbol)
{
    return symbol < OP_RAW || (symbol >= OP_COUNT && symbol != GONE);
}

/* The name of the pair at a place, or 0. */
static uint64_t name_at(const struct pairing *pairing, uint32_t place)
{
    const uint32_t next = pairing->places[place].after;
    if (next == NOWHERE || !joins(pairing->places[place].symbol) || !joins(pairing->places[next].symbol))
        return 0;
    /* One more on the left, as 0 means none. */
    return (uint64_t)(pairing->places[place].symbol + 1) << 32 | pairing->places[next].symbol;
}

static void push(struct pairing *pairing, struct candidate candidate)
{
    if (pairing->candidates == pairing->room) {
        const size_t room = pairing->room ? 2 * pairing->room : 1024;
        struct candidate *grown = realloc(pairing->heap, room * sizeof *grown);
        if (!grown) {
            pairing->failed = true;
            return;
        }
        pairing->heap = grown;
        pairing->room = room;
    }
    size_t i = pairing->candidates++;
    while (i > 0 && pairing->heap[(i - 1) / 2].count < candidate.count) {
        pairing->heap[i] = pairing->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    pairing->heap[i] = candidate;
}

static struct candidate pop(struct pairing *pairing)
{
    struct candidate *heap = pairing->heap;
    const struct candidate top = heap[0], last = heap[--pairing->candidates];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= pairing->candidates)
            break;
        if (child + 1 < pairing->candidates && heap[child + 1].count > heap[child].count)
            child++;
        if (heap[child].count <= last.count)
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return top;
}

static void note_fresh(struct pairing *pairing, uint64_t name)
{
    if (pairing->fresh_count == pairing->fresh_room) {
        const size_t room = pairing->fresh_room ? 2 * pairing->fresh_room : 256;
        uint64_t *grown = realloc(pairing->fresh, room * sizeof *grown);
        if (!grown) {
            pairing->failed = true;
            return;
        }
        pairing->fresh = grown;
        pairing->fresh_room = room;
    }
    pairing->fresh[pairing->fresh_count++] = name;
}

static void count_pair(struct pairing *pairing, uint32_t place)
{
    const uint64_t name = name_at(pairing, place);
    if (!name)
        return;
    if (3 * (uint64_t)pairing->pair_count > UINT64_C(2) << pairing->pair_bits && !make_room(pairing)) {
        pairing->failed = true;
        return;
    }
    struct pair *pair = slot_of(pairing, name);
    if (!pair->name) {
        *pair = (struct pair){.name = name, .first = NOWHERE};
        pairing->pair_count++;
    }
    if (pair->count++ == 0)
        note_fresh(pairing, name);
    pairing->places[place].earlier = NOWHERE;
    pairing->places[place].later = pair->first;
    if (pair->first != NOWHERE)
        pairing->places[pair->first].earlier = place;
    pair->first = place;
}

static void uncount_pair(struct pairing *pairing, uint32_t place)
{
    const uint64_t name = name_at(pairing, place);
    if (!name)
        return;
    struct pair *pair = slot_of(pairing, name);
    const uint32_t earlier = pairing->places[place].earlier, later = pairing->places[place].later;
    pair->count--;
    if (earlier == NOWHERE)
        pair->first = later;
    else
        pairing->places[earlier].later = later;
    if (later != NOWHERE)
        pairing->places[later].earlier = earlier;
}

/* Puts a symbol in the place of a pair, everywhere. */
static void replace(struct pairing *pairing, uint64_t name, uint32_t symbol)
{
    while (!pairing->failed) {
        /* Looked up each time: the table may move, and forget a pair that is no more. */
        const struct pair *pair = slot_of(pairing, name);
        if (pair->count == 0)
            return;
        struct place *places = pairing->places;
        const uint32_t place = pair->first;
        const uint32_t next = places[place].after, last = places[place].before, then = places[next].after;
        if (places[place].later != NOWHERE)
            __builtin_prefetch(&places[places[place].later]);
        if (last != NOWHERE)
            uncount_pair(pairing, last);
        uncount_pair(pairing, place);
        uncount_pair(pairing, next);
        places[place].symbol = symbol;
        places[next].symbol = GONE;
        places[place].after = then;
        if (then != NOWHERE)
            places[then].before = place;
        if (last != NOWHERE)
            count_pair(pairing, last);
        count_pair(pairing, place);
    }
}

static struct shape shape_of_op(uint32_t op)
{
    struct shape shape = {.ops = 1, .bytes = 3};
    if (op < OP_END) {
        shape.net = 1;
    } else if (op < OP_RAW) {
        shape.net = -(int32_t)(op - OP_END);
        shape.low = (uint16_t)(op - OP_END);
        shape.keys = 1;
    }
    return shape;
}

static struct shape join_shapes(struct shape a, struct shape b)
{
    const int32_t low = (int32_t)b.low - a.net;
    return (struct shape){
        .ops = (uint16_t)(a.ops + b.ops),
        .bytes = (uint16_t)(a.bytes + b.bytes),
        .low = (uint16_t)(low > a.low ? low : a.low),
        .keys = (uint16_t)(a.keys + b.keys),
        .net = a.net + b.net,
    };
}

static bool add_rule(struct grammar *grammar, uint32_t left, uint32_t right)
{
    const struct shape shape = join_shapes(grammar->shapes[left], grammar->shapes[right]);
    if (shape.ops > TOKEN_OPS_MOST || shape.low > TOKEN_LOW_MOST || grammar->symbols == grammar->capacity)
        return false;
    grammar->left[grammar->symbols] = left;
    grammar->right[grammar->symbols] = right;
    grammar->shapes[grammar->symbols++] = shape;
    return true;
}

static bool start_grammar(struct grammar *grammar, uint32_t symbols_most)
{
    *grammar = (struct grammar){.symbols = OP_COUNT, .capacity = symbols_most};
    grammar->left = calloc(symbols_most, sizeof *grammar->left);
    grammar->right = calloc(symbols_most, sizeof *grammar->right);
    grammar->shapes = calloc(symbols_most, sizeof *grammar->shapes);
    grammar->counts = calloc(symbols_most, sizeof *grammar->counts);
    if (!grammar->left || !grammar->right || !grammar->shapes || !grammar->counts)
        return false;
    for (uint32_t op = 0; op < OP_COUNT; op++)
        grammar->shapes[op] = shape_of_op(op);
    return true;
}

static bool start_pairing(struct pairing *pairing, const uint16_t *ops, size_t count)
{
    *pairing = (struct pairing){.count = (uint32_t)count, .pair_bits = FIRST_PAIR_BITS};
    pairing->places = malloc((count + 1) * sizeof *pairing->places);
    pairing->pairs = calloc((size_t)1 << pairing->pair_bits, sizeof *pairing->pairs);
    if (!pairing->places || !pairing->pairs)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        pairing->places[i].symbol = ops[i] == OP_BREAK ? GONE : ops[i];
        pairing->places[i].before = i ? i - 1 : NOWHERE;
        pairing->places[i].after = i + 1 < count ? i + 1 : NOWHERE;
    }
    /* Backwards, so that the first place of a pair is the first in its list, and "aaa" becomes "(aa)a". */
    for (uint32_t i = (uint32_t)count; i-- > 0;)
        count_pair(pairing, i);
    return !pairing->failed;
}

static void end_pairing(struct pairing *pairing)
{
    free(pairing->places);
    free(pairing->pairs);
    free(pairing->heap);
    free(pairing->fresh);
}

static void push_fresh(struct pairing *pairing, uint32_t least)
{
    for (size_t i = 0; i < pairing->fresh_count; i++) {
        const uint32_t count = slot_of(pairing, pairing->fresh[i])->count;
        if (count >= least)
            push(pairing, (struct candidate){pairing->fresh[i], count});
    }
    pairing->fresh_count = 0;
}

static enum perfpy_trie_status make_rules(struct pairing *pairing, uint32_t least, struct grammar *grammar,
                                          const struct perfpy_interrupt *interrupt)
{
    enum { REPLACED_BETWEEN_POLLS = 20000 };
    uint64_t replaced = 0;
    push_fresh(pairing, least);
    while (pairing->candidates && grammar->symbols < grammar->capacity && !pairing->failed) {
        struct candidate candidate = pop(pairing);
        const uint32_t count = slot_of(pairing, candidate.name)->count;
        if (count < candidate.count) {
            candidate.count = count;
            if (count >= least)
                push(pairing, candidate);
            continue;
        }
        if (!add_rule(grammar, (uint32_t)(candidate.name >> 32) - 1, (uint32_t)candidate.name))
            continue;
        replace(pairing, candidate.name, grammar->symbols - 1);
        push_fresh(pairing, least);
        replaced += count;
        if (replaced > REPLACED_BETWEEN_POLLS) {
            replaced = 0;
            if (interrupted(interrupt))
                return PERFPY_TRIE_INTERRUPTED;
        }
    }
    return pairing->failed ? PERFPY_TRIE_MEMORY : PERFPY_TRIE_OK;
}

enum perfpy_trie_status perfpy_compact_grammar(const uint16_t *ops, size_t count, uint32_t least, uint32_t symbols_most,
                                               const struct perfpy_interrupt *interrupt, struct grammar *grammar)
{
    struct pairing pairing;
    enum perfpy_trie_status status = PERFPY_TRIE_MEMORY;
    const bool started = start_pairing(&pairing, ops, count);
    if (start_grammar(grammar, symbols_most) && started)
        status = make_rules(&pairing, least, grammar, interrupt);
    if (status == PERFPY_TRIE_OK)
        for (uint32_t place = 0; place < pairing.count; place++)
            if (pairing.places[place].symbol != GONE)
                grammar->counts[pairing.places[place].symbol]++;
    end_pairing(&pairing);
    return status;
}

void perfpy_compact_grammar_free(struct grammar *grammar)
{
    free(grammar->left);
    free(grammar->right);
    free(grammar->shapes);
    free(grammar->counts);
}

size_t perfpy_compact_spell(const struct grammar *grammar, uint32_t symbol, uint16_t *ops)
{
    uint32_t stack[TOKEN_OPS_MOST + 1];
    size_t waiting = 0, count = 0;
    stack[waiting++] = symbol;
    while (waiting) {
        const uint32_t next = stack[--waiting];
        if (next < OP_COUNT) {
            ops[count++] = (uint16_t)next;
        } else {
            stack[waiting++] = grammar->right[next];
            stack[waiting++] = grammar->left[next];
        }
    }
    return count;
}
