/* The double array: which states it has, and where. States with many ways are placed first, each where its ways find
 * free cells first; those with few ways fill what is left between.
 */
#include <stdlib.h>

#include "fast_pack.h"

/* States with more keys are in the double array. Fewer would cost bytes, and with them misses of the cache, that eat
 * up what cells save. */
#ifndef LEAST_KEYS /* tests have others */
#define LEAST_KEYS 256
#endif

enum {
    LONGEST_CHAIN = 2,             /* of states with a single way; a longer one is cheaper as a text */
    STATES_BETWEEN_POLLS = 1 << 12,
    ATTEMPTS = 48, /* before cells below are given up for states with as many ways */
};

/* The cells that are taken and the bases that are, one bit each. */
struct space {
    uint64_t *taken, *bases;
    size_t words;
    uint32_t end; /* all cells from here on are free */
};

static bool grow(struct space *space, size_t bits)
{
    const size_t words = bits / 64 + 1;
    if (words <= space->words)
        return true;
    const size_t larger = words + words / 2 + 64;
    uint64_t *taken = realloc(space->taken, larger * sizeof *taken);
    space->taken = taken ? taken : space->taken;
    uint64_t *bases = realloc(space->bases, larger * sizeof *bases);
    space->bases = bases ? bases : space->bases;
    if (!taken || !bases)
        return false;
    memset(taken + space->words, 0, (larger - space->words) * sizeof *taken);
    memset(bases + space->words, 0, (larger - space->words) * sizeof *bases);
    space->words = larger;
    return true;
}

static bool has_bit(const uint64_t *set, size_t bit)
{
    return set[bit / 64] >> bit % 64 & 1;
}

