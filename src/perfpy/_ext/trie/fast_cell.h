/* Reads cells. Every function stays within the payload, whatever is in it. */
#ifndef PERFPY_TRIE_FAST_CELL_H
#define PERFPY_TRIE_FAST_CELL_H

#include "fast.h"
#include "fast_vector.h"

/* No such way, code or node. */
#define FAST_NONE UINT32_MAX

#define FAST_NO_CELL UINT64_MAX

/* For what look-ups consist of: each is made once with ranks and once without. */
#define FAST_INLINE static inline __attribute__((always_inline))

FAST_INLINE uint64_t fast_below(uint64_t set, uint32_t bit)
{
#ifdef __BMI2__
    return _bzhi_u64(set, bit);
#else
    return bit < 64 ? set & ((UINT64_C(1) << bit) - 1) : set;
#endif
}

/* Cells are read in the one way or the other. */
FAST_INLINE bool fast_is_narrow(const struct fast_view *view)
{
    return view->cell_bytes == 4;
}

FAST_INLINE bool fast_is_whole(const struct fast_view *view)
{
    return view->node_mask == 0;
}

FAST_INLINE uint32_t fast_target_of(const struct fast_view *view, uint64_t cell)
{
    return (uint32_t)(cell >> view->target_shift);
}

/* A cell below view->cell_count. */
FAST_INLINE uint64_t fast_cell_at(const struct fast_view *view, size_t at)
{
    return fast_is_narrow(view) ? perfpy_load32(view->cells + 4 * at) : perfpy_load64(view->cells + 8 * at);
}

/* A state of the double array: its base, and the code of its way if that is the only one, or else FAST_NONE. Of such a
 * state the base is the cell minus the code, even where that is below 0. */
struct fast_state {
    uint32_t base, only;
};

/* The state that a cell leads to. What a damaged cell leads to may have an only way that is none. */
FAST_INLINE struct fast_state fast_state_of(const struct fast_view *view, uint64_t cell)
{
    const uint32_t target = fast_target_of(view, cell);
    if (!(cell & view->single_mask))
        return (struct fast_state){target, FAST_NONE};
    const uint32_t code = target < view->cell_count ? (uint32_t)fast_cell_at(view, target) & view->code_mask : 0;
    return (struct fast_state){target - code, code};
}

/* The cell of a code of the state with a base, or of any state, or FAST_NO_CELL. */
FAST_INLINE uint64_t fast_cell(const struct fast_view *view, uint32_t base, uint32_t code)
{
    const uint32_t at = base + code;
    if (at >= view->cell_count)
        return FAST_NO_CELL;
    const uint64_t cell = fast_cell_at(view, at);
    return (cell & view->code_mask) == code ? cell : FAST_NO_CELL;
}

FAST_INLINE uint64_t fast_cell_of(const struct fast_view *view, struct fast_state state, uint32_t code)
{
    return state.only == FAST_NONE || state.only == code ? fast_cell(view, state.base, code) : FAST_NO_CELL;
}

/* The keys below the way of a cell, which has been read. Without branches, as zones change on the way of every key. */
FAST_INLINE uint64_t fast_keys_below(const struct fast_view *view, size_t at, uint64_t cell)
{
    unsigned zone = 0;
#pragma GCC unroll 4
    for (int i = 0; i < FAST_ZONES; i++)
        zone += at >= view->zones[i];
    const uint64_t bit = view->zone_at[zone] + view->zone_bits[zone] * at;
    const uint64_t apart = fast_below(perfpy_load64(view->apart + bit / 8) >> bit % 8, view->zone_bits[zone]);
    return (cell >> view->keys_shift & view->keys_mask) + (apart << view->keys_bits);
}

/* The keys of the state with a base that are below the way of a code, which it has or is said to have. */
FAST_INLINE uint64_t fast_keys_below_code(const struct fast_view *view, uint32_t base, uint32_t code)
{
    const uint32_t at = base + code;
    return at < view->cell_count ? fast_keys_below(view, at, fast_cell_at(view, at)) : 0;
}

/* A set of codes. */
enum { FAST_WORDS = 4, FAST_WORD = 64 /* codes */ };

struct fast_codes {
    uint64_t words[FAST_WORDS];
};

/* The codes of a word that are in the alphabet. */
FAST_INLINE uint64_t fast_word_within(const struct fast_view *view, uint32_t word)
{
    const uint32_t first = word * FAST_WORD, left = view->alphabet > first ? view->alphabet - first : 0;
    return left < FAST_WORD ? (UINT64_C(1) << left) - 1 : ~UINT64_C(0);
}

