/* The double array: which states it has, and where. States with many keys are placed first, whose counts need more
 * bits, and of those whose counts need the same bits, states with many ways first, each where its ways find free cells
 * first. Single ways fill what is left between: if they can, in the same line of a cache as the cell that leads there,
 * so that they cost look-ups next to nothing.
 */
#include <stdlib.h>

#include "fast_pack.h"
#include "fast_space.h"

/* An automaton of so many edges is nothing but a double array, and so is a larger one of which not too many edges are of
 * states with a single way. Where most are, they make long texts, which nodes hold in a quarter of the bytes, and which
 * are compared at once. */
#ifndef MOST_EDGES /* tests have others */
#define MOST_EDGES 400000
#endif
#ifndef MOST_IN_TEXTS
#define MOST_IN_TEXTS 0.6
#endif

/* In others, states with more keys are in the double array, and in those of MANY_EDGES, whose cells are wide, with more
 * than twice as many. Fewer would cost bytes, and with them misses of the cache, that eat up what cells save. */
#ifndef LEAST_KEYS
#define LEAST_KEYS 128
#endif
#define MANY_EDGES 1500000

enum {
    LONGEST_CHAIN = 2,             /* of states with a single way; a longer one is cheaper as a text */
    STEPS_PER_STATE = 8,
    LOOKS_PER_STEP = 16, /* as they are in order */
};

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

enum { DEGREES = 257, TURNS = (FAST_ZONES + 1) * DEGREES };

/* Bits that the counts of a state need apart. */
static unsigned bits_apart(const struct fast_packer *packer, uint32_t state)
{
    const uint32_t most = packer->keys[state] - 1; /* below a way */
    const unsigned needed = most ? perfpy_fast_bits(most) : 0;
    return needed > packer->cells.keys_bits ? needed - packer->cells.keys_bits : 0;
}

/* Chooses how many bits counts have apart in each zone: such that all of them together have the fewest. */
static void choose_zones(struct fast_packer *packer)
{
    enum { BITS = 33 };
    _Static_assert(FAST_ZONES == 4, "as many loops");
    struct fast_cells *cells = &packer->cells;
    uint64_t edges[BITS] = {0}, least = UINT64_MAX;
    unsigned most = 0;
    for (uint32_t state = 0; state < packer->automaton->states; state++) {
        if (cells->base[state] == FAST_NOWHERE)
            continue;
        const unsigned bits = bits_apart(packer, state);
        edges[bits] += fast_degree(packer->automaton, state);
        most = bits > most ? bits : most;
    }
    for (unsigned bits = 1; bits < BITS; bits++)
        edges[bits] += edges[bits - 1]; /* of so many bits, or fewer */
    for (unsigned b = 0; b <= most; b++)
        for (unsigned c = 0; c <= b; c++)
            for (unsigned d = 0; d <= c; d++) {
                const uint64_t all = (edges[most] - edges[b]) * most + (edges[b] - edges[c]) * b +
                                     (edges[c] - edges[d]) * c + (edges[d] - edges[0]) * d;
                if (all >= least)
                    continue;
                least = all;
                const unsigned chosen[] = {most, b, c, d};
                for (int i = 0; i < FAST_ZONES; i++)
                    cells->zones[i] = (struct fast_zone){0, (uint8_t)chosen[i]};
            }
}

/* The last zone that has enough bits for a state, or FAST_ZONES where it needs none. */
static uint32_t zone_of(const struct fast_packer *packer, uint32_t state)
{
    const unsigned needed = bits_apart(packer, state);
    uint32_t zone = FAST_ZONES;
    while (zone > 0 && (zone == FAST_ZONES ? 0 : packer->cells.zones[zone].bits) < needed)
        zone--;
    return zone;
}

/* The place of a state in the order in which they are placed. */
static uint32_t turn_of(const struct fast_packer *packer, uint32_t state)
{
    return zone_of(packer, state) * DEGREES + DEGREES - 1 - fast_degree(packer->automaton, state);
}

