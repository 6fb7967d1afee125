/* The compact layout: sorted keys as one stream of operations, written in tokens of a grammar and in Huffman's code.
 *
 * Operations. After its first key the sorted set is a string over "append this byte" and "here a key ends: report it,
 * and take k bytes off". What the keys have in common shows as repetition in that string: endings, whole families of
 * endings ("", "'s", "s"), parts of words, directories that occur twice. Pairs that occur often become tokens, pairs of
 * tokens too (Larsson and Moffat's Re-Pair; compact_grammar.c); the cheapest sequence of tokens is found by dynamic
 * programming (compact_parse.c), and each token is one canonical Huffman code (compact_code.c).
 *
 * Blocks. The codes are one string of bits, in which reading can start anew at blocks: block b starts at most
 * BEFORE_MOST bits before bit b * 8 * block_bytes, with a key, of which the separator is given: the shortest prefix that
 * is above the last key of the block before.
 *
 * Groups. Blocks that follow one another make a group if their separators can be told apart by few bytes at one place,
 * the group's depth. An entry of a block has these bytes, how far the block starts before its place, the low bits of its
 * rank, and which of the prefixes of its separator that end in these bytes are keys; nothing else is stored for a block.
 * A group has an entry with its first block, its depth and its rank, and the separator of its first block is in an index
 * (compact_index.c).
 *
 * Search. A token says how many keys end in it, by how much it changes the length of the current key, how far it goes
 * below that length on its way, and which byte it appends there. While the current key differs from the one that is
 * looked for at byte `common`, all tokens that stay above `common`, or put a byte there that is still below the one
 * looked for, are passed over without a look at their operations (compact_read.c).
 *
 * Prefixes. The keys that a text starts with are in one block, or begin its separator; which those are is kept for each
 * group (compact_starts.c) and block, so that no other block is read.
 *
 * Rare operations are special tokens without an entry, whose numbers follow as they are: a long stretch of bytes, kept
 * raw elsewhere, and a large cut.
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
    OP_CUT,                              /* take more bytes off, a multiple of 2**CUT_SHIFT; special */
    CUT_SHIFT = 7,
    OP_COUNT = OP_CUT + 1,

    CODE_MOST = 18,      /* bits of the longest code */
    CODES_PER_FILL = 3,  /* that can be read after bits_fill() */
    PRIMARY_MOST = 10,   /* bits that the first table decodes at once */
    RAW_OFFSET_BITS = 40,
    RAW_LENGTH_BITS = 32,
    CUT_BITS = 25,
    POOL_BITS = 24,
    TOKEN_BYTES_MOST = 255, /* of a token in the pool, where one operation takes up to three */
    TOKEN_OPS_MOST = TOKEN_BYTES_MOST / 3,
    TOKEN_LOW_MOST = 255,

    ESCAPE = 0xff,       /* in the table of operations: the number follows, in two bytes */
    BLOCK_LEAST = 24,    /* bytes; room for the worst key of its own: a raw stretch, its end and a large cut */
    BLOCK_MOST = 128,
    BEFORE_BITS = 9,     /* of how far a block starts before its place, in bits */
    BEFORE_MOST = (1 << BEFORE_BITS) - 1,
    MARK_MOST = 3,       /* bytes that tell the blocks of a group apart */
    OWN_RANK_MOST = 20,  /* bits of the rank of a block in its group */
    SLACK = 16,          /* bytes after the blocks, so that words can be loaded whole */

    /* The header, in bytes; numbers are little-endian. */
    HEADER_MAGIC = 0,
    HEADER_BLOCK_BYTES = 4,
    HEADER_COUNT = 8, /* 64 bits */
    HEADER_BLOCKS = 16,
    HEADER_GROUPS = 20,
    HEADER_TOKENS = 24,
    HEADER_SPECIALS = 28,
    HEADER_OPS = 32,
    HEADER_ENTRIES = 36,
    HEADER_POOL = 40,
    HEADER_STARTS = 44,
    HEADER_PRIMARY_BITS = 48, /* 8 bits, as those that follow */
    HEADER_PLACE_BITS,
    HEADER_DEPTH_BITS,
    HEADER_RANK_BITS,
    HEADER_START_BITS,
    HEADER_START_LENGTH_BITS,
    HEADER_OWN_RANK_BITS,
    HEADER_MARK_BYTES,
    HEADER_RECORDS = 56, /* 64 bits, as those that follow */
    HEADER_RAW = 64,
    HEADER_DATA = 72,
    HEADER_SPECIAL = 80, /* the operations of special tokens, less OP_RAW, in 8 bits each */
    HEADER_SIZE = 88,

    CODE_TABLE = 8 * CODE_MOST, /* bytes: for each length the end of its codes, and what makes an index of a code */

    /* Windows of the index: 7 bytes of a separator, then how many of them are its own, or 8 where it goes on. */
    WINDOW_BYTES = 7,
    WINDOW_GOES_ON = 8,
};

