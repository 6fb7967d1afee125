/* The bytes of the double array, when it is known where everything is. */
#include "fast_pack.h"

#ifndef NARROW_BITS /* where more are needed, cells have 64 bits; tests have others */
#define NARROW_BITS 32
#endif

struct fast_widths perfpy_fast_widths(const struct fast_cells *cells, unsigned target_bits)
{
    const unsigned needed = perfpy_fast_keys_at(cells) + target_bits;
    const unsigned cell_bytes = needed <= NARROW_BITS ? 4 : 8, left = 8 * cell_bytes - needed;
    return (struct fast_widths){cell_bytes, left < 32 ? left : 32, target_bits};
}

static uint64_t way_to(const struct fast_widths *widths, uint32_t target)
{
    return (uint64_t)target << (8 * widths->cell_bytes - widths->target_bits);
}

uint64_t perfpy_fast_cell(const struct fast_packer *packer, const struct fast_widths *widths, uint32_t state)
{
    const struct fast_cells *cells = &packer->cells;
    const uint32_t ways = fast_degree(packer->automaton, state);
    const uint64_t final = (uint64_t)packer->automaton->final[state] << cells->code_bits;
    const uint64_t single = (uint64_t)(cells->singles && ways == 1) << (cells->code_bits + 1);
    if (ways == 0)
        return final | way_to(widths, cells->cell_count);
    if (cells->base[state] == FAST_NOWHERE)
        return final | UINT64_C(2) << (cells->code_bits + cells->singles) | way_to(widths, packer->address[state]);
    return final | single | way_to(widths, cells->base[state]);
}

/* Where cells and what counts have apart are written to. */
struct target {
    unsigned char *cells, *apart;
    const struct fast_cells *from;
    const struct fast_widths *widths;
};

/* Writes what the count of a cell has apart. */
static void write_apart(const struct target *to, uint32_t at, uint64_t value)
{
    uint64_t bit = 0;
    for (uint32_t i = 0, from = 0; i < FAST_ZONES; from = to->from->zones[i++].end) {
        const struct fast_zone zone = to->from->zones[i];
        if (at >= zone.end) {
            bit += (uint64_t)(zone.end - from) * zone.bits;
            continue;
        }
        bit += (uint64_t)(at - from) * zone.bits;
        for (; value; value >>= 8 - bit % 8, bit += 8 - bit % 8)
            to->apart[bit / 8] |= (unsigned char)(value << bit % 8);
        return;
    }
}

static void write_cell(const struct target *to, uint32_t at, uint64_t cell, uint64_t below)
{
    const struct fast_widths *widths = to->widths;
    const uint64_t low = below & ((UINT64_C(1) << widths->keys_bits) - 1);
    fast_store(to->cells + (size_t)widths->cell_bytes * at, cell | low << perfpy_fast_keys_at(to->from), widths->cell_bytes);
    write_apart(to, at, below >> widths->keys_bits);
}

bool perfpy_fast_cells_write(const struct fast_packer *packer, const struct fast_widths *widths,
                             const struct perfpy_interrupt *interrupt, unsigned char *cells, unsigned char *apart)
{
    const struct fast_automaton *automaton = packer->automaton;
    const struct fast_cells *from = &packer->cells;
    const struct target to = {cells, apart, from, widths};
    const uint64_t no_code = (UINT64_C(1) << from->code_bits) - 1;
    uint64_t done = 0;
    for (uint32_t at = 0; at < from->cell_count; at++)
        write_cell(&to, at, no_code, 0);
    for (uint32_t i = 0; i < from->state_count; i++) {
        const uint32_t state = from->states[i];
        const bool single = from->singles && fast_degree(automaton, state) == 1;
        uint64_t below = automaton->final[state];
        if (fast_is_stopped_after(fast_degree(automaton, state), &done, interrupt))
            return false;
        for (uint32_t edge = automaton->first[state]; edge < automaton->first[state + 1]; edge++) {
            const uint32_t target = fast_target(automaton->edges[edge]);
            const uint8_t code = from->codes[fast_label(automaton->edges[edge])];
            write_cell(&to, from->base[state] + (single ? 0 : code), perfpy_fast_cell(packer, widths, target) | code, below);
            below += packer->keys[target];
        }
    }
    return true;
}
