/* Splits operations into the symbols that cost least.
 *
 * Symbols in use are found by Aho and Corasick's automaton: its state is the longest end of what was read that a symbol
 * begins with, and all symbols that end there are in a list. So each operation is one step, and the cheapest way to a
 * place is the best of those that its list leads back to. Steps do not depend on costs: they are made beforehand, in
 * several places at once, as each one waits for memory.
 *
 * A step takes several looks at a table where a state has no way on and its shorter ends are tried; what came of it is
 * kept in a smaller table, in which most steps are found at once.
 */
#include <stdlib.h>

#include "compact_build.h"

enum {
    ROOT = 0,
    KNOWN_BITS = 16, /* at most */
    LANES = 4,
    LANE_LEAST = 8, /* times the longest symbol: operations in a lane, which takes as many as that to start */
    PAST_MOST = 40, /* places behind the last one that was reached; longer symbols hardly ever reach further ones */
    LAST = 1 << 24,                  /* in a match: no other follows */
};

static uint32_t name_of(uint32_t state, uint32_t op)
{
    return state * OP_COUNT + op + 1;
}

static uint32_t hash_of(uint32_t name, unsigned bits)
{
    return (name * UINT32_C(0x9e3779b1)) >> (32 - bits);
}

/* The slot of a state's way on, which is 0 if there is none. */
static uint64_t *slot_of(const struct parser *parser, uint32_t name)
{
    const uint32_t mask = (1u << parser->slot_bits) - 1;
    uint32_t slot = hash_of(name, parser->slot_bits);
    while (parser->slots[slot] && parser->slots[slot] >> 32 != name)
        slot = (slot + 1) & mask;
    return parser->slots + slot;
}

/* Where to look for a way on: at the state itself, or at its longest end, if the state has none at all. */
static uint32_t open_end(const struct parser *parser, uint32_t state)
{
    return parser->states[state].goes_on ? state : parser->states[state].shorter;
}

/* Follows a way, or the way of the longest end that has one. */
static uint32_t find_step(const struct parser *parser, uint32_t state, uint32_t op)
{
    for (;; state = parser->states[state].shorter) {
        const uint32_t next = (uint32_t)*slot_of(parser, name_of(state, op));
        if (next || state == ROOT)
            return next;
    }
}

/* The step from an open end. */
static inline struct known_step step(const struct parser *parser, uint32_t state, uint32_t op)
{
    const uint32_t name = name_of(state, op);
    struct known_step *known = parser->known + hash_of(name, parser->known_bits);
    if (known->name != name) {
        const uint32_t next = find_step(parser, state, op);
        *known = (struct known_step){name, open_end(parser, next), parser->lists[next]};
    }
    return *known;
}

/* Makes the states along operations from `state` on; returns the last. */
static uint32_t add_states(struct parser *parser, uint32_t state, const uint16_t *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t name = name_of(state, ops[i]);
        uint64_t *slot = slot_of(parser, name);
        if (!*slot) {
            *slot = (uint64_t)name << 32 | parser->count;
            parser->states[state].goes_on = true;
            parser->states[parser->count++] = (struct parser_state){
                .symbol = (uint32_t)NO_SYMBOL,
                .before = state,
                .op = ops[i],
                .depth = (uint8_t)(parser->states[state].depth + 1),
            };
        }
        state = (uint32_t)*slot;
    }
    return state;
}

/* What a symbol begins with is mostly there, as rules are in the order in which they were made; then only the rest
 * needs states. */
static bool has_left(const struct grammar *grammar, const unsigned char *in_use, uint32_t symbol)
{
    return symbol >= OP_COUNT && in_use[grammar->left[symbol]];
}

static void add_symbols(struct parser *parser, const unsigned char *in_use, uint32_t *ends)
{
    const struct grammar *grammar = parser->grammar;
    uint16_t ops[TOKEN_OPS_MOST];
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++) {
        if (!in_use[symbol])
            continue;
        const bool left = has_left(grammar, in_use, symbol);
        const size_t count = perfpy_compact_spell(grammar, left ? grammar->right[symbol] : symbol, ops);
        ends[symbol] = add_states(parser, left ? ends[grammar->left[symbol]] : ROOT, ops, count);
        parser->states[ends[symbol]].symbol = symbol;
    }
}

/* Puts the states in order of their depth, the root first. */
static void sort_states(struct parser *parser)
{
    uint32_t places[TOKEN_OPS_MOST + 2] = {0};
    for (uint32_t state = 0; state < parser->count; state++)
        places[parser->states[state].depth + 1]++;
    for (size_t depth = 1; depth < TOKEN_OPS_MOST + 2; depth++)
        places[depth] += places[depth - 1];
    for (uint32_t state = 0; state < parser->count; state++)
        parser->order[places[parser->states[state].depth]++] = state;
    parser->longest = parser->states[parser->order[parser->count - 1]].depth;
}

static void find_fallbacks(struct parser *parser)
{
    for (uint32_t i = 1; i < parser->count; i++) {
        struct parser_state *state = &parser->states[parser->order[i]];
        if (state->depth > 1)
            state->fallback = find_step(parser, parser->states[state->before].shorter, state->op);
        state->shorter = open_end(parser, state->fallback);
    }
}

