/* The layout `fast`: the smallest automaton of the keys, for look-ups in the fewest cycles. Its states are written in
 * two ways: those that lead to many keys as cells of a double array, all others as nodes, each of the bytes it needs.
 * Small automata have no nodes.
 *
 * Cells: a state of the double array is a number, its base. The cell at base + label, if it has that label, is the way
 * on by that label: it holds the label, whether a key ends where the way leads, whether that is a node, and the address
 * of the node or else the base. No two states have the same base, so that a cell with the right label is of the right
 * state. No base is a multiple of FAST_NO_BASE, and cells that are free have the labels that they would have if it were
 * one: no state takes them for its own. The base of a state without ways is the number of cells.
 *
 * Of each cell it is known how many keys of the state are below its way. Where addresses and bases are small enough,
 * cells have 32 bits, and these counts are apart, so that only ranks need their memory: of 4 bytes for the first cells,
 * which are of states with many keys, of 1 byte for all others. Else cells have 64 bits, of which counts are the upper
 * ones. Where there are no nodes, a guide tells cursors the labels of a state: for each base the lowest one, and for
 * each cell the next one, or 0. Elsewhere, and where a state has many keys, they are looked for.
 *
 * Nodes: a text that all keys go on with, and after it a branch on the next byte:
 *
 *     [shape | second byte of code] code labels text [long references] references [key counts]
 *     [shape | second byte of code] code text number-or-set labels [long references] references [key counts]
 *
 * - The address of a node is that of its code, so that labels come at a place that does not depend on it: for most
 *   nodes, which have no text, they are compared while the code is still being decoded.
 * - The shape says what there is: the length of the text, the number of ways, the widths of references and counts. All
 *   but rare shapes have a code of one or two bytes, an index into a table; other nodes hold their shape.
 * - Up to 16 labels are a sorted list, which one comparison of vectors searches. More come after the text, as a list
 *   with its length in front, or, within a window of 64 values, as the lowest label and a set of 64 bits.
 * - A reference has 1 byte or is long: 2 bytes, or as many as any address has (3 or 4), the same for all of a node.
 *   Which ones are long is a set of bits in the shape or, before the references, in the node. Values of 1 and 2
 *   bytes up to a limit are addresses near 0, where the most popular nodes are; the others are distances backwards.
 *   Nodes are written after all that they refer to: an address is always below that of the node that refers to it.
 * - The count of way i > 0 is the number of keys below ways 0 to i - 1. Counts that are multiples of i need no bytes.
 * - No ways and a text: a key ends after the text. No ways and no text: the empty ending, which is the node at 0.
 * - A gate is a node that has, after its text, the base of a state of the double array, times 2, plus 1 if a key ends
 *   there.
 *
 * A payload is: header, cells, counts, guide, table of shapes, nodes, zeros. FAST_SLACK zeros follow the nodes, if there are
 * any, so that a node of up to 16 ways can be read without a look at the end of the memory.
 */
#ifndef PERFPY_TRIE_FAST_H
#define PERFPY_TRIE_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../common/little_endian.h"
#include "layout.h"

enum {
    FAST_TEXT = 31,  /* most bytes of a text */
    FAST_WAYS = 16,  /* most labels in a plain list */
    FAST_LIST = 17,  /* in place of the number of ways: a list with its length, */
    FAST_SET = 18,   /* a set, */
    FAST_GATE = 19,  /* a gate */
    FAST_SHORT = 224, /* codes below have one byte, others two */
    FAST_ESCAPE = 255, /* code of nodes that hold their shape */
    FAST_CODES = FAST_SHORT + ((FAST_ESCAPE - FAST_SHORT) << 8), /* most shapes in the table */
    FAST_SLACK = 256,
    FAST_NEAR_1 = 176,   /* values of 1 byte below: addresses / 4 */
    FAST_NEAR_2 = 57344, /* values of 2 bytes below: addresses */
};

