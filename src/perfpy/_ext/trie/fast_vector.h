/* Comparisons of a few bytes, in the instructions that a variant may use. */
#ifndef PERFPY_TRIE_FAST_VECTOR_H
#define PERFPY_TRIE_FAST_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "fast.h"

#if defined(__SANITIZE_ADDRESS__)
#define FAST_EXACT_READS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAST_EXACT_READS 1
#endif
#endif

/* The lowest i with labels[i] == label, of 16 labels; 16 if there is none. */
static inline unsigned fast_find_label_16(const unsigned char *labels, unsigned char label)
{
#ifdef __SSE2__
    const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)labels), _mm_set1_epi8((char)label));
    return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(equal) | 1u << 16);
#else
    const uint64_t ones = UINT64_C(0x0101010101010101), highest = ones << 7;
    const uint64_t low = perfpy_load64(labels) ^ ones * label, high = perfpy_load64(labels + 8) ^ ones * label;
    /* The lowest byte that is marked is 0; those above it need not be. */
    const uint64_t low_zero = (low - ones) & ~low & highest, high_zero = (high - ones) & ~high & highest;
    if (low_zero)
        return (unsigned)__builtin_ctzll(low_zero) / 8;
    return high_zero ? 8 + (unsigned)__builtin_ctzll(high_zero) / 8 : 16;
#endif
}

/* The set of all i where cell i, of 16 cells of 32 bits, has the code `first` + i; `mask`: the bits of codes.
 * AVX-512 would do with one comparison, but gcc 12.2 makes wrong code of sets of such masks, at -O3 or with sanitizers
 * and depending on what is inlined where; clang does not, and UBSan has nothing to say. */
static inline unsigned fast_find_cells_16(const unsigned char *cells, uint32_t mask, uint32_t first)
{
#ifdef __AVX2__
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), bits = _mm256_set1_epi32((int)mask);
    unsigned set = 0;
    for (unsigned i = 0; i < 16; i += 8) {
        const __m256i codes = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(const void *)(cells + 4 * i)), bits);
        const __m256i equal = _mm256_cmpeq_epi32(codes, _mm256_add_epi32(lanes, _mm256_set1_epi32((int)(first + i))));
        set |= (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(equal)) << i;
    }
    return set;
#elif defined(__SSE2__)
    const __m128i lanes = _mm_setr_epi32(0, 1, 2, 3), bits = _mm_set1_epi32((int)mask);
    unsigned set = 0;
    for (unsigned i = 0; i < 16; i += 4) {
        const __m128i codes = _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)(cells + 4 * i)), bits);
        const __m128i equal = _mm_cmpeq_epi32(codes, _mm_add_epi32(lanes, _mm_set1_epi32((int)(first + i))));
        set |= (unsigned)_mm_movemask_ps(_mm_castsi128_ps(equal)) << i;
    }
    return set;
#else
    unsigned set = 0;
    for (unsigned i = 0; i < 16; i++)
        set |= (unsigned)((perfpy_load32(cells + 4 * (size_t)i) & mask) == first + i) << i;
    return set;
#endif
}

/* Whether a key goes on with a text, whose 32 bytes can all be read; the key has at least `length` <= 31 bytes left.
 * A vector may be read beyond the end of the key where it stays within its page, so that there is memory. */
static inline bool fast_goes_on(const unsigned char *key, size_t left, const unsigned char *text, unsigned length)
{
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    (void)left;
    const __mmask32 within = (__mmask32)((UINT32_C(1) << length) - 1);
    const __m256i own = _mm256_maskz_loadu_epi8(within, key), other = _mm256_loadu_si256((const __m256i *)text);
    return !_mm256_mask_cmpneq_epi8_mask(within, own, other);
#elif defined(__SSE2__) && !defined(FAST_EXACT_READS)
    enum { PAGE = 4096 };
    if (left < 32 && ((uintptr_t)key & (PAGE - 1)) > PAGE - 32)
        return memcmp(key, text, length) == 0;
    const uint32_t within = (UINT32_C(1) << length) - 1;
#ifdef __AVX2__
    const __m256i equal = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)key),
                                            _mm256_loadu_si256((const __m256i *)text));
    return !(~(uint32_t)_mm256_movemask_epi8(equal) & within);
#else
    const __m128i *a = (const __m128i *)key, *b = (const __m128i *)text;
    const uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(a), _mm_loadu_si128(b)));
    const uint32_t high = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(a + 1), _mm_loadu_si128(b + 1)));
    return !(~(low | high << 16) & within);
#endif
#else
    (void)left;
    return memcmp(key, text, length) == 0;
#endif
}

#endif
