/* The double array: which states it has, and where. States with many keys are placed first, whose counts need more
 * bytes, and among those with many keys and among those with few, states with many ways first, each where its ways find
 * free cells first; those with few ways fill what is left between.
 */
#include <stdlib.h>

#include "fast_pack.h"

/* An automaton of so many edges is nothing but a double array, of which look-ups read 4 bytes for each: what they need
 * stays within a cache of 2 MB. */
#ifndef MOST_EDGES /* tests have others */
#define MOST_EDGES 400000
#endif

/* In others, states with more keys are in the double array, and in those of MANY_EDGES, whose cells are wide, with more
 * than twice as many. Fewer would cost bytes, and with them misses of the cache, that eat up what cells save. */
#ifndef LEAST_KEYS
#define LEAST_KEYS 128
#endif
#define MANY_EDGES 1500000

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
    if (base % FAST_NO_BASE == 0 || has_bit(space->bases, base))
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
    if (!packer->cells.whole && begins_text(automaton, state)) {
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

enum { DEGREES = 257 };

/* The place of a state in the order in which they are placed. */
static uint32_t turn_of(const struct fast_packer *packer, uint32_t state)
{
    const uint32_t turn = DEGREES - fast_degree(packer->automaton, state);
    return packer->keys[state] > FAST_FEW_KEYS ? turn : DEGREES + turn;
}

/* Lists the marked states by their turns. */
static bool list(struct fast_packer *packer)
{
    const struct fast_automaton *automaton = packer->automaton;
    struct fast_cells *cells = &packer->cells;
    uint32_t starts[2 * DEGREES + 1] = {0};
    for (uint32_t state = 0; state < automaton->states; state++) {
        cells->state_count += cells->base[state] == ENTERED;
        starts[turn_of(packer, state)] += cells->base[state] == ENTERED;
    }
    cells->states = malloc(((size_t)cells->state_count + 1) * sizeof *cells->states);
    if (!cells->states)
        return false;
    for (int i = 1; i <= 2 * DEGREES; i++)
        starts[i] += starts[i - 1];
    for (uint32_t state = automaton->states; state-- > 0;)
        if (cells->base[state] == ENTERED)
            cells->states[--starts[turn_of(packer, state)]] = state;
    return true;
}

enum perfpy_trie_status perfpy_fast_cells_place(struct fast_packer *packer, const struct perfpy_interrupt *interrupt)
{
    const struct fast_automaton *automaton = packer->automaton;
    struct fast_cells *cells = &packer->cells;
    const uint32_t edges = automaton->first[automaton->states];
    cells->whole = edges <= MOST_EDGES;
    mark(packer, cells->whole ? 0 : edges < MANY_EDGES ? LEAST_KEYS : 2 * LEAST_KEYS);
    if (!list(packer))
        return PERFPY_TRIE_MEMORY;
    struct space space = {0};
    enum perfpy_trie_status status = PERFPY_TRIE_OK;
    uint32_t from = 0, turn = 0;
    for (uint32_t i = 0; i < cells->state_count && status == PERFPY_TRIE_OK; i++) {
        const uint32_t state = cells->states[i], degree = fast_degree(automaton, state);
        const bool few = packer->keys[state] <= FAST_FEW_KEYS;
        if (turn_of(packer, state) != turn)
            from = few ? cells->large : 0;
        turn = turn_of(packer, state);
        if (!place(&space, automaton->edges + automaton->first[state], degree, &from, &cells->base[state]))
            status = PERFPY_TRIE_MEMORY;
        else if (space.end >= (UINT32_C(1) << FAST_TARGET_BITS) - 256)
            status = PERFPY_TRIE_TOO_LARGE;
        else if ((i + 1) % STATES_BETWEEN_POLLS == 0 && fast_is_stopped(interrupt))
            status = PERFPY_TRIE_INTERRUPTED;
        cells->large = few ? cells->large : space.end;
    }
    cells->cell_count = space.end;
    free(space.taken);
    free(space.bases);
    return status;
}

uint64_t perfpy_fast_cell(const struct fast_packer *packer, uint32_t state)
{
    const uint32_t base = packer->cells.base[state];
    const uint64_t final = packer->automaton->final[state] ? FAST_CELL_FINAL : 0;
    if (fast_degree(packer->automaton, state) == 0)
        return final | (uint64_t)packer->cells.cell_count << FAST_CELL_TARGET;
    if (base == FAST_NOWHERE)
        return final | FAST_CELL_NODE | (uint64_t)packer->address[state] << FAST_CELL_TARGET;
    return final | (uint64_t)base << FAST_CELL_TARGET;
}

/* Where cells, their counts and their guide are written to. */
struct target {
    unsigned char *cells, *counts; /* counts in cells: NULL */
    unsigned char *guide; /* or NULL */
    uint32_t large;
    unsigned target_bits;
};

static void write_cell(const struct target *to, uint32_t at, uint64_t cell, uint64_t below)
{
    if (!to->counts) {
        fast_store(to->cells + 8 * (size_t)at, cell | below << FAST_CELL_TARGET << to->target_bits, 8);
        return;
    }
    fast_store(to->cells + 4 * (size_t)at, cell, 4);
    if (at < to->large)
        fast_store(to->counts + 4 * (size_t)at, below, 4);
    else
        to->counts[3 * (size_t)to->large + at] = (unsigned char)below;
}

static void write_guide(const struct fast_packer *packer, uint32_t state, unsigned char *guide)
{
    const struct fast_automaton *automaton = packer->automaton;
    const uint32_t base = packer->cells.base[state], end = automaton->first[state + 1];
    unsigned char *next = &guide[base];
    for (uint32_t edge = automaton->first[state]; edge < end; edge++) {
        *next = fast_label(automaton->edges[edge]);
        next = &guide[(size_t)packer->cells.cell_count + base + *next];
    }
}

void perfpy_fast_cells_write(const struct fast_packer *packer, unsigned target_bits, bool narrow, unsigned char *data)
{
    const struct fast_automaton *automaton = packer->automaton;
    const struct fast_cells *cells = &packer->cells;
    const size_t count = cells->cell_count, counts = narrow ? count + 3 * (size_t)cells->large : 0;
    const struct target to = {
        .cells = data,
        .counts = narrow ? data + 4 * count : NULL,
        .guide = cells->whole ? data + (narrow ? 4 : 8) * count + counts : NULL,
        .large = cells->large,
        .target_bits = target_bits,
    };
    for (uint32_t at = 0; at < cells->cell_count; at++)
        write_cell(&to, at, fast_free_cell(at), 0);
    for (uint32_t i = 0; i < cells->state_count; i++) {
        const uint32_t state = cells->states[i];
        uint64_t below = automaton->final[state];
        if (to.guide)
            write_guide(packer, state, to.guide);
        for (uint32_t edge = automaton->first[state]; edge < automaton->first[state + 1]; edge++) {
            const uint32_t target = fast_target(automaton->edges[edge]);
            const uint8_t label = fast_label(automaton->edges[edge]);
            write_cell(&to, cells->base[state] + label, perfpy_fast_cell(packer, target) | label, below);
            below += packer->keys[target];
        }
    }
}
