/* Finds the grammar of a sample: Re-Pair, the most frequent pair of neighbours first.
 *
 * All places where a pair starts are in a list, in order. A list is made when the later one of its symbols is: the
 * neighbours of a new symbol are tallied by one array for each side, so that no table of pairs is needed, and what is too
 * rare to become a rule gets no list at all.
 *
 * Nothing is done for a pair that loses a place to another one: counts only fall, and a heap with counts of the past is
 * enough. Where a list comes to the top, what is left of it is looked for; if much has gone, the pair is put back.
 */
#include <stdlib.h>

#include "compact_build.h"

enum { PAIR_LEFT_OVER = 15, PAIR_PARTS = 16 }; /* a pair that has less than this of the next one's count is put back */

#define GONE UINT16_MAX /* as the symbol of a place: none starts here, or none that joins others */

struct pair {
    uint32_t left, right;
    size_t first; /* place in the lists */
    uint32_t count;
};

/* The symbols to one side of a new one, with how often they are there, and then where their lists go on. */
struct tally {
    uint32_t *counts; /* by symbol, all 0 between rules */
    uint32_t *found;
    size_t *places;
    size_t different;
};

struct pairing {
    uint16_t *symbols; /* by place: that starts there, and that ends there; behind the last one GONE */
    uint32_t count, least;
    uint32_t *lists; /* of places, one after the other: one for each place, and two for each that is replaced */
    size_t used;
    struct pair *pairs;
    size_t pair_count, pair_room;
    uint64_t *heap; /* count << 32 | all ones but the number of the pair: of two, that which was there first */
    size_t candidates, heap_room;
    struct tally before, after;
};

/* Whether a rule may hold this: special operations stay by themselves. */
static bool joins(uint32_t symbol)
{
    return symbol < OP_RAW || (symbol >= OP_COUNT && symbol != GONE);
}

