#include <stdlib.h>

#include "fast_space.h"

enum {
    WINDOW = 56,       /* so many places are looked at together, from any one on */
    LINE = 16,         /* cells of a line of a cache */
    MOST_WINDOWS = 64, /* before the places below are given up for states with as many ways */
};

bool perfpy_fast_space_grow(struct fast_space *space, size_t places)
{
    const size_t bytes = places / 8 + 1;
    if (bytes <= space->bytes)
        return true;
    const size_t larger = bytes + bytes / 2 + 1024;
    for (int i = 0; i < FAST_SETS; i++) {
        unsigned char *set = realloc(space->sets[i], larger);
        if (!set)
            return false;
        memset(set + space->bytes, 0, larger - space->bytes);
        space->sets[i] = set;
    }
    space->bytes = larger;
    return true;
}

static uint64_t window_at(const unsigned char *set, size_t bit)
{
    return perfpy_load64(set + bit / 8) >> bit % 8;
}

static void add_bit(unsigned char *set, size_t bit)
{
    set[bit / 8] |= (unsigned char)(1 << bit % 8);
}

/* The set of bases in a window with which all ways of a state find free cells. */
static uint64_t free_bases(struct fast_space *space, uint32_t base, const uint8_t *codes, uint32_t count)
{
    space->looks += count;
    uint64_t taken = window_at(space->sets[FAST_BASES], base) | window_at(space->sets[FAST_SEEMING], base);
    for (uint32_t i = 0; i < count; i++)
        taken |= window_at(space->sets[FAST_TAKEN], (size_t)base + codes[i]);
    return ~taken & ((UINT64_C(1) << WINDOW) - 1);
}

/* The set of cells in a window that are free for a single way: one needs no base, but must not look like a cell of a
 * state that has one. */
static uint64_t free_cells(struct fast_space *space, uint32_t cell, uint8_t code)
{
    space->looks++;
    const uint64_t taken = window_at(space->sets[FAST_TAKEN], cell);
    if (cell >= code)
        return ~(taken | window_at(space->sets[FAST_BASES], cell - code)) & ((UINT64_C(1) << WINDOW) - 1);
    const uint32_t without_base = code - cell;
    return ~taken & ((UINT64_C(1) << (without_base < WINDOW ? without_base : WINDOW)) - 1);
}

uint32_t perfpy_fast_space_base(struct fast_space *space, const uint8_t *codes, uint32_t count, uint32_t near,
                                uint32_t *from)
{
    const bool has_line = near != FAST_NOWHERE && near / LINE * LINE >= codes[0];
    uint32_t at = has_line ? near / LINE * LINE - codes[0] : 0, windows = 0;
    uint64_t free = has_line ? free_bases(space, at, codes, count) & ((UINT64_C(1) << LINE) - 1) : 0;
    if (free)
        return at + (uint32_t)__builtin_ctzll(free);
    at = *from;
    while (!(free = free_bases(space, at, codes, count))) {
        at += WINDOW;
        if (++windows == MOST_WINDOWS)
            *from = at;
    }
    return at + (uint32_t)__builtin_ctzll(free);
}

uint32_t perfpy_fast_space_cell(struct fast_space *space, uint8_t code, uint32_t near, uint32_t *from)
{
    uint32_t at = near / LINE * LINE, windows = 0;
    uint64_t free = near == FAST_NOWHERE ? 0 : free_cells(space, at, code) & ((UINT64_C(1) << LINE) - 1);
    if (free)
        return at + (uint32_t)__builtin_ctzll(free);
    at = *from;
    while (!(free = free_cells(space, at, code))) {
        at += at < code && code - at < WINDOW ? code - at : WINDOW;
        if (++windows == MOST_WINDOWS)
            *from = at;
    }
    return at + (uint32_t)__builtin_ctzll(free);
}

void perfpy_fast_space_take_base(struct fast_space *space, uint32_t base, const uint8_t *codes, uint32_t count)
{
    add_bit(space->sets[FAST_BASES], base);
    for (uint32_t i = 0; i < count; i++)
        add_bit(space->sets[FAST_TAKEN], (size_t)base + codes[i]);
    const uint32_t end = base + codes[count - 1] + 1;
    space->end = end > space->end ? end : space->end;
}

void perfpy_fast_space_take_cell(struct fast_space *space, uint32_t cell, uint8_t code)
{
    if (cell >= code)
        add_bit(space->sets[FAST_SEEMING], cell - code);
    add_bit(space->sets[FAST_TAKEN], cell);
    space->end = cell >= space->end ? cell + 1 : space->end;
}

void perfpy_fast_space_free(struct fast_space *space)
{
    for (int i = 0; i < FAST_SETS; i++)
        free(space->sets[i]);
}
