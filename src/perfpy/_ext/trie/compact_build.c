/* Builds a trie of the compact layout; compact.h says what it is made of. */
#include "compact_build.h"

#include <math.h>
#include <stdlib.h>

#ifndef SAMPLE_OPS /* that the grammar is made from; fewer in tests */
#define SAMPLE_OPS 1500000
#endif
#ifndef LEAST_OCCURRENCES /* in all keys, of a pair that becomes a rule */
#define LEAST_OCCURRENCES 16
#endif

enum {
    LEAST_IN_SAMPLE = 3,
    RULES_MOST = 60000,
    ENTRY_BITS = 8 * 12,     /* what a token costs by being there, with its part of the pool */
    UNITS = 256,             /* of costs to a bit, until the codes are known */
    PART_OPS = 4096,         /* of the sample, that are parsed at once */
};

_Static_assert(OP_COUNT + RULES_MOST < OP_BREAK, "symbols of the sample are numbers of 16 bits");

/* What a trie is built with. */
struct builder {
    const struct perfpy_trie_keys *keys;
    const struct perfpy_interrupt *interrupt;
    struct facts facts;
    uint32_t block_bytes;
    struct ops sample;
    struct grammar grammar;
    unsigned char *in_use; /* by symbol, as are these: */
    uint32_t *costs;
    uint64_t *counts;
    struct parser parser;
    struct codes codes;
    struct packed packed;
    struct tables tables;
    struct grouping grouping;
    struct bytes windows, links, records;
    struct starts starts;
    struct entries entries;
};

/* Which operations there are is known from all keys. */
static void use_ops(struct builder *builder)
{
    for (uint32_t op = 0; op < OP_COUNT; op++) {
        builder->in_use[op] = builder->facts.counts[op] > 0;
        if (builder->in_use[op] && builder->counts[op] == 0)
            builder->counts[op] = 1;
    }
}

static void set_costs(struct builder *builder)
{
    double all = 1;
    for (uint32_t symbol = 0; symbol < builder->grammar.symbols; symbol++)
        all += (double)builder->counts[symbol];
    for (uint32_t symbol = 0; symbol < builder->grammar.symbols; symbol++) {
        const double count = builder->counts[symbol] ? (double)builder->counts[symbol] : 0.5;
        const double bits = log2(all / count);
        builder->costs[symbol] = (uint32_t)(UNITS * (bits < CODE_MOST ? bits : CODE_MOST));
    }
}

/* Gives up rules that save less, over their parts, than it costs to have them. */
static bool drop_rules(struct builder *builder)
{
    const struct grammar *grammar = &builder->grammar;
    const double scale = (double)builder->facts.ops / (double)builder->sample.count;
    uint32_t *instead = malloc(grammar->symbols * sizeof *instead);
    if (!instead)
        return false;
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++) {
        instead[symbol] = builder->costs[symbol];
        if (symbol < OP_COUNT)
            continue;
        const uint32_t parts = instead[grammar->left[symbol]] + instead[grammar->right[symbol]];
        const double saved = ((double)parts - builder->costs[symbol]) * (double)builder->counts[symbol] * scale;
        builder->in_use[symbol] = builder->in_use[symbol] && saved > (double)ENTRY_BITS * UNITS;
        if (!builder->in_use[symbol])
            instead[symbol] = parts;
    }
    free(instead);
    return true;
}

/* Counts the symbols of the cheapest way through some operations. */
static void count_in_part(struct builder *builder, const uint16_t *ops, size_t count, uint32_t *lists, uint64_t *ways)
{
    const struct parser *parser = &builder->parser;
    perfpy_compact_find_matches(parser, ops, 0, count, lists);
    perfpy_compact_parse(parser, lists, count, UINT32_MAX - 1, ways);
    while (count > 0) {
        const uint32_t match = (uint32_t)ways[count];
        builder->counts[parser->symbols[match]]++;
        count -= match_ops(parser->matches[match]);
    }
}

/* Counts the symbols of the cheapest way through the sample. */
static enum perfpy_trie_status count_symbols(struct builder *builder)
{
    uint32_t *lists = malloc(PART_OPS * sizeof *lists);
    uint64_t *ways = malloc((PART_OPS + 1) * sizeof *ways);
    enum perfpy_trie_status status = PERFPY_TRIE_MEMORY;
    if (lists && ways && perfpy_compact_parser(&builder->grammar, builder->in_use, &builder->parser) &&
        perfpy_compact_set_costs(&builder->parser, builder->in_use, builder->costs)) {
        memset(builder->counts, 0, builder->grammar.symbols * sizeof *builder->counts);
        status = PERFPY_TRIE_OK;
        for (size_t first = 0; first < builder->sample.count && status == PERFPY_TRIE_OK;) {
            const uint16_t *ops = builder->sample.list + first;
            const size_t left = builder->sample.count - first, most = left < PART_OPS ? left : PART_OPS;
            size_t count = 0;
            while (count < most && ops[count] != OP_BREAK)
                count++;
            count_in_part(builder, ops, count, lists, ways);
            first += count + (count < most);
            if (interrupted(builder->interrupt))
                status = PERFPY_TRIE_INTERRUPTED;
        }
    }
    free(lists);
    free(ways);
    return status;
}