/* Counts the marked states, and gives their labels codes. */
static void number_labels(struct fast_packer *packer)
{
    const struct fast_automaton *automaton = packer->automaton;
    struct fast_cells *cells = &packer->cells;
    bool used[256] = {false};
    for (uint32_t state = 0; state < automaton->states; state++) {
        if (cells->base[state] != ENTERED)
            continue;
        cells->state_count++;
        for (uint32_t edge = automaton->first[state]; edge < automaton->first[state + 1]; edge++)
            used[fast_label(automaton->edges[edge])] = true;
    }
    for (unsigned byte = 0; byte < 256; byte++)
        if (used[byte])
            cells->labels[cells->alphabet++] = (uint8_t)byte;
    memset(cells->codes, (int)cells->alphabet, sizeof cells->codes);
    for (unsigned code = 0; code < cells->alphabet; code++)
        cells->codes[cells->labels[code]] = (uint8_t)code;
    /* One more for bytes that are no labels, and one for cells that are free. */
    cells->code_bits = perfpy_fast_bits(cells->alphabet + 1);
}

/* Lists the marked states by their turns, and those of a turn from the root downwards. */
static void list(struct fast_packer *packer)
{
    const struct fast_automaton *automaton = packer->automaton;
    const struct fast_cells *cells = &packer->cells;
    uint32_t starts[TURNS + 1] = {0};
    for (uint32_t state = 0; state < automaton->states; state++)
        if (cells->base[state] != FAST_NOWHERE)
            starts[turn_of(packer, state)]++;
    for (int i = 1; i <= TURNS; i++)
        starts[i] += starts[i - 1];
    for (uint32_t state = 0; state < automaton->states; state++)
        if (cells->base[state] != FAST_NOWHERE)
            cells->states[--starts[turn_of(packer, state)]] = state;
}

/* Places a state; `near`: of each state, the cell that leads there. Returns false where memory is lacking. */
static bool place(struct fast_packer *packer, struct fast_space *space, uint32_t *near, uint32_t state, uint32_t *from)
{
    enum { CODES = 256 };
    const struct fast_automaton *automaton = packer->automaton;
    const uint64_t *edges = automaton->edges + automaton->first[state];
    const uint32_t degree = fast_degree(automaton, state);
    uint32_t *base = &packer->cells.base[state];
    uint8_t codes[CODES];
    for (uint32_t i = 0; i < degree; i++)
        codes[i] = packer->cells.codes[fast_label(edges[i])];
    if (!perfpy_fast_space_grow(space, (size_t)space->end + 4 * CODES))
        return false;
    const bool single = packer->cells.singles && degree == 1;
    if (single) {
        *base = perfpy_fast_space_cell(space, codes[0], near[state], from);
        perfpy_fast_space_take_cell(space, *base, codes[0]);
    } else {
        *base = perfpy_fast_space_base(space, codes, degree, degree == 1 ? near[state] : FAST_NOWHERE, from);
        perfpy_fast_space_take_base(space, *base, codes, degree);
    }
    for (uint32_t i = 0; i < degree; i++) {
        uint32_t *target = &near[fast_target(edges[i])];
        *target = *target == FAST_NOWHERE ? *base + (single ? 0 : codes[i]) : *target;
    }
    return true;
}

/* Places all states in their order. */
static enum perfpy_trie_status place_listed(struct fast_packer *packer, struct fast_space *space, uint32_t *near,
                                            const struct perfpy_interrupt *interrupt)
{
    struct fast_cells *cells = &packer->cells;
    uint32_t from = 0, turn = 0;
    if (fast_is_stopped(interrupt)) /* it has taken a while to list them */
        return PERFPY_TRIE_INTERRUPTED;
    memset(near, 0xFF, packer->automaton->states * sizeof *near);
    for (uint32_t i = 0; i < cells->state_count; i++) {
        const uint32_t state = cells->states[i], its_turn = turn_of(packer, state);
        from = its_turn == turn ? from : 0;
        turn = its_turn;
        space->looks = 0;
        if (!place(packer, space, near, state, &from))
            return PERFPY_TRIE_MEMORY;
        if (space->end >= (UINT32_C(1) << FAST_TARGET_BITS) - 256)
            return PERFPY_TRIE_TOO_LARGE;
        if (fast_is_stopped_after(STEPS_PER_STATE + space->looks / LOOKS_PER_STEP, &packer->done, interrupt))
            return PERFPY_TRIE_INTERRUPTED;
        for (uint32_t zone = turn / DEGREES; zone < FAST_ZONES; zone++)
            cells->zones[zone].end = space->end;
    }
    cells->cell_count = space->end;
    return PERFPY_TRIE_OK;
}