static bool push(struct pairing *pairing, uint32_t count, size_t number)
{
    const uint64_t candidate = (uint64_t)count << 32 | (UINT32_MAX - (uint32_t)number);
    if (pairing->candidates == pairing->heap_room) {
        const size_t room = pairing->heap_room ? 2 * pairing->heap_room : 1024;
        uint64_t *grown = realloc(pairing->heap, room * sizeof *grown);
        if (!grown)
            return false;
        pairing->heap = grown;
        pairing->heap_room = room;
    }
    size_t i = pairing->candidates++;
    while (i > 0 && pairing->heap[(i - 1) / 2] < candidate) {
        pairing->heap[i] = pairing->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    pairing->heap[i] = candidate;
    return true;
}

/* The pair at the top, which is taken off. */
static struct pair *pop(struct pairing *pairing)
{
    uint64_t *heap = pairing->heap;
    const uint64_t top = heap[0], last = heap[--pairing->candidates];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < pairing->candidates; i = child) {
        child += child + 1 < pairing->candidates && heap[child + 1] > heap[child];
        if (heap[child] <= last)
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return &pairing->pairs[UINT32_MAX - (uint32_t)top];
}

/* Makes a pair whose list is empty so far, with room for `count` places. */
static bool add_pair(struct pairing *pairing, uint32_t left, uint32_t right, uint32_t count)
{
    if (pairing->pair_count == pairing->pair_room) {
        const size_t room = pairing->pair_room ? 2 * pairing->pair_room : 1024;
        struct pair *grown = realloc(pairing->pairs, room * sizeof *grown);
        if (!grown)
            return false;
        pairing->pairs = grown;
        pairing->pair_room = room;
    }
    pairing->pairs[pairing->pair_count] = (struct pair){left, right, pairing->used, count};
    pairing->used += count;
    return push(pairing, count, pairing->pair_count++);
}

/* Keeps those places of a pair where it still is, and where it does not overlap itself. Returns how many there are. */
static uint32_t look_for(const struct pairing *pairing, const struct grammar *grammar, struct pair *pair)
{
    enum { AHEAD = 8 };
    const uint32_t left = grammar->shapes[pair->left].ops, all = left + grammar->shapes[pair->right].ops;
    uint32_t *list = pairing->lists + pair->first, kept = 0, end = 0;
    for (uint32_t i = 0; i < pair->count; i++) {
        const uint32_t place = list[i];
        if (i + AHEAD < pair->count)
            __builtin_prefetch(&pairing->symbols[list[i + AHEAD]]);
        if (pairing->symbols[place] == pair->left && pairing->symbols[place + left] == pair->right && place >= end) {
            list[kept++] = place;
            end = place + all;
        }
    }
    return pair->count = kept;
}

static void note(struct tally *tally, uint32_t symbol)
{
    if (tally->counts[symbol]++ == 0)
        tally->found[tally->different++] = symbol;
}

/* Makes pairs of those neighbours that are frequent enough. */
static bool make_pairs(struct pairing *pairing, struct tally *tally, uint32_t symbol, bool on_left)
{
    bool enough = true;
    for (size_t i = 0; i < tally->different && enough; i++) {
        const uint32_t other = tally->found[i];
        tally->places[other] = pairing->used;
        if (tally->counts[other] >= pairing->least)
            enough = add_pair(pairing, on_left ? other : symbol, on_left ? symbol : other, tally->counts[other]);
    }
    return enough;
}

static void append(struct pairing *pairing, struct tally *tally, uint32_t symbol, uint32_t place)
{
    if (tally->counts[symbol] >= pairing->least)
        pairing->lists[tally->places[symbol]++] = place;
}

static void clear(struct tally *tally)
{
    while (tally->different > 0)
        tally->counts[tally->found[--tally->different]] = 0;
}

/* Notes the symbols to both sides of a new one; that to the left of a pair of new ones is noted for both. */
static void note_neighbors(struct pairing *pairing, uint32_t place, uint32_t size, bool is_followed)
{
    const uint32_t left = place ? pairing->symbols[place - 1] : GONE, right = pairing->symbols[place + size];
    if (joins(left))
        note(&pairing->before, left);
    if (joins(right) && !is_followed)
        note(&pairing->after, right);
}

/* Makes lists of the pairs that a new symbol is part of, at the places of its own list. */
static bool pair_up(struct pairing *pairing, const struct grammar *grammar, uint32_t symbol, size_t first,
                    uint32_t count)
{
    const uint32_t size = grammar->shapes[symbol].ops;
    struct tally *before = &pairing->before, *after = &pairing->after;
    const bool enough =
        make_pairs(pairing, before, symbol, true) && make_pairs(pairing, after, symbol, false);
    for (uint32_t i = 0; i < count && enough; i++) {
        const uint32_t place = pairing->lists[first + i];
        const uint32_t left = place ? pairing->symbols[place - 1] : GONE, right = pairing->symbols[place + size];
        if (joins(left))
            append(pairing, before, left, place - grammar->shapes[left].ops);
        if (joins(right) && right != symbol)
            append(pairing, after, right, place);
    }
    clear(before);
    clear(after);
    return enough;
}

/* Puts a symbol in the place of a pair, everywhere. */
static bool replace(struct pairing *pairing, const struct grammar *grammar, const struct pair *pair, uint32_t symbol)
{
    const uint32_t left = grammar->shapes[pair->left].ops, size = grammar->shapes[symbol].ops, count = pair->count;
    const size_t first = pair->first;
    const uint32_t *list = pairing->lists + first;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t *place = pairing->symbols + list[i];
        place[left] = GONE;
        place[0] = place[size - 1] = (uint16_t)symbol;
        note_neighbors(pairing, list[i], size, i + 1 < count && list[i + 1] == list[i] + size);
    }
    return pair_up(pairing, grammar, symbol, first, count);
}

