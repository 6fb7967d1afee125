/* Batches of hashes into and against a filter, built once for each instruction set.
 *
 * A filter larger than the nearer caches costs a miss per key, and the lines of a whole batch are asked for before the
 * first is used, so that the misses overlap. Lanes of vectors are words of the block: each makes the bit that the key
 * may have in its word, and those that are not of the key's subset are cleared.
 */
#include "layouts.h"

#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

/* Of a filter: what the second cache holds beside other things. */
enum { NEAR_BYTES = 1 << 20 };

/* Asks for the blocks of all keys. */
static inline void prefetch(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count)
{
    if (bits->size * 64 <= NEAR_BYTES)
        return;
    for (ptrdiff_t i = 0; i < count; i++)
        __builtin_prefetch(bits->words + bloom_part(hashes[i], bits->size) * BLOOM_WORDS, 1);
}

static inline uint32_t *block_of(const struct bloom_bits *bits, uint64_t hash)
{
    return bits->words + bloom_part(hash, bits->size) * BLOOM_WORDS;
}

#if defined(__AVX512F__)

static inline __m512i bits_of(const struct bloom_bits *bits, uint32_t low)
{
    const __m512i products = _mm512_mullo_epi32(_mm512_set1_epi32((int)low), _mm512_load_si512(bloom_salts));
    const __mmask16 subset = (__mmask16)bloom_subset(bits, low);
    return _mm512_maskz_sllv_epi32(subset, _mm512_set1_epi32(1), _mm512_srli_epi32(products, 32 - 5));
}

static inline void set_bits(const struct bloom_bits *bits, uint64_t hash)
{
    uint32_t *block = block_of(bits, hash);
    _mm512_store_si512(block, _mm512_or_si512(_mm512_load_si512(block), bits_of(bits, (uint32_t)hash)));
}

static inline bool has_bits(const struct bloom_bits *bits, uint64_t hash)
{
    const __m512i missing = _mm512_andnot_si512(_mm512_load_si512(block_of(bits, hash)), bits_of(bits, (uint32_t)hash));
    return _mm512_test_epi32_mask(missing, missing) == 0;
}

#elif defined(__AVX2__)

/* The bits of a key in one half of its block. */
static inline __m256i bits_of(uint32_t low, uint32_t subset, int half)
{
    const __m256i lanes = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i salts = _mm256_load_si256((const __m256i *)bloom_salts + half);
    const __m256i products = _mm256_mullo_epi32(_mm256_set1_epi32((int)low), salts);
    const __m256i bits = _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_srli_epi32(products, 32 - 5));
    const __m256i members = _mm256_and_si256(_mm256_set1_epi32((int)(subset >> 8 * half)), lanes);
    return _mm256_and_si256(bits, _mm256_cmpeq_epi32(members, lanes));
}

static inline void set_bits(const struct bloom_bits *bits, uint64_t hash)
{
    __m256i *block = (__m256i *)block_of(bits, hash);
    const uint32_t low = (uint32_t)hash, subset = bloom_subset(bits, low);
    for (int half = 0; half < 2; half++)
        _mm256_store_si256(block + half,
                           _mm256_or_si256(_mm256_load_si256(block + half), bits_of(low, subset, half)));
}

static inline bool has_bits(const struct bloom_bits *bits, uint64_t hash)
{
    const __m256i *block = (const __m256i *)block_of(bits, hash);
    const uint32_t low = (uint32_t)hash, subset = bloom_subset(bits, low);
    return _mm256_testc_si256(_mm256_load_si256(block), bits_of(low, subset, 0)) &
           _mm256_testc_si256(_mm256_load_si256(block + 1), bits_of(low, subset, 1));
}

#else

static inline void set_bits(const struct bloom_bits *bits, uint64_t hash)
{
    uint32_t *block = block_of(bits, hash);
    for (uint32_t subset = bloom_subset(bits, (uint32_t)hash); subset; subset &= subset - 1) {
        const int word = __builtin_ctz(subset);
        block[word] |= 1u << bloom_bit((uint32_t)hash, word);
    }
}

/* No early end: a branch that fails costs more. */
static inline bool has_bits(const struct bloom_bits *bits, uint64_t hash)
{
    const uint32_t *block = block_of(bits, hash);
    uint32_t all = 1;
    for (uint32_t subset = bloom_subset(bits, (uint32_t)hash); subset; subset &= subset - 1) {
        const int word = __builtin_ctz(subset);
        all &= block[word] >> bloom_bit((uint32_t)hash, word);
    }
    return all;
}

#endif

static void blocked_add(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count)
{
    prefetch(bits, hashes, count);
    for (ptrdiff_t i = 0; i < count; i++)
        set_bits(bits, hashes[i]);
}