#define COMPACT_MAGIC UINT32_C(0x33435450)
#define LINK_RECORD UINT32_C(0x80000000) /* in a link: the rest is a place in the records, not a group */

/* What open() finds: where each section starts, and the numbers of the header. A section ends where the next begins. */
struct __attribute__((may_alias)) compact {
    const unsigned char *codes, *primary, *tokens, *ops, *windows, *links, *group_list, *block_list, *start_parents,
        *start_lengths, *records, *pool, *raw, *data;
    const unsigned char *end; /* of the data, before the slack */
    uint32_t blocks, groups, block_bytes, token_count, special_count, op_count, entries, start_count;
    unsigned char primary_bits, place_bits, depth_bits, rank_bits, start_bits, start_length_bits, own_rank_bits,
        mark_bytes;
    unsigned char group_bits, block_bits; /* of an entry */
};

_Static_assert(sizeof(struct compact) <= sizeof((struct perfpy_trie *)0)->words, "what open() finds must fit");

static inline const struct compact *compact_of(const struct perfpy_trie *trie)
{
    return (const struct compact *)(const void *)trie->words;
}

/* A token as 64 bits: where its operations are in the pool; how many bytes they take; how many keys end in it; the byte
 * that it appends at the lowest length that it comes to, or the last one if it comes there again and again, or 0; how far
 * that is below the length that it finds; and by how much it changes the length. */
static inline uint32_t token_place(uint64_t token) { return (uint32_t)token & ((1u << POOL_BITS) - 1); }
static inline uint32_t token_bytes(uint64_t token) { return token >> 24 & 255; }
static inline uint32_t token_keys(uint64_t token) { return token >> 32 & 63; }
static inline int32_t token_byte(uint64_t token) { return token >> 38 & 255; }
static inline int64_t token_low(uint64_t token) { return token >> 46 & 255; }
static inline int64_t token_net(uint64_t token) { return (int64_t)token >> 54; }

/* Whether a token does nothing but append bytes, which are those in the pool. */
static inline bool token_is_text(uint64_t token)
{
    return token_keys(token) == 0 && token_net(token) == (int64_t)token_bytes(token);
}

/* How far down a token goes, and the byte there, as one number. */
static inline int64_t token_reach(uint64_t token) { return token >> 38 & 0xffff; }

