/* Where a key's bits are, for each layout of a filter; `python` in perfpy/techniques/bloom defines the same.
 *
 * blocked: a block of 512 bits, one line of the cache, chosen by the upper half of the hash. Of its 16 words as many as
 * there are probes have a bit of the key, one each: which words, and which bit of each, are upper bits of the lower
 * half times odd constants. One miss of the cache per key, and a few operations on vectors.
 * counting: the same with counters of four bits in place of bits, so that a block is four lines.
 * classic: as many probes all over the filter, an arithmetic progression from the hash. A miss per probe, fewest bits.
 */
#ifndef PERFPY_BLOOM_LAYOUTS_H
#define PERFPY_BLOOM_LAYOUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/isa.h"

enum bloom_layout { BLOOM_BLOCKED, BLOOM_CLASSIC, BLOOM_COUNTING };

enum { BLOOM_WORDS = 16 /* in a block */, BLOOM_BLOCK_BITS = BLOOM_WORDS * 32, BLOOM_SUBSETS = 1024 };

/* The upper halves of mix(i * golden ratio), made odd. */
static const uint32_t bloom_salts[BLOOM_WORDS] __attribute__((aligned(64))) = {
    0xE220A839, 0x6E789E6B, 0x06C45D19, 0xF88BB8A9, 0x1B39896B, 0x53CB9F0D, 0x2C829ABF, 0xC584133B,
    0x3EE57891, 0xF3B8488D, 0x657EECDD, 0xC2D326E1, 0x8621A03F, 0x8E1F7555, 0xB54E0F17, 0x84BB3F97,
};

struct bloom_bits {
    uint32_t *words; /* aligned to 64 bytes; blocks of the blocked layouts, 64-bit words of the classic one */
    uint64_t size;   /* blocks, or bits of the classic layout */
    int probes;
    const uint16_t *subsets; /* BLOOM_SUBSETS sets of as many words as there are probes */
};

/* One of `count` equal parts of all hashes. */
static inline uint64_t bloom_part(uint64_t hash, uint64_t count)
{
    __extension__ typedef unsigned __int128 uint128;
    return (uint64_t)((uint128)hash * count >> 64);
}

/* The words of a block in which a key has a bit. */
static inline uint32_t bloom_subset(const struct bloom_bits *bits, uint32_t low)
{
    return bits->subsets[low * 0x7D29825Du >> (32 - 10)];
}

/* Which bit of a word. */
static inline uint32_t bloom_bit(uint32_t low, int word)
{
    return low * bloom_salts[word] >> (32 - 5);
}

/* Bytes of memory that a geometry needs, or 0 where it makes no sense. */
uint64_t perfpy_bloom_bytes(int layout, uint64_t size, int probes);

/* Fills a table of subsets of `probes` words: random ones, and each turned around all words. */
void perfpy_bloom_subsets(int probes, uint16_t *subsets);

/* The step of the classic progression: odd, from a hash of the hash. */
static inline uint64_t bloom_step(uint64_t hash)
{
    return (hash << 32 | hash >> 32) * 0xD1342543DE82EF95u | 1;
}

typedef void bloom_add(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count);
typedef void bloom_test(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count, bool *found);

/* The same for a single hash, without a loop and its preparations. */
typedef void bloom_add_one(const struct bloom_bits *bits, uint64_t hash);
typedef bool bloom_test_one(const struct bloom_bits *bits, uint64_t hash);

/* What a layout does with hashes. */
struct bloom_operations {
    bloom_test_one *test_one;
    bloom_add_one *add_one, *remove_one; /* `remove_one` only where there are counters */
    bloom_add *add;
    bloom_test *test;
};

typedef struct bloom_operations bloom_operations_of(enum bloom_layout layout);

bloom_operations_of perfpy_bloom_baseline, perfpy_bloom_avx2, perfpy_bloom_avx512;

/* The operations for an instruction set, which must be one that perfpy_isa_choose() returned. */
struct bloom_operations perfpy_bloom_variant(enum perfpy_isa isa, enum bloom_layout layout);

#endif
