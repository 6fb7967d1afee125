/* Splits operations into the symbols that cost least. */
#include <stdlib.h>

#include "compact_build.h"

/* In the child of a slot: the rest is a symbol, the only one that starts like this. */
#define LEAF UINT32_C(0x80000000)

static uint64_t *slot_of(const struct parser *parser, uint32_t name)
{
    const uint32_t mask = (1u << parser->slot_bits) - 1;
    uint32_t slot = (name * UINT32_C(0x9e3779b1)) >> (32 - parser->slot_bits);
    while (parser->slots[slot] && parser->slots[slot] >> 32 != name)
        slot = (slot + 1) & mask;
    return parser->slots + slot;
}

static uint32_t name_of(uint32_t node, uint32_t op)
{
    return node * OP_COUNT + op + 1;
}

static uint32_t add_node(struct parser *parser)
{
    parser->steps[parser->nodes] = (struct way){.symbol = (uint32_t)NO_SYMBOL};
    return parser->nodes++;
}

/* Where a symbol's operations go on after `depth` of them. */
static void add_leaf(struct parser *parser, uint32_t node, uint32_t symbol, size_t depth)
{
    const struct text *text = &parser->texts[symbol];
    if (depth == text->ops) {
        parser->steps[node] = (struct way){text->cost, symbol};
        return;
    }
    const uint32_t name = name_of(node, parser->ops[text->place + depth]);
    *slot_of(parser, name) = (uint64_t)name << 32 | LEAF | symbol;
}

static void add_symbol(struct parser *parser, uint32_t symbol)
{
    const struct text *text = &parser->texts[symbol];
    uint32_t node = 0;
    for (size_t depth = 0; depth < text->ops; depth++) {
        const uint32_t name = name_of(node, parser->ops[text->place + depth]);
        uint64_t *slot = slot_of(parser, name);
        if (!*slot) {
            add_leaf(parser, node, symbol, depth);
            return;
        }
        const uint32_t child = (uint32_t)*slot;
        node = child;
        if (child & LEAF) {
            node = add_node(parser);
            *slot = (uint64_t)name << 32 | node;
            add_leaf(parser, node, child & ~LEAF, depth + 1);
        }
    }
    parser->steps[node] = (struct way){text->cost, symbol};
}

/* Puts the slots into a table that is as small as it can be, now that their number is known: the less of a cache it
 * takes the better. */
static bool shrink(struct parser *parser)
{
    struct parser small = *parser;
    size_t used = 0;
    for (size_t i = 0; i < (size_t)1 << parser->slot_bits; i++)
        used += parser->slots[i] != 0;
    while (small.slot_bits > 4 && (size_t)1 << small.slot_bits >= 4 * used)
        small.slot_bits--;
    small.slots = calloc((size_t)1 << small.slot_bits, sizeof *small.slots);
    if (!small.slots)
        return false;
    for (size_t i = 0; i < (size_t)1 << parser->slot_bits; i++)
        if (parser->slots[i])
            *slot_of(&small, (uint32_t)(parser->slots[i] >> 32)) = parser->slots[i];
    free(parser->slots);
    *parser = small;
    for (uint32_t op = 0; op < OP_COUNT; op++)
        parser->first[op] = *slot_of(parser, name_of(0, op));
    return true;
}

static bool reserve(const struct grammar *grammar, const unsigned char *in_use, struct parser *parser)
{
    size_t ops = 0;
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++)
        ops += in_use[symbol] ? grammar->shapes[symbol].ops : 0;
    parser->slot_bits = 4;
    while ((size_t)1 << parser->slot_bits < 2 * ops)
        parser->slot_bits++;
    parser->slots = calloc((size_t)1 << parser->slot_bits, sizeof *parser->slots);
    parser->steps = malloc((ops + 1) * sizeof *parser->steps);
    parser->texts = malloc(grammar->symbols * sizeof *parser->texts);
    parser->ops = malloc((ops + 1) * sizeof *parser->ops);
    return parser->slots && parser->steps && parser->texts && parser->ops;
}

bool perfpy_compact_parser(const struct grammar *grammar, const unsigned char *in_use, const uint32_t *costs,
                           struct parser *parser)
{
    *parser = (struct parser){0};
    if (!reserve(grammar, in_use, parser)) {
        perfpy_compact_parser_free(parser);
        return false;
    }
    add_node(parser);
    size_t place = 0;
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++) {
        parser->texts[symbol] = (struct text){(uint32_t)place, grammar->shapes[symbol].ops, costs[symbol]};
        if (in_use[symbol]) {
            place += perfpy_compact_spell(grammar, symbol, parser->ops + place);
            add_symbol(parser, symbol);
        }
    }
    if (!shrink(parser)) {
        perfpy_compact_parser_free(parser);
        return false;
    }
    return true;
}

void perfpy_compact_parser_free(struct parser *parser)
{
    free(parser->slots);
    free(parser->steps);
    free(parser->texts);
    free(parser->ops);
    *parser = (struct parser){0};
}

/* Ways as far as they are known: from `cleared` on nothing is set. */
struct front {
    struct way *ways;
    size_t reached, cleared;
    uint32_t limit;
};

static inline void clear_to(struct front *front, size_t place)
{
    while (front->cleared < place)
        front->ways[++front->cleared] = (struct way){.cost = UINT32_MAX};
}

static inline bool step_to(struct front *front, size_t place, uint32_t cost, uint32_t symbol)
{
    clear_to(front, place);
    if (cost >= front->ways[place].cost || cost > front->limit)
        return false;
    front->ways[place] = (struct way){cost, symbol};
    front->reached = place > front->reached ? place : front->reached;
    return true;
}

size_t perfpy_compact_parse(const struct parser *parser, const uint16_t *ops, size_t count, uint32_t limit,
                            struct way *ways)
{
    struct front front = {.ways = ways, .limit = limit};
    /* A place further on that costs no more than the one at hand: going on from here hardly ever pays. */
    size_t cheap = 0;
    uint32_t cheap_cost = 0;
    ways[0] = (struct way){.symbol = (uint32_t)NO_SYMBOL};
    for (size_t i = 0; i <= front.reached && i < count; i++) {
        const uint32_t cost = ways[i].cost;
        if (cost > limit || (i < cheap && cost >= cheap_cost))
            continue;
        uint32_t node = 0;
        for (size_t j = i; j < count; j++) {
            const uint64_t slot = j == i ? parser->first[ops[j]] : *slot_of(parser, name_of(node, ops[j]));
            struct way step;
            size_t end = j + 1;
            if (!slot)
                break;
            node = (uint32_t)slot;
            if (node & LEAF) {
                const struct text *text = &parser->texts[node & ~LEAF];
                end = i + text->ops;
                if (end > count || memcmp(ops + j + 1, parser->ops + text->place + (j + 1 - i), 2 * (end - j - 1)))
                    break;
                step = (struct way){text->cost, node & ~LEAF};
            } else {
                step = parser->steps[node];
            }
            if (step.symbol != (uint32_t)NO_SYMBOL && step_to(&front, end, cost + step.cost, step.symbol) &&
                (i >= cheap || cost + step.cost <= cheap_cost)) {
                cheap = end;
                cheap_cost = cost + step.cost;
            }
            if (node & LEAF)
                break;
        }
    }
    return front.reached;
}