static inline uint64_t token_pack(uint32_t place, uint32_t bytes, uint32_t keys, uint32_t low, uint32_t byte,
                                  int32_t net)
{
    return place | (uint64_t)bytes << 24 | (uint64_t)keys << 32 | (uint64_t)byte << 38 | (uint64_t)low << 46 |
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

/* A number of `bits` bits, at most 57, that starts at bit `place`; 8 bytes of anything follow. */
static inline uint64_t load_bits(const unsigned char *array, uint64_t place, unsigned bits)
{
    return perfpy_load64(array + (place >> 3)) >> (place & 7) & ((UINT64_C(1) << bits) - 1);
}

/* Number i of an array of them. */
static inline uint64_t load_packed(const unsigned char *array, uint64_t i, unsigned bits)
{
    return load_bits(array, i * bits, bits);
}

/* The entry of a group: its first block, depth, rank, and the longest key that is a proper prefix of its separator, as a
 * node of compact_starts.c, 0 where there is none. There is one more entry than groups, for the end. */
static inline uint32_t group_place(const struct compact *compact, uint32_t group)
{
    return (uint32_t)load_bits(compact->group_list, (uint64_t)group * compact->group_bits, compact->place_bits);
}

static inline uint64_t group_depth(const struct compact *compact, uint32_t group)
{
    return load_bits(compact->group_list, (uint64_t)group * compact->group_bits + compact->place_bits,
                     compact->depth_bits);
}

static inline uint64_t group_rank(const struct compact *compact, uint32_t group)
{
    const uint64_t place = (uint64_t)group * compact->group_bits + compact->place_bits + compact->depth_bits;
    return load_bits(compact->group_list, place, compact->rank_bits);
}

static inline uint64_t group_start(const struct compact *compact, uint32_t group)
{
    return load_bits(compact->group_list, (group + UINT64_C(1)) * compact->group_bits - compact->start_bits,
                     compact->start_bits);
}

/* The entry of a block: a mark, which is the bytes of its separator from the group's depth on, with zeros behind, and 0
 * for the first of a group; how far it starts before its place; the low bits of its rank; and a bit for each byte of the
 * mark, which says whether what comes before that byte is a key. There is one more entry than blocks. */
static inline uint64_t block_entry(const struct compact *compact, uint32_t block)
{
    return load_packed(compact->block_list, block, compact->block_bits);
}

static inline uint64_t block_mark(const struct compact *compact, uint32_t block)
{
    return load_bits(compact->block_list, (uint64_t)block * compact->block_bits, 8 * compact->mark_bytes);
}

static inline uint64_t entry_mark(const struct compact *compact, uint64_t entry)
{
    return entry & ((UINT64_C(1) << 8 * compact->mark_bytes) - 1);
}

static inline uint32_t entry_before(const struct compact *compact, uint64_t entry)
{
    return entry >> 8 * compact->mark_bytes & BEFORE_MOST;
}

static inline uint64_t entry_rank(const struct compact *compact, uint64_t entry)
{
    return entry >> (8 * compact->mark_bytes + BEFORE_BITS) & ((UINT64_C(1) << compact->own_rank_bits) - 1);
}

static inline uint64_t entry_starts(const struct compact *compact, uint64_t entry)
{
    return entry >> (8 * compact->mark_bytes + BEFORE_BITS + compact->own_rank_bits);
}

/* How many bytes of a mark are a separator's: its last one is not 0. */
static inline size_t mark_length(const struct compact *compact, uint64_t mark)
{
    return mark ? compact->mark_bytes - (size_t)(__builtin_ctzll(mark) >> 3) : 0;
}

/* How many keys are between two ranks of which the low bits are known. */
static inline uint64_t rank_difference(const struct compact *compact, uint64_t high, uint64_t low)
{
    return (high - low) & ((UINT64_C(1) << compact->own_rank_bits) - 1);
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

/* Where a search comes to: the last block whose separator is not above the key, its group, the length of that separator,
 * and how many of its bytes the key shares. */
struct compact_place {
    uint32_t group, block;
    size_t length, common;
};

/* How many keys of a group are before a block. */
static inline uint64_t rank_in_group(const struct compact *compact, uint64_t first, uint32_t block)
{
    return rank_difference(compact, entry_rank(compact, block_entry(compact, block)), first);
}

/* There must be a block. */
struct compact_place perfpy_compact_locate(const struct compact *compact, const unsigned char *key, size_t length);

/* The same for a rank; only group and block are set. */
struct compact_place perfpy_compact_locate_rank(const struct compact *compact, uint64_t rank);

enum { FEW_STARTS = 64 };

/* Keys of a block that a text starts with, shortest first: how many, and the lengths of some from the `first` on. */
struct prefixes {
    uint64_t count, first;
    uint64_t lengths[FEW_STARTS];
};

/* Looks for them in the block of a place, which is that of the text. */
void perfpy_compact_scan_starts(const struct compact *compact, struct compact_place place, const unsigned char *text,
                                size_t length, struct prefixes *starts);

size_t perfpy_compact_prefixes(const struct perfpy_trie *trie, const unsigned char *text, size_t length,
                               uint64_t *ranks, uint64_t *lengths, size_t room);

/* Stores the first `room` bytes of the separator of a group's first block, and returns how long it is. */
size_t perfpy_compact_separator(const struct compact *compact, uint32_t group, unsigned char *bytes, size_t room);

/* Whether the records follow one another and all windows are in order. */
bool perfpy_compact_index_sound(const struct compact *compact);

bool perfpy_compact_open(struct perfpy_trie *trie, const unsigned char *data, size_t size);
bool perfpy_compact_check(const struct perfpy_trie *trie);
enum perfpy_trie_status perfpy_compact_build(const struct perfpy_trie_keys *keys,
                                             const struct perfpy_interrupt *interrupt,
                                             struct perfpy_trie_payload *payload);
enum perfpy_trie_status perfpy_compact_seek(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                            uint64_t rank);
/* The hints of a span: the group and the block of its first key. */
enum { HINT_GROUP, HINT_BLOCK };
#define HINT_NONE UINT64_MAX /* as group */

enum perfpy_trie_status perfpy_compact_seek_span(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                                 const unsigned char *prefix, size_t length,
                                                 const struct perfpy_trie_span *span);
enum perfpy_trie_status perfpy_compact_walk(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                            uint64_t count, perfpy_trie_visitor *visit, void *context);
enum perfpy_trie_status perfpy_compact_next(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor);
void perfpy_compact_close(struct perfpy_trie_cursor *cursor);

/* Whether the operations that the cursor has met so far made sense. */
bool perfpy_compact_sound(const struct perfpy_trie_cursor *cursor);

#endif