static struct shape shape_of_op(uint32_t op)
{
    struct shape shape = {.ops = 1, .bytes = 3};
    if (op < OP_END) {
        shape.net = 1;
    } else if (op < OP_RAW) {
        shape.net = -(int32_t)(op - OP_END);
        shape.low = (uint16_t)(op - OP_END);
        shape.keys = 1;
    }
    return shape;
}

static struct shape join_shapes(struct shape a, struct shape b)
{
    const int32_t low = (int32_t)b.low - a.net;
    return (struct shape){
        .ops = (uint16_t)(a.ops + b.ops),
        .bytes = (uint16_t)(a.bytes + b.bytes),
        .low = (uint16_t)(low > a.low ? low : a.low),
        .keys = (uint16_t)(a.keys + b.keys),
        .net = a.net + b.net,
    };
}

static bool add_rule(struct grammar *grammar, uint32_t left, uint32_t right)
{
    const struct shape shape = join_shapes(grammar->shapes[left], grammar->shapes[right]);
    if (shape.ops > TOKEN_OPS_MOST || shape.low > TOKEN_LOW_MOST || grammar->symbols == grammar->capacity)
        return false;
    grammar->left[grammar->symbols] = left;
    grammar->right[grammar->symbols] = right;
    grammar->shapes[grammar->symbols++] = shape;
    return true;
}

static bool start_grammar(struct grammar *grammar, uint32_t symbols_most)
{
    *grammar = (struct grammar){.symbols = OP_COUNT, .capacity = symbols_most};
    grammar->left = calloc(symbols_most, sizeof *grammar->left);
    grammar->right = calloc(symbols_most, sizeof *grammar->right);
    grammar->shapes = calloc(symbols_most, sizeof *grammar->shapes);
    grammar->counts = calloc(symbols_most, sizeof *grammar->counts);
    if (!grammar->left || !grammar->right || !grammar->shapes || !grammar->counts)
        return false;
    for (uint32_t op = 0; op < OP_COUNT; op++)
        grammar->shapes[op] = shape_of_op(op);
    return true;
}

/* Makes the lists of all pairs of operations. */
static bool pair_ops(struct pairing *pairing)
{
    uint32_t numbers[OP_RAW] = {0}, ops[OP_RAW], different = 0;
    const uint16_t *symbols = pairing->symbols;
    for (uint32_t i = 0; i < pairing->count; i++)
        if (joins(symbols[i]) && numbers[symbols[i]] == 0) {
            ops[different++] = symbols[i];
            numbers[symbols[i]] = different;
        }
    /* Counts of pairs, and then where their lists go on. */
    size_t *counts = calloc((size_t)different * different + 1, sizeof *counts);
    if (!counts)
        return false;
    for (uint32_t i = 0; i + 1 < pairing->count; i++)
        if (joins(symbols[i]) && joins(symbols[i + 1]))
            counts[(numbers[symbols[i]] - 1) * different + numbers[symbols[i + 1]] - 1]++;
    bool enough = true;
    for (size_t i = 0; i < (size_t)different * different && enough; i++) {
        const size_t count = counts[i];
        counts[i] = count >= pairing->least ? pairing->used : SIZE_MAX;
        if (count >= pairing->least)
            enough = add_pair(pairing, ops[i / different], ops[i % different], (uint32_t)count);
    }
    for (uint32_t i = 0; i + 1 < pairing->count && enough; i++)
        if (joins(symbols[i]) && joins(symbols[i + 1])) {
            size_t *next = &counts[(numbers[symbols[i]] - 1) * different + numbers[symbols[i + 1]] - 1];
            if (*next != SIZE_MAX)
                pairing->lists[(*next)++] = i;
        }
    free(counts);
    return enough;
}

static bool open_tally(struct tally *tally, uint32_t symbols)
{
    *tally = (struct tally){
        .counts = calloc(symbols, sizeof *tally->counts),
        .found = malloc(symbols * sizeof *tally->found),
        .places = malloc(symbols * sizeof *tally->places),
    };
    return tally->counts && tally->found && tally->places;
}

