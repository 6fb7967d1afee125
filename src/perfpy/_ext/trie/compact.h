/* The compact layout: sorted keys as one stream of operations, written in tokens of a grammar and in Huffman's code.
 *
 * Operations. After its first key the sorted set is a string over "append this byte" and "here a key ends: report it,
 * and take k bytes off". What the keys have in common shows as repetition in that string: endings, whole families of
 * endings ("", "'s", "s"), parts of words, directories that occur twice. Pairs that occur often become tokens, pairs of
 * tokens too (Larsson and Moffat's Re-Pair; compact_grammar.c); the cheapest sequence of tokens is found by dynamic
 * programming (compact_parse.c), and each token is one canonical Huffman code (compact_code.c).
 *
 * Blocks. The codes are cut, between keys, into blocks of one size. Block b starts after its separator, the shortest
 * prefix of its first key that is above the last key of the block before. Separators are in an index of their own
 * (compact_index.c), so that a block has no header, and its place needs no table.
 *
 * Search. A token says how many keys end in it, by how much it changes the length of the current key, how far it goes
 * below that length on its way, and which byte it appends there. While the current key differs from the one that is
 * looked for at byte `common`, all tokens that stay above `common`, or put a byte there that is still below the one
 * looked for, are passed over without a look at their operations (compact_read.c).
 *
 * Prefixes. The keys that a text starts with are in one block, or begin its separator; which those are is kept for each
 * block (compact_starts.c), so that no other block is read.
 *
 * Rare operations are special tokens without an entry: a long stretch of bytes, kept raw elsewhere, and large cuts.
 */
#ifndef PERFPY_TRIE_COMPACT_H
#define PERFPY_TRIE_COMPACT_H

#include <string.h>

#include "../common/little_endian.h"
#include "layout.h"

enum {
    /* Operations as numbers: 0 to 255 appends a byte. */
    OP_END = 256,                        /* + k: a key ends, and loses its last k bytes */
    OP_END_MOST = 127,                   /* the largest such k */
    OP_RAW = OP_END + OP_END_MOST + 1,   /* append bytes from the section of raw ones; special */
    OP_CUT,                              /* + j: take 2**(CUT_SHIFT + j) more bytes off; special */
    CUT_SHIFT = 7,
    CUTS = 25,
    OP_COUNT = OP_CUT + CUTS,

    CODE_MOST = 18,      /* bits of the longest code */
    CODES_PER_FILL = 3,  /* that can be read after bits_fill() */
    PRIMARY_MOST = 10,   /* bits that the first table decodes at once */
    RAW_OFFSET_BITS = 40,
    RAW_LENGTH_BITS = 32,
    POOL_BITS = 24,
    TOKEN_BYTES_MOST = 255, /* of a token in the pool, where one operation takes up to three */
    TOKEN_OPS_MOST = TOKEN_BYTES_MOST / 3,
    TOKEN_LOW_MOST = 255,

    ESCAPE = 0xffff,     /* in the table of operations: the number follows, in two bytes */
    BLOCK_LEAST = 80,    /* bytes; room for the worst key of its own: a raw stretch, its end and all cuts */
    BLOCK_MOST = 256,
    SLACK = 16,          /* bytes after the blocks, so that words can be loaded whole */

    /* The header, in bytes; numbers are little-endian. */
    HEADER_MAGIC = 0,
    HEADER_BLOCK_BYTES = 4,
    HEADER_COUNT = 8, /* 64 bits */
    HEADER_BLOCKS = 16,
    HEADER_TOKENS = 20,
    HEADER_SPECIALS = 24,
    HEADER_OPS = 28,
    HEADER_ENTRIES = 32,
    HEADER_RANK_BITS = 36,
    HEADER_PRIMARY_BITS = 40,
    HEADER_POOL = 44,
    HEADER_STARTS = 48,
    HEADER_START_BITS = 52,
    HEADER_START_LENGTH_BITS = 56, /* and 4 bytes that are 0 */
    HEADER_RECORDS = 64,           /* 64 bits, as all that follow */
    HEADER_RAW = 72,
    HEADER_DATA = 80,
    HEADER_SPECIAL = 88, /* a byte for each */
    HEADER_SIZE = HEADER_SPECIAL + 32,

    CODE_TABLE = 8 * CODE_MOST, /* bytes: for each length the end of its codes, and what makes an index of a code */

    /* Windows of the index: 7 bytes of a separator, then how many of them are its own, or 8 where it goes on. */
    WINDOW_BYTES = 7,
    WINDOW_GOES_ON = 8,
};

#define COMPACT_MAGIC UINT32_C(0x32435450)
#define LINK_RECORD UINT32_C(0x80000000) /* in a link: the rest is a place in the records, not a block */

/* What open() finds: where each section starts, and the numbers of the header. A section ends where the next begins. */
struct compact {
    const unsigned char *codes, *primary, *tokens, *ops, *windows, *links, *ranks, *start_parents, *start_lengths,
        *start_numbers, *records, *pool, *raw, *data;
    uint32_t blocks, block_bytes, token_count, special_count, op_count, entries, start_count;
    uint16_t rank_bits, primary_bits, start_bits, start_length_bits;
    const unsigned char *end; /* of the data, before the slack */
};

_Static_assert(sizeof(struct compact) <= sizeof((struct perfpy_trie *)0)->words, "what open() finds must fit");

static inline struct compact compact_of(const struct perfpy_trie *trie)
{
    struct compact compact;
    memcpy(&compact, trie->words, sizeof compact);
    return compact;
}

