/* From keys to the bytes of a trie: the automaton, its cells, its nodes, the header. */
#include <stdlib.h>

#include "fast_pack.h"

#ifndef LARGEST_3_BYTES /* tests have others */
#define LARGEST_3_BYTES (1 << 24)
#endif

#ifndef NARROW_BITS /* more of a target, and cells have 64 bits; tests have others */
#define NARROW_BITS FAST_NARROW_BITS
#endif

static bool open_packer(struct fast_packer *packer, const struct fast_automaton *automaton, uint64_t keys)
{
    const size_t states = automaton->states;
    *packer = (struct fast_packer){.automaton = automaton, .address_bytes = 3};
    packer->count_bytes = keys < LARGEST_3_BYTES ? 3 : 4;
    packer->address = malloc(states * sizeof *packer->address);
    packer->keys = calloc(states, sizeof *packer->keys);
    packer->indegree = calloc(states, sizeof *packer->indegree);
    packer->cells.base = malloc(states * sizeof *packer->cells.base);
    return perfpy_fast_shapes_open(&packer->shapes) && packer->address && packer->keys && packer->indegree &&
           packer->cells.base;
}

static void close_packer(struct fast_packer *packer)
{
    free(packer->address);
    free(packer->keys);
    free(packer->indegree);
    free(packer->cells.base);
    free(packer->cells.states);
    free(packer->nodes.data);
    perfpy_fast_shapes_close(&packer->shapes);
}

/* Bits for addresses and bases up to a number. */
static unsigned bits_of(uint64_t number)
{
    return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

/* The blocks of labels of which cells have any. */
static unsigned find_blocks(const struct fast_packer *packer)
{
    const struct fast_automaton *automaton = packer->automaton;
    unsigned blocks = 0;
    for (uint32_t i = 0; i < packer->cells.state_count; i++) {
        const uint32_t state = packer->cells.states[i];
        for (uint32_t edge = automaton->first[state]; edge < automaton->first[state + 1]; edge++)
            blocks |= 1u << fast_label(automaton->edges[edge]) / FAST_BLOCK;
    }
    return blocks;
}

static enum perfpy_trie_status assemble(struct fast_packer *packer, uint64_t keys, struct perfpy_trie_payload *payload)
{
    const size_t shapes = 4 * (size_t)packer->shapes.count, nodes = packer->nodes.size;
    const size_t count = packer->cells.cell_count, slack = nodes ? FAST_SLACK : 0;
    const unsigned needed = bits_of(nodes > count ? nodes : count);
    const bool narrow = needed <= NARROW_BITS;
    const unsigned target_bits = narrow ? FAST_NARROW_BITS : needed;
    if (!narrow && needed + bits_of(keys) > FAST_CELL_BITS)
        return PERFPY_TRIE_TOO_LARGE;
    const bool guided = packer->cells.whole;
    const size_t cells = (narrow ? 5 * count + 3 * (size_t)packer->cells.large : 8 * count) + (guided ? 2 * count : 0);
    payload->size = FAST_HEADER + cells + shapes + nodes + slack;
    unsigned char *data = payload->data = calloc(payload->size, 1);
    if (!data)
        return PERFPY_TRIE_MEMORY;
    fast_store(data + FAST_AT_COUNT, keys, 8);
    fast_store(data + FAST_AT_ROOT, perfpy_fast_cell(packer, packer->automaton->root), 8);
    fast_store(data + FAST_AT_NODES, nodes, 4);
    fast_store(data + FAST_AT_CELLS, packer->cells.cell_count, 4);
    fast_store(data + FAST_AT_SHAPES, packer->shapes.count, 2);
    data[FAST_AT_ADDRESS_BYTES] = (unsigned char)packer->address_bytes;
    data[FAST_AT_COUNT_BYTES] = (unsigned char)packer->count_bytes;
    data[FAST_AT_TARGET_BITS] = (unsigned char)target_bits;
    data[FAST_AT_CELL_BYTES] = narrow ? 4 : 8;
    data[FAST_AT_VERSION] = FAST_VERSION;
    fast_store(data + FAST_AT_LARGE, narrow ? packer->cells.large : 0, 4);
    fast_store(data + FAST_AT_BLOCKS, find_blocks(packer), 2);
    data[FAST_AT_GUIDED] = guided;
    data += FAST_HEADER;
    perfpy_fast_cells_write(packer, target_bits, narrow, data);
    data += cells;
    for (unsigned code = 0; code < packer->shapes.count; code++, data += 4)
        fast_store(data, packer->shapes.coded[code], 4);
    if (nodes)
        memcpy(data, packer->nodes.data, nodes);
    return PERFPY_TRIE_OK;
}

static enum perfpy_trie_status pack(struct fast_packer *packer, uint64_t keys, const struct perfpy_interrupt *interrupt,
                                    struct perfpy_trie_payload *payload)
{
    perfpy_fast_count_keys(packer);
    enum perfpy_trie_status status = perfpy_fast_cells_place(packer, interrupt);
    if (status == PERFPY_TRIE_OK && !packer->cells.whole)
        status = perfpy_fast_pack(packer, interrupt);
    if (status == PERFPY_TRIE_OK && packer->nodes.size >= LARGEST_3_BYTES) {
        packer->address_bytes = 4;
        status = perfpy_fast_pack(packer, interrupt);
    }
    return status == PERFPY_TRIE_OK ? assemble(packer, keys, payload) : status;
}

enum perfpy_trie_status perfpy_fast_build(const struct perfpy_trie_keys *keys, const struct perfpy_interrupt *interrupt,
                                          struct perfpy_trie_payload *payload)
{
    struct fast_automaton automaton;
    enum perfpy_trie_status status = perfpy_fast_automaton_build(keys, interrupt, &automaton);
    if (status != PERFPY_TRIE_OK)
        return status;
    struct fast_packer packer;
    status = PERFPY_TRIE_MEMORY;
    if (open_packer(&packer, &automaton, keys->count))
        status = pack(&packer, keys->count, interrupt, payload);
    close_packer(&packer);
    perfpy_fast_automaton_free(&automaton);
    return status;
}