bool perfpy_compact_parser(const struct grammar *grammar, const unsigned char *in_use, struct parser *parser)
{
    size_t most = 1;
    *parser = (struct parser){.grammar = grammar, .count = 1, .slot_bits = 4};
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++)
        if (in_use[symbol])
            most += grammar->shapes[has_left(grammar, in_use, symbol) ? grammar->right[symbol] : symbol].ops;
    if (most >= UINT32_MAX / OP_COUNT)
        return false;
    while ((size_t)1 << parser->slot_bits < most + most / 2)
        parser->slot_bits++;
    parser->known_bits = parser->slot_bits < KNOWN_BITS ? parser->slot_bits : KNOWN_BITS;
    uint32_t *ends = malloc(grammar->symbols * sizeof *ends);
    parser->slots = calloc((size_t)1 << parser->slot_bits, sizeof *parser->slots);
    parser->known = calloc((size_t)1 << parser->known_bits, sizeof *parser->known);
    parser->states = malloc(most * sizeof *parser->states);
    parser->order = malloc(most * sizeof *parser->order);
    parser->lists = malloc(most * sizeof *parser->lists);
    const bool enough = ends && parser->slots && parser->known && parser->states && parser->order && parser->lists;
    if (enough) {
        parser->states[ROOT] = (struct parser_state){.symbol = (uint32_t)NO_SYMBOL};
        add_symbols(parser, in_use, ends);
        sort_states(parser);
        find_fallbacks(parser);
    } else {
        perfpy_compact_parser_free(parser);
    }
    free(ends);
    return enough;
}

void perfpy_compact_parser_free(struct parser *parser)
{
    free(parser->slots);
    free(parser->known);
    free(parser->states);
    free(parser->order);
    free(parser->lists);
    free(parser->matches);
    free(parser->symbols);
    *parser = (struct parser){0};
}

static bool reserve_matches(struct parser *parser, size_t count)
{
    if (count <= parser->match_room)
        return true;
    const size_t room = count + count / 2 + 1024;
    uint32_t *matches = realloc(parser->matches, room * sizeof *matches);
    parser->matches = matches ? matches : parser->matches;
    uint32_t *symbols = realloc(parser->symbols, room * sizeof *symbols);
    parser->symbols = symbols ? symbols : parser->symbols;
    parser->match_room = matches && symbols ? room : parser->match_room;
    return matches && symbols;
}

bool perfpy_compact_set_costs(struct parser *parser, const unsigned char *in_use, const uint32_t *costs)
{
    size_t count = 1;
    if (!reserve_matches(parser, count))
        return false;
    memset(parser->known, 0, ((size_t)1 << parser->known_bits) * sizeof *parser->known);
    parser->lists[ROOT] = 0;
    parser->matches[0] = MATCH_COST | 1 << MATCH_OPS_SHIFT | LAST;
    parser->symbols[0] = (uint32_t)NO_SYMBOL;
    for (uint32_t i = 1; i < parser->count; i++) {
        const uint32_t number = parser->order[i], symbol = parser->states[number].symbol;
        uint32_t list = parser->lists[parser->states[number].fallback];
        if (symbol != (uint32_t)NO_SYMBOL && in_use[symbol]) {
            if (!reserve_matches(parser, count + TOKEN_OPS_MOST + 1))
                return false;
            const uint32_t first = (uint32_t)count, ops = parser->grammar->shapes[symbol].ops;
            parser->matches[count] = costs[symbol] | ops << MATCH_OPS_SHIFT | (list ? 0 : LAST);
            parser->symbols[count++] = symbol;
            for (bool more = list; more; list++) {
                more = !(parser->matches[list] & LAST);
                parser->matches[count] = parser->matches[list];
                parser->symbols[count++] = parser->symbols[list];
            }
            list = first;
        }
        parser->lists[number] = list;
    }
    return true;
}

/* The open end at a place, from the operations before it. */
static uint32_t state_at(const struct parser *parser, const uint16_t *ops, size_t place)
{
    uint32_t state = ROOT;
    for (size_t i = place > parser->longest ? place - parser->longest : 0; i < place; i++)
        state = step(parser, state, ops[i]).state;
    return state;
}

void perfpy_compact_find_matches(const struct parser *parser, const uint16_t *ops, size_t first, size_t count,
                                 uint32_t *lists)
{
    const size_t size = (count - first) / LANES;
    if (size >= LANE_LEAST * parser->longest) {
        uint32_t state[LANES];
        for (size_t lane = 0; lane < LANES; lane++)
            state[lane] = state_at(parser, ops, first + lane * size);
        for (size_t i = first; i < first + size; i++)
            for (size_t lane = 0; lane < LANES; lane++) {
                const struct known_step known = step(parser, state[lane], ops[i + lane * size]);
                state[lane] = known.state;
                lists[i + lane * size] = known.list;
            }
        first += LANES * size;
    }
    for (uint32_t state = state_at(parser, ops, first); first < count; first++) {
        const struct known_step known = step(parser, state, ops[first]);
        state = known.state;
        lists[first] = known.list;
    }
}

size_t perfpy_compact_parse(const struct parser *parser, const uint32_t *lists, size_t count, uint32_t limit,
                            uint64_t *ways)
{
    const uint64_t most = (uint64_t)limit << 32 | UINT32_MAX;
    size_t reached = 0;
    ways[0] = 0;
    for (size_t i = 1; i <= count && i <= reached + PAST_MOST; i++) {
        uint64_t best = UINT64_MAX;
        for (uint32_t place = lists[i - 1];; place++) {
            const uint32_t match = parser->matches[place], ops = match_ops(match);
            if (ops <= i) {
                const uint64_t before = ways[i - ops] >> 32 << 32;
                const uint64_t way = before + ((uint64_t)(match & MATCH_COST) << 32 | place);
                best = way < best ? way : best;
            }
            if (match & LAST)
                break;
        }
        ways[i] = best;
        reached = best <= most ? i : reached;
    }
    return reached;
}
