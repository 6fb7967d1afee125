/* Vectors of 32-bit integers, as wide as the instruction set has them, and what GCC's vector extensions lack. */
#ifndef PERFPY_PI_LANES_H
#define PERFPY_PI_LANES_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512BW__)
enum { LANES = 16 };
#elif defined(__AVX2__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t signed_lanes __attribute__((vector_size(4 * LANES)));
typedef uint64_t wide_lanes __attribute__((vector_size(4 * LANES)));

static inline lanes rotated(lanes x, int bits)
{
    return x << bits | x >> (32 - bits);
}

/* a ^ b ^ c */
static inline lanes exclusive_or(lanes a, lanes b, lanes c)
{
#if defined(__AVX512BW__)
    return (lanes)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0x96);
#else
    return a ^ b ^ c;
#endif
}

/* The squares of the two signed halves of each word, added. */
static inline lanes sum_of_squares(lanes words)
{
#if defined(__AVX512BW__)
    return (lanes)_mm512_madd_epi16((__m512i)words, (__m512i)words);
#elif defined(__AVX2__)
    return (lanes)_mm256_madd_epi16((__m256i)words, (__m256i)words);
#elif defined(__SSE2__)
    return (lanes)_mm_madd_epi16((__m128i)words, (__m128i)words);
#else
    const signed_lanes x = (signed_lanes)(words << 16) >> 16, y = (signed_lanes)words >> 16;
    return (lanes)(x * x) + (lanes)(y * y);
#endif
}

/* The products of the lower halves of 64 bits. */
static inline wide_lanes products(wide_lanes a, wide_lanes b)
{
#if defined(__AVX512BW__)
    return (wide_lanes)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (wide_lanes)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (wide_lanes)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

/* The 64-bit products of each word and a factor: their lower halves, and in `high` their upper ones. */
static inline lanes multiplied(lanes words, uint32_t factor, lanes *high)
{
    const wide_lanes factors = (wide_lanes){0} + factor, upper = (wide_lanes){0} + (0xFFFFFFFFull << 32);
    const wide_lanes even = products((wide_lanes)words, factors);
    const wide_lanes odd = products((wide_lanes)words >> 32, factors);
    *high = (lanes)(even >> 32 | (odd & upper));
    return (lanes)((even & ~upper) | odd << 32);
}

/* Remembers whether one of the words so far was below a limit: begins as all ones. */
static inline lanes smallest(lanes so_far, lanes words)
{
#if defined(__AVX512BW__)
    return (lanes)_mm512_min_epu32((__m512i)so_far, (__m512i)words);
#elif defined(__AVX2__)
    return (lanes)_mm256_min_epu32((__m256i)so_far, (__m256i)words);
#else
    const lanes below = (lanes)(words < so_far);
    return (words & below) | (so_far & ~below);
#endif
}

/* A bit for each lane whose word is below the limit. */
static inline unsigned below(lanes words, uint32_t limit)
{
    const lanes found = (lanes)(words < limit);
#if defined(__AVX512BW__)
    return _mm512_movepi32_mask((__m512i)found);
#elif defined(__AVX2__)
    return (unsigned)_mm256_movemask_ps((__m256)found);
#elif defined(__SSE2__)
    return (unsigned)_mm_movemask_ps((__m128)found);
#else
    unsigned bits = 0;
    for (int lane = 0; lane < LANES; lane++)
        bits |= (found[lane] & 1) << lane;
    return bits;
#endif
}

#endif