/* A token as 64 bits: where its operations are in the pool; how many bytes they take; how many keys end in it; how far
 * below the length that it finds it goes; the byte that it appends there, or the last one if it comes there again and
 * again, or 0; and by how much it changes the length. */
static inline uint32_t token_place(uint64_t token) { return (uint32_t)token & ((1u << POOL_BITS) - 1); }
static inline uint32_t token_bytes(uint64_t token) { return token >> 24 & 255; }
static inline uint32_t token_keys(uint64_t token) { return token >> 32 & 63; }
static inline int64_t token_low(uint64_t token) { return token >> 38 & 255; }
static inline int32_t token_byte(uint64_t token) { return token >> 46 & 255; }
static inline int64_t token_net(uint64_t token) { return (int64_t)token >> 54; }

static inline uint64_t token_pack(uint32_t place, uint32_t bytes, uint32_t keys, uint32_t low, uint32_t byte,
                                  int32_t net)
{
    return place | (uint64_t)bytes << 24 | (uint64_t)keys << 32 | (uint64_t)low << 38 | (uint64_t)byte << 46 |
           (uint64_t)net << 54;
}

static inline uint32_t load_le16(const unsigned char *bytes) { return bytes[0] | (uint32_t)bytes[1] << 8; }

static inline uint64_t load_be64(const unsigned char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

/* Number i of an array of numbers of `bits` bits, which is followed by 8 bytes of anything. */
static inline uint64_t load_packed(const unsigned char *array, uint64_t i, unsigned bits)
{
    const uint64_t place = i * bits;
    return perfpy_load64(array + (place >> 3)) >> (place & 7) & ((UINT64_C(1) << bits) - 1);
}

static inline uint64_t compact_rank(const struct compact *compact, uint32_t block)
{
    return load_packed(compact->ranks, block, compact->rank_bits);
}

/* The longest key that is a proper prefix of a separator, as a node of compact_starts.c; 0 where there is none. */
static inline uint64_t compact_start_of(const struct compact *compact, uint32_t block)
{
    return load_packed(compact->start_numbers, block, compact->start_bits);
}

/* The length of a node's key, and the node of the next shorter one, which is a lower number. */
static inline uint64_t compact_start(const struct compact *compact, uint64_t node, uint64_t *parent)
{
    *parent = 0;
    if (node >= compact->start_count)
        return 0;
    const uint64_t next = load_packed(compact->start_parents, node, compact->start_bits);
    *parent = next < node ? next : 0;
    return load_packed(compact->start_lengths, node, compact->start_length_bits);
}

/* While keys are gone through in order: those that the present one starts with, shortest first. */
struct compact_starts {
    struct compact_start {
        uint64_t length;
        uint32_t node; /* for whoever numbers them; 0 at first */
    } *list;           /* from malloc() */
    size_t count, room;
};

/* Goes from a key of some length to the next one, with which it shares bytes; false where memory is short. */
bool perfpy_compact_next_starts(struct compact_starts *starts, uint64_t length, uint64_t shared);

static inline size_t common_prefix(const unsigned char *a, const unsigned char *b, size_t length)
{
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        const uint64_t differ = perfpy_load64(a + i) ^ perfpy_load64(b + i);
        if (differ)
            return i + (size_t)(__builtin_ctzll(differ) >> 3);
    }
    while (i < length && a[i] == b[i])
        i++;
    return i;
}

/* The window of a string at a place up to its length. Windows are in the order of the strings. */
static inline uint64_t window_at(const unsigned char *string, size_t length, size_t place)
{
    const size_t left = length - place;
    if (left > WINDOW_BYTES)
        return (load_be64(string + place) & ~UINT64_C(255)) | WINDOW_GOES_ON;
    uint64_t window = left;
    for (size_t i = 0; i < left; i++)
        window |= (uint64_t)string[place + i] << (56 - 8 * i);
    return window;
}

/* Where a search comes to: the last block whose separator is not above the key, the length of that separator, and how
 * many of its bytes the key shares. */
struct compact_place {
    uint32_t block;
    size_t length, common;
};

/* There must be a block. */
struct compact_place perfpy_compact_locate(const struct compact *compact, const unsigned char *key, size_t length);

/* What locate() would say of a block. */
struct compact_place perfpy_compact_match(const struct compact *compact, uint32_t block, const unsigned char *key,
                                          size_t length);

/* Stores the first `room` bytes of a separator, and returns how long it is. */
size_t perfpy_compact_separator(const struct compact *compact, uint32_t block, unsigned char *bytes, size_t room);

/* Whether the records follow one another and all windows are in order. */
bool perfpy_compact_index_sound(const struct compact *compact);

bool perfpy_compact_open(struct perfpy_trie *trie, const unsigned char *data, size_t size);
bool perfpy_compact_check(const struct perfpy_trie *trie);
enum perfpy_trie_status perfpy_compact_build(const struct perfpy_trie_keys *keys,
                                             const struct perfpy_interrupt *interrupt,
                                             struct perfpy_trie_payload *payload);
enum perfpy_trie_status perfpy_compact_seek(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                            uint64_t rank);
enum perfpy_trie_status perfpy_compact_walk(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                            uint64_t count, perfpy_trie_visitor *visit, void *context);
enum perfpy_trie_status perfpy_compact_next(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor);
void perfpy_compact_close(struct perfpy_trie_cursor *cursor);

/* Whether the operations that the cursor has met so far made sense. */
bool perfpy_compact_sound(const struct perfpy_trie_cursor *cursor);

#endif