static void blocked_test(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count, bool *found)
{
    prefetch(bits, hashes, count);
    for (ptrdiff_t i = 0; i < count; i++)
        found[i] = has_bits(bits, hashes[i]);
}

/* All lines of a key are asked for some keys ahead of it. */
static void classic_prefetch(const struct bloom_bits *bits, uint64_t hash)
{
    const uint64_t step = bloom_step(hash);
    for (int probe = 0; probe < bits->probes; probe++, hash += step)
        __builtin_prefetch((const char *)bits->words + bloom_part(hash, bits->size) / 8, 1);
}

enum { CLASSIC_AHEAD = 12 };

static void classic_add_one(const struct bloom_bits *bits, uint64_t hash)
{
    const uint64_t step = bloom_step(hash);
    for (int probe = 0; probe < bits->probes; probe++, hash += step) {
        const uint64_t position = bloom_part(hash, bits->size);
        bits->words[position / 32] |= 1u << position % 32;
    }
}

static bool classic_test_one(const struct bloom_bits *bits, uint64_t hash)
{
    const uint64_t step = bloom_step(hash);
    uint32_t all = 1;
    for (int probe = 0; probe < bits->probes && all; probe++, hash += step) {
        const uint64_t position = bloom_part(hash, bits->size);
        all = bits->words[position / 32] >> position % 32 & 1;
    }
    return all;
}

static void classic_add(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count)
{
    const bool far = bits->size / 8 > NEAR_BYTES;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (far && i + CLASSIC_AHEAD < count)
            classic_prefetch(bits, hashes[i + CLASSIC_AHEAD]);
        classic_add_one(bits, hashes[i]);
    }
}

static void classic_test(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count, bool *found)
{
    const bool far = bits->size / 8 > NEAR_BYTES;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (far && i + CLASSIC_AHEAD < count)
            classic_prefetch(bits, hashes[i + CLASSIC_AHEAD]);
        found[i] = classic_test_one(bits, hashes[i]);
    }
}

/* Counters of four bits, eight to a word; one that reached 15 stays there, as nobody knows any more how many it is. */
enum { COUNTING_BYTES = BLOOM_BLOCK_BITS / 2, FULL = 15 };

static inline uint32_t *counters_of(const struct bloom_bits *bits, uint64_t hash)
{
    return bits->words + bloom_part(hash, bits->size) * (COUNTING_BYTES / 4);
}

static inline void counting_change(const struct bloom_bits *bits, uint64_t hash, bool up)
{
    const uint32_t low = (uint32_t)hash;
    uint32_t *block = counters_of(bits, hash);
    for (uint32_t subset = bloom_subset(bits, low); subset; subset &= subset - 1) {
        const int word = __builtin_ctz(subset);
        const uint32_t place = (uint32_t)word * 32 + bloom_bit(low, word), shift = place % 8 * 4;
        if ((block[place / 8] >> shift & 15) != FULL)
            block[place / 8] += up ? 1u << shift : -(1u << shift);
    }
}

static void counting_add_one(const struct bloom_bits *bits, uint64_t hash)
{
    counting_change(bits, hash, true);
}

static void counting_remove_one(const struct bloom_bits *bits, uint64_t hash)
{
    counting_change(bits, hash, false);
}

static bool counting_test_one(const struct bloom_bits *bits, uint64_t hash)
{
    const uint32_t low = (uint32_t)hash;
    const uint32_t *block = counters_of(bits, hash);
    bool all = true;
    for (uint32_t subset = bloom_subset(bits, low); subset; subset &= subset - 1) {
        const int word = __builtin_ctz(subset);
        const uint32_t place = (uint32_t)word * 32 + bloom_bit(low, word);
        all = all && block[place / 8] >> place % 8 * 4 & 15;
    }
    return all;
}

static void counting_add(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++)
        counting_add_one(bits, hashes[i]);
}

static void counting_test(const struct bloom_bits *bits, const uint64_t *hashes, ptrdiff_t count, bool *found)
{
    for (ptrdiff_t i = 0; i < count; i++)
        found[i] = counting_test_one(bits, hashes[i]);
}

static void blocked_add_one(const struct bloom_bits *bits, uint64_t hash)
{
    set_bits(bits, hash);
}

static bool blocked_test_one(const struct bloom_bits *bits, uint64_t hash)
{
    return has_bits(bits, hash);
}

struct bloom_operations OPERATIONS_NAME(enum bloom_layout layout)
{
    switch (layout) {
    case BLOOM_CLASSIC:
        return (struct bloom_operations){classic_test_one, classic_add_one, NULL, classic_add, classic_test};
    case BLOOM_COUNTING:
        return (struct bloom_operations){
            counting_test_one, counting_add_one, counting_remove_one, counting_add, counting_test};
    default:
        return (struct bloom_operations){blocked_test_one, blocked_add_one, NULL, blocked_add, blocked_test};
    }
}