/* Finds the tokens, and their codes. */
static enum perfpy_trie_status choose_tokens(struct builder *builder)
{
    struct grammar *grammar = &builder->grammar;
    if (!perfpy_compact_sample(builder->keys, builder->facts.ops, SAMPLE_OPS, &builder->sample))
        return PERFPY_TRIE_MEMORY;
    const double part = (double)builder->sample.count / (double)builder->facts.ops;
    const uint32_t scaled = part < 1 ? (uint32_t)(LEAST_OCCURRENCES * part) : LEAST_OCCURRENCES;
    enum perfpy_trie_status status =
        perfpy_compact_grammar(builder->sample.list, builder->sample.count,
                               scaled < LEAST_IN_SAMPLE ? LEAST_IN_SAMPLE : scaled, OP_COUNT + RULES_MOST,
                               builder->interrupt, grammar);
    if (status != PERFPY_TRIE_OK)
        return status;
    builder->in_use = malloc(grammar->symbols);
    builder->costs = calloc(grammar->symbols, sizeof *builder->costs);
    builder->counts = calloc(grammar->symbols, sizeof *builder->counts);
    if (!builder->in_use || !builder->costs || !builder->counts)
        return PERFPY_TRIE_MEMORY;
    memset(builder->in_use, 1, grammar->symbols);
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++)
        builder->counts[symbol] = grammar->counts[symbol];
    use_ops(builder);
    set_costs(builder);
    if (!drop_rules(builder))
        return PERFPY_TRIE_MEMORY;
    status = count_symbols(builder);
    use_ops(builder);
    if (status != PERFPY_TRIE_OK)
        return status;
    for (uint32_t symbol = OP_COUNT; symbol < grammar->symbols; symbol++)
        builder->in_use[symbol] = builder->counts[symbol] > 0;
    return perfpy_compact_codes(builder->counts, grammar->symbols, &builder->codes) ? PERFPY_TRIE_OK
                                                                                    : PERFPY_TRIE_MEMORY;
}

/* More bytes make fewer per key, and more time for a search. What a small table of codes saves, blocks may cost. */
static uint32_t block_bytes_for(const struct builder *builder)
{
    enum { LARGE = 50, BLOCK_COST = 11 /* bytes, with its part of a group */ };
    static const uint32_t small[] = {BLOCK_LEAST, 32, 40};
    const unsigned bits = perfpy_compact_bits_of(builder->codes.count);
    const double saved = 4.0 * ((1 << PRIMARY_MOST) - (1 << (bits < PRIMARY_MOST ? bits : PRIMARY_MOST)));
    double data = 0;
    for (uint32_t symbol = 0; symbol < builder->grammar.symbols; symbol++)
        data += (double)builder->counts[symbol] * builder->codes.lengths[symbol] / 8;
    if (builder->sample.count)
        data *= (double)builder->facts.ops / (double)builder->sample.count;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (BLOCK_COST * data * (1.0 / small[i] - 1.0 / LARGE) <= saved)
            return small[i];
    return LARGE;
}

static enum perfpy_trie_status fill_blocks(struct builder *builder)
{
    for (uint32_t symbol = 0; symbol < builder->grammar.symbols; symbol++)
        builder->costs[symbol] = builder->codes.lengths[symbol];
    builder->costs[OP_RAW] += RAW_OFFSET_BITS + RAW_LENGTH_BITS;
    builder->costs[OP_CUT] += CUT_BITS;
    if (!perfpy_compact_set_costs(&builder->parser, builder->in_use, builder->costs))
        return PERFPY_TRIE_MEMORY;
    builder->block_bytes = block_bytes_for(builder);
    return perfpy_compact_pack(builder->keys, &builder->parser, &builder->codes, builder->block_bytes,
                               builder->interrupt, &builder->packed);
}