static void close_tally(struct tally *tally)
{
    free(tally->counts);
    free(tally->found);
    free(tally->places);
}

static bool start_pairing(struct pairing *pairing, const uint16_t *ops, size_t count, uint32_t symbols)
{
    pairing->count = (uint32_t)count;
    pairing->symbols = malloc((count + 1) * sizeof *pairing->symbols);
    pairing->lists = malloc((3 * count + 1) * sizeof *pairing->lists);
    const bool before = open_tally(&pairing->before, symbols), after = open_tally(&pairing->after, symbols);
    if (!pairing->symbols || !pairing->lists || !before || !after)
        return false;
    for (size_t i = 0; i < count; i++)
        pairing->symbols[i] = ops[i] == OP_BREAK ? GONE : ops[i];
    pairing->symbols[count] = GONE;
    return pair_ops(pairing);
}

static void end_pairing(struct pairing *pairing)
{
    free(pairing->symbols);
    free(pairing->lists);
    free(pairing->pairs);
    free(pairing->heap);
    close_tally(&pairing->before);
    close_tally(&pairing->after);
}

static enum perfpy_trie_status make_rules(struct pairing *pairing, struct grammar *grammar,
                                          const struct perfpy_interrupt *interrupt)
{
    enum { PLACES_BETWEEN_POLLS = 50000 };
    uint64_t seen = 0;
    while (pairing->candidates && grammar->symbols < grammar->capacity) {
        struct pair *pair = pop(pairing);
        const uint64_t next = pairing->candidates ? pairing->heap[0] >> 32 : 0;
        seen += pair->count;
        const uint32_t count = look_for(pairing, grammar, pair);
        if (count < pairing->least)
            continue;
        if (PAIR_PARTS * (uint64_t)count < PAIR_LEFT_OVER * next) {
            if (!push(pairing, count, (size_t)(pair - pairing->pairs)))
                return PERFPY_TRIE_MEMORY;
        } else if (add_rule(grammar, pair->left, pair->right)) {
            if (!replace(pairing, grammar, pair, grammar->symbols - 1))
                return PERFPY_TRIE_MEMORY;
        }
        if (seen > PLACES_BETWEEN_POLLS) {
            seen = 0;
            if (interrupted(interrupt))
                return PERFPY_TRIE_INTERRUPTED;
        }
    }
    return PERFPY_TRIE_OK;
}

enum perfpy_trie_status perfpy_compact_grammar(const uint16_t *ops, size_t count, uint32_t least, uint32_t symbols_most,
                                               const struct perfpy_interrupt *interrupt, struct grammar *grammar)
{
    struct pairing pairing = {.least = least};
    enum perfpy_trie_status status = PERFPY_TRIE_MEMORY;
    if (start_grammar(grammar, symbols_most) && start_pairing(&pairing, ops, count, symbols_most))
        status = make_rules(&pairing, grammar, interrupt);
    for (uint32_t place = 0; status == PERFPY_TRIE_OK && place < count;) {
        const uint32_t symbol = pairing.symbols[place];
        place += symbol == GONE ? 1 : grammar->shapes[symbol].ops;
        if (symbol != GONE)
            grammar->counts[symbol]++;
    }
    end_pairing(&pairing);
    return status;
}

void perfpy_compact_grammar_free(struct grammar *grammar)
{
    free(grammar->left);
    free(grammar->right);
    free(grammar->shapes);
    free(grammar->counts);
}

size_t perfpy_compact_spell(const struct grammar *grammar, uint32_t symbol, uint16_t *ops)
{
    uint32_t stack[TOKEN_OPS_MOST + 1];
    size_t waiting = 0, count = 0;
    stack[waiting++] = symbol;
    while (waiting) {
        const uint32_t next = stack[--waiting];
        if (next < OP_COUNT) {
            ops[count++] = (uint16_t)next;
        } else {
            stack[waiting++] = grammar->right[next];
            stack[waiting++] = grammar->left[next];
        }
    }
    return count;
}