/* Header: offsets of its fields. Cells follow it, at addresses that are multiples of their size. */
enum {
    FAST_VERSION = 2,
    FAST_AT_COUNT = 0,
    FAST_AT_ROOT = 8, /* a cell, whose label and keys below mean nothing */
    FAST_AT_NODES = 16,
    FAST_AT_CELLS = 20,
    FAST_AT_SHAPES = 24,
    FAST_AT_ADDRESS_BYTES = 26,
    FAST_AT_COUNT_BYTES = 27,
    FAST_AT_BLOCKS = 28, /* of 16 labels each, of which cells have any: a set of 16 bits */
    FAST_AT_TARGET_BITS = 30, /* of cells */
    FAST_AT_CELL_BYTES = 31,
    FAST_AT_LARGE = 32, /* how many cells have a count of 4 bytes apart */
    FAST_AT_VERSION = 36,
    FAST_AT_GUIDED = 37, /* whether there is a guide */
    FAST_HEADER = 40,
};

/* Shape: text length 5 bits, ways 5, final 1, counts 3, long references are addresses 1, set of long ones in the node
 * 1, else that set 16 (its highest bit stands for all ways above). */
enum { FAST_FINAL = 1 << 10, FAST_ADDRESSES = 1 << 14, FAST_SET_IN_NODE = 1 << 15 };

/* Codes of counts: multiples of 1 to 4, or numbers of 4, 8, 16 bits or the widest. */
enum { FAST_COUNT_MULTIPLE = 0, FAST_COUNT_4 = 4, FAST_COUNT_8, FAST_COUNT_16, FAST_COUNT_WIDEST };

/* Cell: label 8 bits, node 1, final 1, target, and in 64 bits keys below. */
enum {
    FAST_CELL_NODE = 1 << 8,
    FAST_CELL_FINAL = 1 << 9,
    FAST_CELL_TARGET = 10,
    FAST_CELL_BITS = 64 - FAST_CELL_TARGET, /* for target and keys */
    FAST_NARROW_BITS = 32 - FAST_CELL_TARGET, /* for the target in 32 bits */
    FAST_TARGET_BITS = 29, /* at most; gates and references need them */
    FAST_NO_BASE = 128,
    FAST_FEW_KEYS = 256, /* of a state: counts of 1 byte are enough */
    FAST_BLOCK = 16,     /* labels, which are looked at together */
    FAST_BLOCKS = 256 / FAST_BLOCK,
};

/* What a free cell holds. */
static inline unsigned char fast_free_cell(uint32_t cell)
{
    return (unsigned char)(cell % FAST_NO_BASE);
}

static inline unsigned fast_text(uint32_t shape)
{
    return shape & 31;
}

static inline unsigned fast_ways(uint32_t shape)
{
    return shape >> 5 & 31;
}

static inline unsigned fast_count_code(uint32_t shape)
{
    return shape >> 11 & 7;
}

static inline uint32_t fast_hash(uint32_t prefix)
{
    return prefix * UINT32_C(0x9E3779B1);
}

static inline void fast_store(unsigned char *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

/* What open() puts into the words of a trie. */
struct fast_view {
    const unsigned char *nodes, *shapes, *cells, *counts;
    const unsigned char *guide; /* or NULL */
    uint64_t root;
    uint64_t count;
    uint32_t size; /* of the nodes */
    uint32_t cell_count;
    uint32_t large; /* counts of 4 bytes */
    uint32_t coded; /* shapes in the table */
    uint16_t blocks; /* of labels */
    uint8_t address_bytes, count_bytes, cell_bytes, target_bits;
} __attribute__((may_alias)); /* the words are another type */

_Static_assert(sizeof(struct fast_view) <= sizeof ((struct perfpy_trie *)0)->words, "a view has to fit into the words");

static inline const struct fast_view *fast_view(const struct perfpy_trie *trie)
{
    return (const struct fast_view *)(const void *)trie->words;
}

enum perfpy_trie_status perfpy_fast_build(const struct perfpy_trie_keys *keys, const struct perfpy_interrupt *interrupt,
                                          struct perfpy_trie_payload *payload);
bool perfpy_fast_open(struct perfpy_trie *trie, const unsigned char *data, size_t size);
bool perfpy_fast_check(const struct perfpy_trie *trie);

perfpy_trie_variant perfpy_trie_fast_variant;

#endif