static enum perfpy_trie_status place_all(struct fast_packer *packer, const struct perfpy_interrupt *interrupt)
{
    struct fast_space space = {0};
    uint32_t *near = malloc(packer->automaton->states * sizeof *near);
    choose_zones(packer);
    list(packer);
    const enum perfpy_trie_status status =
        near ? place_listed(packer, &space, near, interrupt) : PERFPY_TRIE_MEMORY;
    free(near);
    perfpy_fast_space_free(&space);
    return status;
}

/* Marks states, all of them or those with many keys. */
static bool choose(struct fast_packer *packer, bool whole)
{
    struct fast_cells *cells = &packer->cells;
    const uint32_t edges = packer->automaton->first[packer->automaton->states];
    cells->whole = whole;
    cells->singles = true;
    cells->state_count = cells->alphabet = cells->keys_bits = 0;
    mark(packer, whole ? 0 : edges < MANY_EDGES ? LEAST_KEYS : 2 * LEAST_KEYS);
    number_labels(packer);
    free(cells->states);
    cells->states = malloc(((size_t)cells->state_count + 1) * sizeof *cells->states);
    return cells->states;
}

/* Whether 32 bits are enough for cells that tell single ways apart, or do not. */
static bool is_narrow(struct fast_cells *cells, unsigned target_bits, bool singles)
{
    cells->singles = singles;
    return perfpy_fast_widths(cells, target_bits).cell_bytes == 4;
}

/* Places all states of an automaton. How many bits cells leave for keys depends on how many cells there will be, and the
 * other way round. Sets `whole` to false where cells would need 64 bits, though there are not few. */
static enum perfpy_trie_status place_whole(struct fast_packer *packer, bool few,
                                           const struct perfpy_interrupt *interrupt)
{
    struct fast_cells *cells = &packer->cells;
    enum perfpy_trie_status status = PERFPY_TRIE_OK;
    unsigned target_bits = perfpy_fast_bits(packer->automaton->first[packer->automaton->states]);
    for (bool placed = false; !placed && status == PERFPY_TRIE_OK; target_bits++) {
        const bool narrow = is_narrow(cells, target_bits, true) || is_narrow(cells, target_bits, false);
        cells->singles |= !narrow;
        cells->whole = few || narrow;
        if (!cells->whole)
            break;
        cells->keys_bits = narrow ? perfpy_fast_widths(cells, target_bits).keys_bits : 0;
        status = place_all(packer, interrupt);
        placed = perfpy_fast_bits(cells->cell_count) <= target_bits;
    }
    return status;
}

/* How many edges lead on from states with a single way and no key. */
static uint32_t count_in_texts(const struct fast_automaton *automaton)
{
    uint32_t count = 0;
    for (uint32_t state = 0; state < automaton->states; state++)
        count += fast_degree(automaton, state) == 1 && !automaton->final[state];
    return count;
}

enum perfpy_trie_status perfpy_fast_cells_place(struct fast_packer *packer, const struct perfpy_interrupt *interrupt)
{
    const struct fast_automaton *automaton = packer->automaton;
    const struct fast_cells *cells = &packer->cells;
    const uint32_t edges = automaton->first[automaton->states];
    const bool few = edges <= MOST_EDGES;
    if (few || count_in_texts(automaton) <= MOST_IN_TEXTS * (double)edges) {
        if (!choose(packer, true))
            return PERFPY_TRIE_MEMORY;
        const enum perfpy_trie_status status = place_whole(packer, few, interrupt);
        if (status != PERFPY_TRIE_OK || cells->whole)
            return status;
    }
    if (!choose(packer, false))
        return PERFPY_TRIE_MEMORY;
    return place_all(packer, interrupt);
}
