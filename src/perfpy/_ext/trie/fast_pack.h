/* From an automaton to nodes: the steps of the builder, which share this state. */
#ifndef PERFPY_TRIE_FAST_PACK_H
#define PERFPY_TRIE_FAST_PACK_H

#include "fast.h"
#include "fast_automaton.h"

#define FAST_NOWHERE UINT32_MAX

static inline bool fast_is_stopped(const struct perfpy_interrupt *interrupt)
{
    return interrupt && interrupt->requested(interrupt->context);
}

#ifndef STEPS_BETWEEN_POLLS /* fewer in tests */
#define STEPS_BETWEEN_POLLS (1 << 16)
#endif

/* The same after every so many steps, most of which miss the cache; `*done` counts those since the last poll. */
static inline bool fast_is_stopped_after(uint64_t steps, uint64_t *done, const struct perfpy_interrupt *interrupt)
{
    *done += steps;
    if (*done < STEPS_BETWEEN_POLLS)
        return false;
    *done = 0;
    return fast_is_stopped(interrupt);
}

/* Growing memory. */
struct fast_bytes {
    unsigned char *data;
    size_t size, capacity;
};

bool perfpy_fast_reserve(struct fast_bytes *bytes, size_t more);

/* Codes of shapes: a hash table from shapes to how often they occur, and then to their codes. */
enum { FAST_TALLY_LOG = 14 };

struct fast_shapes {
    uint32_t *shapes; /* 1 << FAST_TALLY_LOG, as are the others; 0 uses if free */
    uint32_t *uses, *codes;
    size_t different;
    uint32_t *coded;
    unsigned count;
};

bool perfpy_fast_shapes_open(struct fast_shapes *shapes);
void perfpy_fast_shapes_close(struct fast_shapes *shapes);
void perfpy_fast_shapes_clear(struct fast_shapes *shapes);
void perfpy_fast_shapes_tally(struct fast_shapes *shapes, uint32_t shape);
void perfpy_fast_shapes_choose(struct fast_shapes *shapes);
unsigned perfpy_fast_shapes_code(const struct fast_shapes *shapes, uint32_t shape); /* FAST_CODES: none */

/* The double array: which states are in it, and where. */
struct fast_cells {
    uint32_t *base; /* of a state, or the cell of its only way, or FAST_NOWHERE */
    uint32_t *states; /* in the double array */
    uint32_t state_count, cell_count;
    struct fast_zone zones[FAST_ZONES];
    unsigned keys_bits; /* of cells, for which there are these zones, or more */
    uint8_t codes[256], labels[256];
    unsigned alphabet, code_bits;
    bool whole;   /* there are no nodes */
    bool singles; /* states with a single way are told apart */
};

/* How many bits of a cell are for what. */
struct fast_widths {
    unsigned cell_bytes, keys_bits, target_bits;
};

struct fast_packer {
    const struct fast_automaton *automaton;
    uint32_t *address;  /* of a state's node, or FAST_NOWHERE */
    uint32_t *keys;     /* that end at a state or after it */
    uint32_t *indegree; /* references to a state */
    struct fast_bytes nodes;
    struct fast_shapes shapes;
    struct fast_cells cells;
    uint64_t done; /* since the last poll */
    bool counting; /* shapes, in a first pass whose nodes are thrown away */
    unsigned address_bytes, count_bytes;
};

/* What becomes one node: from a state through states with a single way on. */
struct fast_plan {
    unsigned char text[FAST_TEXT];
    unsigned length;
    bool final;
    uint32_t ways;
    uint32_t gate; /* the state of the double array after the text, or FAST_NOWHERE */
    const uint64_t *edges;
};

struct fast_plan perfpy_fast_plan(const struct fast_packer *packer, uint32_t state);

/* Writes the node of a state, all of whose targets have addresses; `aligned`: at a multiple of 4. */
bool perfpy_fast_write(struct fast_packer *packer, uint32_t state, bool aligned);

/* Fills `keys` and `indegree`, which is all 0. */
void perfpy_fast_count_keys(struct fast_packer *packer);

/* Writes all nodes, in an order that makes references short. */
enum perfpy_trie_status perfpy_fast_pack(struct fast_packer *packer, const struct perfpy_interrupt *interrupt);

/* Chooses the states of the double array, and their bases; keys have been counted. */
enum perfpy_trie_status perfpy_fast_cells_place(struct fast_packer *packer, const struct perfpy_interrupt *interrupt);

/* Bits of a number; at least 1. */
static inline unsigned perfpy_fast_bits(uint64_t number)
{
    return number ? 64 - (unsigned)__builtin_clzll(number) : 1;
}

static inline unsigned perfpy_fast_keys_at(const struct fast_cells *cells)
{
    return cells->code_bits + 1 + cells->singles + !cells->whole;
}

struct fast_widths perfpy_fast_widths(const struct fast_cells *cells, unsigned target_bits);

/* The way to a state as a cell has it, without a code and keys. */
uint64_t perfpy_fast_cell(const struct fast_packer *packer, const struct fast_widths *widths, uint32_t state);

/* Writes the cells and what their counts have apart, when all nodes have addresses; returns false if it is stopped. */
bool perfpy_fast_cells_write(const struct fast_packer *packer, const struct fast_widths *widths,
                             const struct perfpy_interrupt *interrupt, unsigned char *cells, unsigned char *apart);

#endif
