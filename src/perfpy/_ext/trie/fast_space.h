/* Which cells of a double array are taken while it is made. */
#ifndef PERFPY_TRIE_FAST_SPACE_H
#define PERFPY_TRIE_FAST_SPACE_H

#include "fast_pack.h"

/* Sets of one bit for each place: the cells that are taken, the bases that are, and those that cells of single ways look
 * as if they belonged to. */
enum fast_set { FAST_TAKEN, FAST_BASES, FAST_SEEMING, FAST_SETS };

struct fast_space {
    unsigned char *sets[FAST_SETS];
    size_t bytes;
    uint32_t end; /* all cells from here on are free */
    uint64_t looks; /* at windows, for one state */
};

/* Makes room for so many places; false where memory is lacking. */
bool perfpy_fast_space_grow(struct fast_space *space, size_t places);
void perfpy_fast_space_free(struct fast_space *space);

/* Finds a base for the codes of a state, such that the cell of the first way is in the line of `near`, or else from
 * `*from` on, which follows where many windows have been in vain. */
uint32_t perfpy_fast_space_base(struct fast_space *space, const uint8_t *codes, uint32_t count, uint32_t near,
                                uint32_t *from);

/* Finds the cell of a single way in the same way. */
uint32_t perfpy_fast_space_cell(struct fast_space *space, uint8_t code, uint32_t near, uint32_t *from);

void perfpy_fast_space_take_base(struct fast_space *space, uint32_t base, const uint8_t *codes, uint32_t count);
void perfpy_fast_space_take_cell(struct fast_space *space, uint32_t cell, uint8_t code);

#endif