static void add_bit(uint64_t *set, size_t bit)
{
    set[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* The first free cell from here on. */
static uint32_t next_free(const struct space *space, uint32_t cell)
{
    size_t word = cell / 64;
    uint64_t free_bits = ~space->taken[word] & ~UINT64_C(0) << cell % 64;
    while (!free_bits)
        free_bits = ~space->taken[++word];
    return (uint32_t)(word * 64 + (unsigned)__builtin_ctzll(free_bits));
}

static bool fits(const struct space *space, uint32_t base, const uint64_t *edges, uint32_t count)
{
    if (has_bit(space->bases, base))
        return false;
    for (uint32_t i = 1; i < count; i++)
        if (has_bit(space->taken, (size_t)base + fast_label(edges[i])))
            return false;
    return true;
}

/* Finds a base from the cell `*from` on, for the first way; `*from` follows where many cells have been in vain. */
static bool place(struct space *space, const uint64_t *edges, uint32_t count, uint32_t *from, uint32_t *base)
{
    enum { LABELS = 256 };
    if (!grow(space, (size_t)space->end + 4 * LABELS))
        return false;
    const uint8_t first = fast_label(edges[0]);
    uint32_t attempts = 0;
    for (uint32_t cell = next_free(space, *from);; cell = next_free(space, cell + 1)) {
        if (cell < first)
            continue;
        if (++attempts == ATTEMPTS)
            *from = cell;
        *base = cell - first;
        if (fits(space, *base, edges, count))
            break;
    }
    add_bit(space->bases, *base);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t cell = *base + fast_label(edges[i]);
        add_bit(space->taken, cell);
        space->end = cell >= space->end ? cell + 1 : space->end;
    }
    return true;
}

/* Whether a state begins a chain that is worth a text. */
static bool begins_text(const struct fast_automaton *automaton, uint32_t state)
{
    for (int length = 0; length <= LONGEST_CHAIN; length++) {
        if (fast_degree(automaton, state) != 1)
            return false;
        state = fast_target(automaton->edges[automaton->first[state]]);
        if (automaton->final[state])
            return false;
    }
    return true;
}

enum { ENTERED = 0 };

/* Marks a state, or the end of the text that begins there, as one that the double array leads to. */
static void enter(struct fast_packer *packer, uint32_t state)
{
    const struct fast_automaton *automaton = packer->automaton;
    if (begins_text(automaton, state)) {
        do
            state = fast_target(automaton->edges[automaton->first[state]]);
        while (fast_degree(automaton, state) == 1 && !automaton->final[state]);
    }
    packer->cells.base[state] = ENTERED;
}

/* Leaves marked what the double array leads to and has more than `least` keys, from the root downwards: a state's
 * number is above those of its targets. */
static void mark(struct fast_packer *packer, uint32_t least)
{
    const struct fast_automaton *automaton = packer->automaton;
    uint32_t *base = packer->cells.base;
    memset(base, 0xFF, automaton->states * sizeof *base);
    if (packer->keys[automaton->root] > least)
        enter(packer, automaton->root);
    for (uint32_t state = automaton->states; state-- > 0;) {
        if (base[state] != ENTERED)
            continue;
        if (packer->keys[state] <= least || fast_degree(automaton, state) == 0)
            base[state] = FAST_NOWHERE;
        else
            for (uint32_t edge = automaton->first[state]; edge < automaton->first[state + 1]; edge++)
                enter(packer, fast_target(automaton->edges[edge]));
    }
}

/* Lists the marked states by their ways, most first. */
static bool list(struct fast_packer *packer)
{
    enum { DEGREES = 257 };
    const struct fast_automaton *automaton = packer->automaton;
    struct fast_cells *cells = &packer->cells;
    uint32_t starts[DEGREES + 1] = {0};
    for (uint32_t state = 0; state < automaton->states; state++) {
        cells->state_count += cells->base[state] == ENTERED;
        starts[DEGREES - fast_degree(automaton, state)] += cells->base[state] == ENTERED;
    }
    cells->states = malloc(((size_t)cells->state_count + 1) * sizeof *cells->states);
    if (!cells->states)
        return false;
    for (int i = 1; i <= DEGREES; i++)
        starts[i] += starts[i - 1];
    for (uint32_t state = automaton->states; state-- > 0;)
        if (cells->base[state] == ENTERED)
            cells->states[--starts[DEGREES - fast_degree(automaton, state)]] = state;
    return true;
}

enum perfpy_trie_status perfpy_fast_cells_place(struct fast_packer *packer, const struct perfpy_interrupt *interrupt)
{
    const struct fast_automaton *automaton = packer->automaton;
    struct fast_cells *cells = &packer->cells;
    mark(packer, LEAST_KEYS);
    if (!list(packer))
        return PERFPY_TRIE_MEMORY;
    struct space space = {0};
    enum perfpy_trie_status status = PERFPY_TRIE_OK;
    uint32_t from = 0, ways = 0;
    for (uint32_t i = 0; i < cells->state_count && status == PERFPY_TRIE_OK; i++) {
        const uint32_t state = cells->states[i], degree = fast_degree(automaton, state);
        from = degree == ways ? from : 0;
        ways = degree;
        if (!place(&space, automaton->edges + automaton->first[state], degree, &from, &cells->base[state]))
            status = PERFPY_TRIE_MEMORY;
        else if (space.end >= (UINT32_C(1) << FAST_TARGET_BITS) - 256)
            status = PERFPY_TRIE_TOO_LARGE;
        else if ((i + 1) % STATES_BETWEEN_POLLS == 0 && fast_is_stopped(interrupt))
            status = PERFPY_TRIE_INTERRUPTED;
    }
    cells->cell_count = space.end;
    free(space.taken);
    free(space.bases);
    return status;
}

uint64_t perfpy_fast_cell(const struct fast_packer *packer, uint32_t state)
{
    const uint32_t base = packer->cells.base[state];
    const uint64_t target = base == FAST_NOWHERE ? packer->address[state] : base;
    return (packer->automaton->final[state] ? FAST_CELL_FINAL : 0) | (base == FAST_NOWHERE ? FAST_CELL_NODE : 0) |
           FAST_CELL_USED | target << FAST_CELL_TARGET;
}

void perfpy_fast_cells_write(const struct fast_packer *packer, unsigned target_bits, unsigned char *to)
{
    const struct fast_automaton *automaton = packer->automaton;
    const struct fast_cells *cells = &packer->cells;
    memset(to, 0, 8 * (size_t)cells->cell_count);
    for (uint32_t i = 0; i < cells->state_count; i++) {
        const uint32_t state = cells->states[i];
        uint64_t below = automaton->final[state];
        for (uint32_t edge = automaton->first[state]; edge < automaton->first[state + 1]; edge++) {
            const uint32_t target = fast_target(automaton->edges[edge]);
            const uint8_t label = fast_label(automaton->edges[edge]);
            const uint64_t cell = perfpy_fast_cell(packer, target) | label | below << FAST_CELL_TARGET << target_bits;
            fast_store(to + 8 * ((size_t)cells->base[state] + label), cell, 8);
            below += packer->keys[target];
        }
    }
}