static void append_header(const struct builder *builder, struct bytes *payload)
{
    const struct entries *entries = &builder->entries;
    const uint32_t numbers[] = {COMPACT_MAGIC, builder->block_bytes};
    for (int i = 0; i < 2; i++)
        perfpy_compact_append_le(payload, numbers[i], 4);
    perfpy_compact_append_le(payload, builder->keys->count, 8);
    const uint32_t counts[] = {
        builder->packed.blocks,
        builder->grouping.groups,
        builder->codes.count - builder->codes.specials,
        builder->codes.specials,
        (uint32_t)builder->tables.ops.size,
        (uint32_t)(builder->windows.size / 8),
        (uint32_t)builder->tables.pool.size,
        builder->starts.count,
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        perfpy_compact_append_le(payload, counts[i], 4);
    const unsigned widths[] = {
        builder->tables.primary_bits, entries->place_bits,         entries->depth_bits,    entries->rank_bits,
        builder->starts.number_bits,  builder->starts.length_bits, entries->own_rank_bits, builder->grouping.mark_bytes,
    };
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        perfpy_compact_append_le(payload, widths[i], 1);
    perfpy_compact_append_le(payload, builder->records.size, 8);
    perfpy_compact_append_le(payload, builder->packed.raw.size, 8);
    perfpy_compact_append_le(payload, builder->packed.data.size, 8);
    for (uint32_t i = 0; i < HEADER_SIZE - HEADER_SPECIAL; i++) {
        const uint32_t number = builder->codes.count - builder->codes.specials + i;
        const uint32_t symbol = i < builder->codes.specials ? builder->codes.order[number] : OP_RAW;
        perfpy_compact_append_le(payload, symbol - OP_RAW, 1);
    }
}

static void append_section(struct bytes *payload, const struct bytes *section)
{
    perfpy_compact_append(payload, section->data, section->size);
    payload->failed = payload->failed || section->failed;
}

static enum perfpy_trie_status assemble(const struct builder *builder, struct perfpy_trie_payload *payload)
{
    const struct tables *tables = &builder->tables;
    static const unsigned char slack[SLACK];
    struct bytes bytes = {0};
    append_header(builder, &bytes);
    append_section(&bytes, &tables->codes);
    append_section(&bytes, &tables->primary);
    append_section(&bytes, &tables->tokens);
    append_section(&bytes, &tables->ops);
    append_section(&bytes, &builder->windows);
    append_section(&bytes, &builder->links);
    append_section(&bytes, &builder->entries.groups);
    append_section(&bytes, &builder->entries.blocks);
    append_section(&bytes, &builder->starts.parents);
    append_section(&bytes, &builder->starts.lengths);
    append_section(&bytes, &builder->records);
    append_section(&bytes, &tables->pool);
    append_section(&bytes, &builder->packed.raw);
    append_section(&bytes, &builder->packed.data);
    perfpy_compact_append(&bytes, slack, SLACK);
    if (bytes.failed) {
        free(bytes.data);
        return PERFPY_TRIE_MEMORY;
    }
    *payload = (struct perfpy_trie_payload){.data = bytes.data, .size = bytes.size};
    return PERFPY_TRIE_OK;
}

static enum perfpy_trie_status build_parts(struct builder *builder)
{
    enum perfpy_trie_status status = perfpy_compact_facts(builder->keys, builder->interrupt, &builder->facts);
    if (status == PERFPY_TRIE_OK)
        status = choose_tokens(builder);
    if (status == PERFPY_TRIE_OK)
        status = fill_blocks(builder);
    if (status == PERFPY_TRIE_OK)
        status = perfpy_compact_tables(&builder->grammar, &builder->codes, &builder->tables);
    if (status == PERFPY_TRIE_OK)
        status = perfpy_compact_group(builder->keys, &builder->packed, &builder->grouping);
    struct grouping *grouping = &builder->grouping;
    const struct separators separators = {builder->keys, grouping->first_keys, grouping->lengths, grouping->groups};
    if (status == PERFPY_TRIE_OK && separators.groups)
        status = perfpy_compact_index(&separators, &builder->windows, &builder->links, &builder->records);
    if (status == PERFPY_TRIE_OK)
        status = perfpy_compact_find_starts(grouping, builder->interrupt, &builder->starts);
    if (status == PERFPY_TRIE_OK)
        perfpy_compact_entries(grouping, builder->starts.number_bits, &builder->entries);
    return status;
}

static void free_builder(struct builder *builder)
{
    free(builder->sample.list);
    perfpy_compact_grammar_free(&builder->grammar);
    free(builder->in_use);
    free(builder->costs);
    free(builder->counts);
    perfpy_compact_parser_free(&builder->parser);
    perfpy_compact_codes_free(&builder->codes);
    perfpy_compact_packed_free(&builder->packed);
    perfpy_compact_grouping_free(&builder->grouping);
    struct bytes *sections[] = {&builder->tables.codes, &builder->tables.primary, &builder->tables.tokens,
                                &builder->tables.ops,   &builder->tables.pool,    &builder->windows,
                                &builder->links,        &builder->records,        &builder->starts.parents,
                                &builder->starts.lengths, &builder->entries.groups, &builder->entries.blocks};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        free(sections[i]->data);
}

enum perfpy_trie_status perfpy_compact_build(const struct perfpy_trie_keys *keys,
                                             const struct perfpy_interrupt *interrupt,
                                             struct perfpy_trie_payload *payload)
{
    struct builder builder = {.keys = keys, .interrupt = interrupt};
    enum perfpy_trie_status status = build_parts(&builder);
    if (status == PERFPY_TRIE_OK)
        status = assemble(&builder, payload);
    free_builder(&builder);
    return status;
}
