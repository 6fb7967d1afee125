/* The layout `fast`: the smallest automaton of the keys, for look-ups in the fewest cycles. Its states are written in
 * two ways: those that lead to many keys as cells of a double array, all others as nodes, each of the bytes it needs.
 * Only large automata most of whose edges are parts of long texts have nodes.
 *
 * Cells: bytes that are labels of cells have codes, 0 for the lowest label and so on. A state with several ways on has a
 * base, a number, and the cell of a way is at the base plus the code of its label. A cell holds that code, whether a key
 * ends where the way leads, whether that is a state with a single way, whether it is a node, how many keys of the state
 * are below the way, and where it leads to: the base of the state, or if it has a single way the cell of that, or the
 * address of the node. No two states have the same base, nor one that a single way's cell could be of, so that a cell
 * with the right code is of the right state. A free cell has a code that no label has, and bytes that are no labels
 * have another one. The base of a state without ways is the number of cells.
 *
 * Where there are no nodes, cells do not say whether there is one; and where 32 bits are enough without it, but not with
 * it, they do not tell states with a single way apart, which then have bases, too.
 *
 * Each of these has as many bits as it needs, and the keys below the way have what is left of 32 bits, or of 64 where
 * addresses and bases are so large. Bits that keys need beyond that are apart: most for the first cells, which are of
 * states with many keys, fewer for the next, and none for the last. The limits between these are zones.
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
 * - A gate is a node that has, after its text, what a cell has of a state of the double array: its base or cell times 4,
 *   plus 2 if it has a single way, plus 1 if a key ends there.
 *
 * A payload is: header, labels of all codes, cells, what counts have apart, zeros, table of shapes,
 * nodes, zeros. FAST_SLACK zeros follow the nodes, if there are any, so that a node of up to 16 ways can be read without
 * a look at the end of the memory.
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

/* Header: offsets of its fields. */
enum {
    FAST_VERSION = 3,
    FAST_AT_COUNT = 0,
    FAST_AT_ROOT = 8, /* a cell, whose code and keys below mean nothing */
    FAST_AT_NODES = 16,
    FAST_AT_CELLS = 20,
    FAST_AT_SHAPES = 24,
    FAST_AT_ADDRESS_BYTES = 26,
    FAST_AT_COUNT_BYTES = 27,
    FAST_AT_ALPHABET = 28, /* how many bytes are labels of cells */
    FAST_AT_CODE_BITS = 30, /* of cells */
    FAST_AT_TARGET_BITS = 31,
    FAST_AT_CELL_BYTES = 32,
    FAST_AT_SINGLES = 33, /* whether states with a single way are told apart */
    FAST_AT_VERSION = 36,
    FAST_AT_ZONES = 40,
    FAST_AT_ZONE_BITS = 56,
    FAST_HEADER = 64,
};

/* Shape: text length 5 bits, ways 5, final 1, counts 3, long references are addresses 1, set of long ones in the node
 * 1, else that set 16 (its highest bit stands for all ways above). */
enum { FAST_FINAL = 1 << 10, FAST_ADDRESSES = 1 << 14, FAST_SET_IN_NODE = 1 << 15 };

/* Codes of counts: multiples of 1 to 4, or numbers of 4, 8, 16 bits or the widest. */
enum { FAST_COUNT_MULTIPLE = 0, FAST_COUNT_4 = 4, FAST_COUNT_8, FAST_COUNT_16, FAST_COUNT_WIDEST };

/* Cell, from its lowest bit: code, final, single unless there are none, node unless there are none, keys below, target. */
enum {
    FAST_TARGET_BITS = 29, /* at most; gates and references need them */
    FAST_BLOCK = 16,       /* codes, which are looked at together */
    FAST_ZONES = 4,
};

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

/* Bytes of the labels in a payload: cells begin at a multiple of 8. */
static inline size_t fast_labels_size(uint32_t alphabet)
{
    return (alphabet + 7) / 8 * 8;
}

/* Where cells have some bits of their counts apart: the cells before `end`, and after the zones before. */
struct fast_zone {
    uint32_t end;
    uint8_t bits;
};

/* Bytes of what counts have apart; eight can be read at a time. */
static inline size_t fast_apart_size(const struct fast_zone *zones)
{
    uint64_t bits = 0;
    for (uint32_t i = 0, from = 0; i < FAST_ZONES; from = zones[i++].end)
        bits += (uint64_t)(zones[i].end - from) * zones[i].bits;
    return (size_t)((bits + 7) / 8 + 8);
}

static inline void fast_store(unsigned char *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

/* What open() puts into the words of a trie. */
struct fast_view {
    const unsigned char *nodes, *shapes, *cells, *labels;
    const unsigned char *apart; /* what counts have apart */
    uint64_t root;
    uint64_t count;
    uint64_t zone_at[FAST_ZONES + 1]; /* the bit apart of a zone's cell is this plus the zone's bits times the cell */
    uint32_t zones[FAST_ZONES];       /* ends */
    uint8_t zone_bits[FAST_ZONES + 1];
    uint32_t size; /* of the nodes */
    uint32_t cell_count;
    uint32_t coded; /* shapes in the table */
    uint32_t code_mask, final_mask;
    uint32_t single_mask, node_mask; /* 0 where there are none */
    uint32_t keys_mask; /* of what has been shifted */
    uint16_t alphabet;
    uint8_t address_bytes, count_bytes, cell_bytes, target_shift, keys_shift, keys_bits;
    uint8_t codes[256]; /* of bytes */
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
