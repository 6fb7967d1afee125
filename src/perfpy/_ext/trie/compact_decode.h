/* Reads codes of a block of the compact layout.
 *
 * The codes are canonical: they are numbered by length, then by value. So codes of one length differ from their numbers
 * by a constant, and the first table, which knows the length and the constant by the first bits, decodes codes that are
 * longer than it as well. Only the few first bits that codes of several lengths share need a search.
 */
#ifndef PERFPY_TRIE_COMPACT_DECODE_H
#define PERFPY_TRIE_COMPACT_DECODE_H

#include "compact.h"

enum { NO_TOKEN = -1 }; /* as uint32_t: what no code means */

/* `window` holds `count` bits, the next one on top, that were read from before `next`. */
struct compact_bits {
    const unsigned char *next, *limit;
    uint64_t window;
    unsigned count;
};

/* The bits of a block, which starts so many before its place. */
static inline struct compact_bits compact_bits(const struct compact *compact, uint32_t block, uint32_t before)
{
    const uint64_t place = 8 * (uint64_t)block * compact->block_bytes, bit = place > before ? place - before : 0;
    const size_t size = (size_t)(compact->end - compact->data);
    const size_t byte = bit >> 3 < size ? (size_t)(bit >> 3) : size;
    const size_t left = size - byte, most = compact->block_bytes + (BEFORE_MOST + 1) / 8;
    const unsigned char *start = compact->data + byte;
    return (struct compact_bits){
        .next = start + 7,
        /* A word is read before the bits that it brings are needed, hence 8 bytes more. */
        .limit = start + (left < most ? left : most) + 8,
        .window = load_be64(start) << (bit & 7),
        .count = 56 - (unsigned)(bit & 7),
    };
}

/* Brings all that a block may take, which may start in the line before its place. */
static inline void compact_prefetch(const struct compact *compact, uint32_t block)
{
    const unsigned char *place = compact->data + (size_t)block * compact->block_bytes;
    const size_t most = compact->block_bytes + (BEFORE_MOST + 1) / 8;
    for (size_t line = 0; line < most; line += 64)
        __builtin_prefetch(place + compact->block_bytes - 1 - line);
}

/* Makes it at least 56 bits; false at the end of the block, which sound data never come to. */
static inline bool bits_fill(struct compact_bits *bits)
{
    if (bits->next > bits->limit)
        return false;
    bits->window |= load_be64(bits->next) >> bits->count;
    bits->next += (63 - bits->count) >> 3;
    bits->count |= 56;
    return true;
}

static inline void bits_drop(struct compact_bits *bits, unsigned count)
{
    bits->window <<= count;
    bits->count -= count;
}

/* Between 1 and 56 bits; needs as many. */
static inline uint64_t bits_take(struct compact_bits *bits, unsigned count)
{
    const uint64_t value = bits->window >> (64 - count);
    bits_drop(bits, count);
    return value;
}

static inline uint32_t decode_long(const struct compact *compact, struct compact_bits *bits)
{
    const uint32_t code = (uint32_t)(bits->window >> (64 - CODE_MOST));
    for (unsigned length = 1; length <= CODE_MOST; length++) {
        const unsigned char *entry = compact->codes + 8 * (length - 1);
        if (code < perfpy_load32(entry)) {
            bits_drop(bits, length);
            return perfpy_load32(entry + 4) + (code >> (CODE_MOST - length));
        }
    }
    return (uint32_t)NO_TOKEN;
}

/* The number of the next token; needs CODE_MOST bits. */
static inline uint32_t decode(const struct compact *compact, struct compact_bits *bits)
{
    const uint32_t entry = perfpy_load32(compact->primary + 4 * (bits->window >> (64 - compact->primary_bits)));
    const unsigned length = entry & 31;
    if (__builtin_expect(length - 1 >= CODE_MOST, 0)) /* 0, or damaged */
        return decode_long(compact, bits);
    const uint32_t number = (uint32_t)((int32_t)entry >> 5) + (uint32_t)(bits->window >> (64 - length));
    bits_drop(bits, length);
    return number;
}

/* One operation of a token; `*bytes` is before `end`. Bytes stand for themselves, but for those that the table of
 * operations has for ends of keys: there an end is 1 + k. */
static inline uint32_t token_op(const struct compact *compact, const unsigned char **bytes, const unsigned char *end)
{
    const uint32_t byte = *(*bytes)++;
    const uint32_t kind = byte < compact->op_count ? compact->ops[byte] : 0;
    if (kind == 0)
        return byte;
    if (__builtin_expect(kind <= OP_END_MOST + 1, 1))
        return OP_END - 1 + kind;
    if (kind != ESCAPE || end - *bytes < 2)
        return OP_RAW;
    *bytes += 2;
    return load_le16(*bytes - 2);
}

/* The operations of a token; none where they would be outside the pool. */
static inline const unsigned char *token_ops(const struct compact *compact, uint64_t token, const unsigned char **end)
{
    const size_t pool = (size_t)(compact->raw - compact->pool);
    const size_t place = token_place(token), bytes = token_bytes(token);
    const bool inside = place + bytes <= pool;
    *end = compact->pool + (inside ? place + bytes : 0);
    return compact->pool + (inside ? place : 0);
}

/* A special token, from 0. A cut returns how many bytes to take off; a raw stretch returns 0 and says where it is. */
static inline uint64_t decode_special(const struct compact *compact, uint32_t number, struct compact_bits *bits,
                                      const unsigned char **raw, size_t *length)
{
    const unsigned char *header = compact->codes - HEADER_SIZE;
    const bool filled = bits_fill(bits);
    *length = 0;
    if (header[HEADER_SPECIAL + number] != 0)
        return filled ? bits_take(bits, CUT_BITS) << CUT_SHIFT : 0;
    const uint64_t section = (uint64_t)(compact->data - compact->raw);
    uint64_t offset = 0, bytes = 0;
    if (filled) {
        offset = bits_take(bits, RAW_OFFSET_BITS);
        if (bits_fill(bits))
            bytes = bits_take(bits, RAW_LENGTH_BITS);
    }
    if (offset > section || bytes > section - offset)
        offset = bytes = 0;
    *raw = compact->raw + offset;
    *length = (size_t)bytes;
    return 0;
}

#endif
