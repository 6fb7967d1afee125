/* From keys to the bytes of a trie: the automaton, its cells, its nodes, the header. */
#include <stdlib.h>

#include "fast_pack.h"

#ifndef LARGEST_3_BYTES /* tests have others */
#define LARGEST_3_BYTES (1 << 24)
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

/* The least and the greatest label of all cells. */
static void find_labels(const struct fast_packer *packer, unsigned char *least, unsigned char *greatest)
{
    const struct fast_automaton *automaton = packer->automaton;
    *least = 255;
    *greatest = 0;
    for (uint32_t i = 0; i < packer->cells.state_count; i++) {
        const uint32_t state = packer->cells.states[i];
        const uint8_t first = fast_label(automaton->edges[automaton->first[state]]);
        const uint8_t last = fast_label(automaton->edges[automaton->first[state + 1] - 1]);
        *least = first < *least ? first : *least;
        *greatest = last > *greatest ? last : *greatest;
    }
}

static enum perfpy_trie_status assemble(struct fast_packer *packer, uint64_t keys, struct perfpy_trie_payload *payload)
{
    const size_t shapes = 4 * (size_t)packer->shapes.count, nodes = packer->nodes.size;
    const size_t cells = 8 * (size_t)packer->cells.cell_count, zeros = cells < FAST_SLACK ? FAST_SLACK - cells : 0;
    const unsigned target_bits = bits_of(nodes > packer->cells.cell_count ? nodes : packer->cells.cell_count);
    if (target_bits + bits_of(keys) > FAST_CELL_BITS)
        return PERFPY_TRIE_TOO_LARGE;
    payload->size = FAST_HEADER + shapes + nodes + cells + zeros;
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
    find_labels(packer, data + FAST_AT_LEAST_LABEL, data + FAST_AT_GREATEST_LABEL);
    data += FAST_HEADER;
    for (unsigned code = 0; code < packer->shapes.count; code++, data += 4)
        fast_store(data, packer->shapes.coded[code], 4);
    memcpy(data, packer->nodes.data, nodes);
    perfpy_fast_cells_write(packer, target_bits, data + nodes);
    return PERFPY_TRIE_OK;
}

static enum perfpy_trie_status pack(struct fast_packer *packer, uint64_t keys, const struct perfpy_interrupt *interrupt,
                                    struct perfpy_trie_payload *payload)
{
    perfpy_fast_count_keys(packer);
    enum perfpy_trie_status status = perfpy_fast_cells_place(packer, interrupt);
    if (status == PERFPY_TRIE_OK)
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
