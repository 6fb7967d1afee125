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

static void write_header(const struct fast_packer *packer, const struct fast_widths *widths, uint64_t keys,
                         unsigned char *data)
{
    const struct fast_cells *cells = &packer->cells;
    fast_store(data + FAST_AT_COUNT, keys, 8);
    fast_store(data + FAST_AT_ROOT, perfpy_fast_cell(packer, widths, packer->automaton->root), 8);
    fast_store(data + FAST_AT_NODES, packer->nodes.size, 4);
    fast_store(data + FAST_AT_CELLS, cells->cell_count, 4);
    fast_store(data + FAST_AT_SHAPES, packer->shapes.count, 2);
    fast_store(data + FAST_AT_ALPHABET, cells->alphabet, 2);
    data[FAST_AT_ADDRESS_BYTES] = (unsigned char)packer->address_bytes;
    data[FAST_AT_COUNT_BYTES] = (unsigned char)packer->count_bytes;
    data[FAST_AT_CODE_BITS] = (unsigned char)cells->code_bits;
    data[FAST_AT_TARGET_BITS] = (unsigned char)widths->target_bits;
    data[FAST_AT_CELL_BYTES] = (unsigned char)widths->cell_bytes;
    data[FAST_AT_SINGLES] = cells->singles;
    data[FAST_AT_VERSION] = FAST_VERSION;
    for (int i = 0; i < FAST_ZONES; i++) {
        fast_store(data + FAST_AT_ZONES + 4 * i, cells->zones[i].end, 4);
        data[FAST_AT_ZONE_BITS + i] = cells->zones[i].bits;
    }
    memcpy(data + FAST_HEADER, cells->labels, cells->alphabet);
}

static enum perfpy_trie_status assemble(struct fast_packer *packer, uint64_t keys,
                                        const struct perfpy_interrupt *interrupt, struct perfpy_trie_payload *payload)
{
    struct fast_cells *cells = &packer->cells;
    const size_t nodes = packer->nodes.size, count = cells->cell_count, slack = nodes ? FAST_SLACK : 0;
    const struct fast_widths widths = perfpy_fast_widths(cells, perfpy_fast_bits(nodes > count ? nodes : count));
    if (widths.keys_bits >= perfpy_fast_bits(keys)) /* nothing is needed apart */
        memset(cells->zones, 0, sizeof cells->zones);
    const size_t cell_bytes = widths.cell_bytes * count, apart = fast_apart_size(cells->zones);
    const size_t before = FAST_HEADER + fast_labels_size(cells->alphabet), shapes = 4 * (size_t)packer->shapes.count;
    payload->size = before + cell_bytes + apart + shapes + nodes + slack;
    unsigned char *data = payload->data = calloc(payload->size, 1);
    if (!data)
        return PERFPY_TRIE_MEMORY;
    write_header(packer, &widths, keys, data);
    data += before;
    if (!perfpy_fast_cells_write(packer, &widths, interrupt, data, data + cell_bytes)) {
        free(payload->data);
        return PERFPY_TRIE_INTERRUPTED;
    }
    data += cell_bytes + apart;
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
    if (fast_is_stopped(interrupt))
        return PERFPY_TRIE_INTERRUPTED;
    enum perfpy_trie_status status = perfpy_fast_cells_place(packer, interrupt);
    if (status == PERFPY_TRIE_OK && !packer->cells.whole)
        status = perfpy_fast_pack(packer, interrupt);
    if (status == PERFPY_TRIE_OK && packer->nodes.size >= LARGEST_3_BYTES) {
        packer->address_bytes = 4;
        status = perfpy_fast_pack(packer, interrupt);
    }
    return status == PERFPY_TRIE_OK ? assemble(packer, keys, interrupt, payload) : status;
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