/* The set of codes that the state with a base has in a word, the lowest code of which is bit 0. */
FAST_INLINE uint64_t fast_codes_in(const struct fast_view *view, uint32_t base, uint32_t word)
{
    const uint32_t first = word * FAST_WORD, left = view->alphabet - first;
    const uint32_t blocks = left < FAST_WORD ? (left + FAST_BLOCK - 1) / FAST_BLOCK : FAST_WORD / FAST_BLOCK;
    const size_t at = (size_t)base + first;
    uint64_t set = 0;
    if (fast_is_narrow(view) && at + blocks * FAST_BLOCK <= view->cell_count) {
        /* Unrolled, so that the set is in a register. */
#pragma GCC unroll 4
        for (uint32_t i = 0; i < FAST_WORD / FAST_BLOCK; i++)
            if (i < blocks)
                set |= (uint64_t)fast_find_cells_16(view->cells + 4 * (at + i * FAST_BLOCK), view->code_mask,
                                                    first + i * FAST_BLOCK)
                       << i * FAST_BLOCK;
        return set & fast_word_within(view, word);
    }
    for (uint32_t i = 0; i < FAST_WORD && i < left; i++)
        set |= (uint64_t)(fast_cell(view, base, first + i) != FAST_NO_CELL) << i;
    return set;
}

/* Finds all codes of a state. */
FAST_INLINE void fast_find_codes(const struct fast_view *view, struct fast_state state, struct fast_codes *codes)
{
    *codes = (struct fast_codes){{0}};
    if (state.only == FAST_NONE) {
        for (uint32_t word = 0; word * FAST_WORD < view->alphabet; word++)
            codes->words[word] = fast_codes_in(view, state.base, word);
    } else if (state.only < view->alphabet) {
        codes->words[state.only / FAST_WORD] = UINT64_C(1) << state.only % FAST_WORD;
    }
}

/* Lists all codes of a state; returns how many there are. */
static inline uint32_t fast_list_codes(const struct fast_view *view, struct fast_state state, unsigned char *list)
{
    struct fast_codes codes;
    uint32_t count = 0;
    fast_find_codes(view, state, &codes);
    for (uint32_t word = 0; word < FAST_WORDS; word++)
        for (uint64_t set = codes.words[word]; set; set &= set - 1)
            list[count++] = (unsigned char)(FAST_WORD * word + (uint32_t)__builtin_ctzll(set));
    return count;
}

/* The lowest one, or FAST_NONE. */
static inline uint32_t fast_first_code(const struct fast_codes *codes)
{
    for (uint32_t word = 0; word < FAST_WORDS; word++)
        if (codes->words[word])
            return FAST_WORD * word + (uint32_t)__builtin_ctzll(codes->words[word]);
    return FAST_NONE;
}

static inline void fast_drop_code(struct fast_codes *codes, uint32_t code)
{
    codes->words[code / FAST_WORD] &= ~(UINT64_C(1) << code % FAST_WORD);
}

/* The first code of a state from one on, or FAST_NONE. */
static inline uint32_t fast_next_code(const struct fast_view *view, struct fast_state state, uint32_t code)
{
    if (state.only != FAST_NONE)
        return code <= state.only && state.only < view->alphabet ? state.only : FAST_NONE;
    uint64_t wanted = ~UINT64_C(0) << code % FAST_WORD;
    for (uint32_t word = code / FAST_WORD; word * FAST_WORD < view->alphabet; word++) {
        const uint64_t set = fast_codes_in(view, state.base, word) & wanted;
        if (set)
            return FAST_WORD * word + (uint32_t)__builtin_ctzll(set);
        wanted = ~UINT64_C(0);
    }
    return FAST_NONE;
}

/* How many labels of cells are below a byte, which need not be one. */
static inline uint32_t fast_labels_below(const struct fast_view *view, uint32_t byte)
{
    uint32_t below = 0;
    for (uint32_t code = 0; code < view->alphabet; code++)
        below += view->labels[code] < byte;
    return below;
}

/* The lowest code above a byte, of which the code is known. */
FAST_INLINE uint32_t fast_code_above(const struct fast_view *view, unsigned char byte, uint32_t code)
{
    return code < view->alphabet ? code + 1 : fast_labels_below(view, byte);
}

#endif
