/* Splits operations into the symbols that cost least. */
#include <stdlib.h>

#include "compact_build.h"

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

static void add_symbol(struct parser *parser, const uint16_t *ops, size_t count, uint32_t symbol)
{
    uint32_t node = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t *slot = slot_of(parser, name_of(node, ops[i]));
        if (!*slot) {
            *slot = (uint64_t)name_of(node, ops[i]) << 32 | parser->nodes;
            parser->symbol_of[parser->nodes++] = (uint32_t)NO_SYMBOL;
        }
        node = (uint32_t)*slot;
    }
    parser->symbol_of[node] = symbol;
}

bool perfpy_compact_parser(const struct grammar *grammar, const unsigned char *in_use, const uint32_t *costs,
                           struct parser *parser)
{
    uint16_t ops[TOKEN_OPS_MOST];
    size_t nodes = 1;
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++)
        if (in_use[symbol])
            nodes += grammar->shapes[symbol].ops;
    *parser = (struct parser){.nodes = 1, .costs = costs, .slot_bits = 4};
    while ((size_t)1 << parser->slot_bits < 2 * nodes)
        parser->slot_bits++;
    parser->slots = calloc((size_t)1 << parser->slot_bits, sizeof *parser->slots);
    parser->symbol_of = malloc(nodes * sizeof *parser->symbol_of);
    parser->ops_of = malloc(grammar->symbols);
    if (!parser->slots || !parser->symbol_of || !parser->ops_of) {
        perfpy_compact_parser_free(parser);
        return false;
    }
    parser->symbol_of[0] = (uint32_t)NO_SYMBOL;
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++) {
        parser->ops_of[symbol] = (unsigned char)grammar->shapes[symbol].ops;
        if (in_use[symbol])
            add_symbol(parser, ops, perfpy_compact_spell(grammar, symbol, ops), symbol);
    }
    return true;
}

void perfpy_compact_parser_free(struct parser *parser)
{
    free(parser->slots);
    free(parser->symbol_of);
    free(parser->ops_of);
    *parser = (struct parser){0};
}

size_t perfpy_compact_parse(const struct parser *parser, const uint16_t *ops, size_t count, uint32_t limit,
                            struct way *ways)
{
    size_t reached = 0, cleared = 0;
    ways[0] = (struct way){.symbol = (uint32_t)NO_SYMBOL};
    for (size_t i = 0; i <= reached && i < count; i++) {
        const uint32_t cost = ways[i].cost;
        if (cost > limit)
            continue;
        uint32_t node = 0;
        for (size_t j = i; j < count; j++) {
            const uint64_t slot = *slot_of(parser, name_of(node, ops[j]));
            if (!slot)
                break;
            node = (uint32_t)slot;
            while (cleared <= j)
                ways[++cleared] = (struct way){.cost = UINT32_MAX};
            const uint32_t symbol = parser->symbol_of[node];
            if (symbol == (uint32_t)NO_SYMBOL)
                continue;
            const uint32_t total = cost + parser->costs[symbol];
            if (total < ways[j + 1].cost && total <= limit) {
                ways[j + 1] = (struct way){total, symbol};
                reached = j + 1 > reached ? j + 1 : reached;
            }
        }
    }
    while (cleared < reached)
        ways[++cleared] = (struct way){.cost = UINT32_MAX};
    return reached;
}
