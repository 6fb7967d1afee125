/* A thin layer over GCC vector extensions: one kernel source for SSE2, NEON, AVX2 and AVX-512.
 *
 * Arithmetic is written with the operators of the language, which the compiler lowers to whatever it was told to
 * use. What the operators cannot say is here: masks, counting, compaction, square roots.
 *
 * Two kinds of arithmetic are kept apart. Orbits must round as the reference does: products and sums are written
 * out and never contracted (-ffp-contract=off). Bounds may round as they like, since their proofs leave room for
 * it: they use fused() where the hardware has it.
 */
#ifndef PERFPY_JULIA_VECTOR_H
#define PERFPY_JULIA_VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define VECTOR_AVX512
#include <immintrin.h>
enum { LANES = 8 };
#elif defined(__AVX2__) && defined(__FMA__)
#define VECTOR_AVX2
#include <immintrin.h>
enum { LANES = 4 };
#else
enum { LANES = 2 };
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#endif

enum { ALL_LANES = (1 << LANES) - 1 };

typedef double vdouble __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t vint64 __attribute__((vector_size(LANES * sizeof(int64_t))));

#define INLINE static inline __attribute__((always_inline))

INLINE vdouble broadcast(double value)
{
    return (vdouble){0} + value;
}

INLINE vdouble load(const double *from)
{
    vdouble v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store(double *to, vdouble v)
{
    memcpy(to, &v, sizeof v);
}

INLINE void copy_ints(int32_t *to, const int32_t *from)
{
    memmove(to, from, LANES * sizeof *to);
}

/* 2 * a + b rounded once: a + a is exact, so this equals (a + a) + b with or without a fused operation. */
INLINE vdouble twice_plus(vdouble a, vdouble b)
{
#if defined(VECTOR_AVX512)
    return (vdouble)_mm512_fmadd_pd((__m512d)a, _mm512_set1_pd(2.0), (__m512d)b);
#elif defined(VECTOR_AVX2)
    return (vdouble)_mm256_fmadd_pd((__m256d)a, _mm256_set1_pd(2.0), (__m256d)b);
#else
    return (a + a) + b;
#endif
}

/* a * b + c with one rounding or two: for bounds only. */
INLINE vdouble fused(vdouble a, vdouble b, vdouble c)
{
#if defined(VECTOR_AVX512)
    return (vdouble)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(VECTOR_AVX2)
    return (vdouble)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
    return a * b + c;
#endif
}

/* Square roots of numbers from 0 to 1e38, off by less than 2^-22 of their value plus 1e-19. Single precision is
 * enough for bounds and several times cheaper: rounding the argument and the root changes the root by factors
 * within 1 +- 2^-25 and 1 +- 2^-24 where the argument is a normal float, that is above 1.2e-38, whose root is
 * 1.1e-19. */
INLINE vdouble rough_root(vdouble v)
{
#if defined(VECTOR_AVX512)
    return (vdouble)_mm512_cvtps_pd(_mm256_sqrt_ps(_mm512_cvtpd_ps((__m512d)v)));
#elif defined(VECTOR_AVX2)
    return (vdouble)_mm256_cvtps_pd(_mm_sqrt_ps(_mm256_cvtpd_ps((__m256d)v)));
#elif defined(__SSE2__)
    return (vdouble)_mm_sqrt_pd((__m128d)v);
#elif defined(__aarch64__)
    return (vdouble)vsqrtq_f64((float64x2_t)v);
#else
    for (int lane = 0; lane < LANES; lane++)
        v[lane] = __builtin_sqrt(v[lane]);
    return v;
#endif
}

/* Masks: a set of lanes, in the form that the instruction set computes with. The operators &, | and ~ work on
 * both forms; bits outside the lanes are to be ignored. */
#if defined(VECTOR_AVX512)
typedef unsigned vmask;
#else
typedef vint64 vmask;
#endif

INLINE vmask all_lanes(void)
{
#if defined(VECTOR_AVX512)
    return ALL_LANES;
#else
    return ~(vint64){0};
#endif
}

/* The lanes where a < b; false where either is NaN. */
INLINE vmask below(vdouble a, vdouble b)
{
#if defined(VECTOR_AVX512)
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_LT_OQ);
#else
    return a < b;
#endif
}

/* A mask as an integer, bit i for lane i. */
INLINE unsigned lane_bits(vmask mask)
{
#if defined(VECTOR_AVX512)
    return mask & ALL_LANES;
#elif defined(VECTOR_AVX2)
    return (unsigned)_mm256_movemask_pd((__m256d)mask);
#elif defined(__SSE2__)
    return (unsigned)_mm_movemask_pd((__m128d)mask);
#else
    unsigned bits = 0;
    for (int lane = 0; lane < LANES; lane++)
        bits |= (unsigned)(mask[lane] & 1) << lane;
    return bits;
#endif
}

/* `count` plus one in the lanes of `mask`. */
INLINE vint64 count_lanes(vint64 count, vmask mask)
{
#if defined(VECTOR_AVX512)
    return (vint64)_mm512_mask_add_epi64((__m512i)count, (__mmask8)mask, (__m512i)count, _mm512_set1_epi64(1));
#else
    return count - mask; /* true is -1 */
#endif
}

/* `yes` in the lanes of `mask`, `no` in the others. */
INLINE vdouble choose(vmask mask, vdouble yes, vdouble no)
{
#if defined(VECTOR_AVX512)
    return (vdouble)_mm512_mask_mov_pd((__m512d)no, (__mmask8)mask, (__m512d)yes);
#elif defined(VECTOR_AVX2)
    return (vdouble)_mm256_blendv_pd((__m256d)no, (__m256d)yes, (__m256d)mask);
#else
    return (vdouble)(((vint64)yes & mask) | ((vint64)no & ~mask));
#endif
}

/* Compaction: the lanes of `bits` moved together at `to`. Always writes LANES elements, those past the number of
 * bits being meaningless, so `to` needs that much room. */
#if defined(VECTOR_AVX512)

INLINE void compact(double *to, vdouble v, unsigned bits)
{
    _mm512_storeu_pd(to, _mm512_maskz_compress_pd((__mmask8)bits, (__m512d)v));
}

INLINE void compact_ints(int32_t *to, const int32_t *from, unsigned bits)
{
    const __m256i v = _mm256_loadu_si256((const __m256i *)from);
    _mm256_storeu_si256((__m256i *)to, _mm256_maskz_compress_epi32((__mmask8)bits, v));
}

#elif defined(VECTOR_AVX2)

/* Row b: the lanes of the set b in order, then zeros. */
static const uint8_t compact_order[16][4] = {
    {0}, {0}, {1}, {0, 1}, {2}, {0, 2}, {1, 2}, {0, 1, 2}, {3}, {0, 3}, {1, 3}, {0, 1, 3}, {2, 3}, {0, 2, 3}, {1, 2, 3},
    {0, 1, 2, 3}};

INLINE __m128i compact_lanes(unsigned bits)
{
    int32_t row;
    memcpy(&row, compact_order[bits], sizeof row);
    return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(row));
}

INLINE void compact(double *to, vdouble v, unsigned bits)
{
    /* There is no permutation of doubles by a variable: move pairs of 32-bit halves 2i and 2i + 1. */
    const __m256i lanes = _mm256_cvtepu32_epi64(compact_lanes(bits));
    const __m256i even = _mm256_add_epi64(lanes, lanes);
    const __m256i halves = _mm256_or_si256(even, _mm256_slli_epi64(_mm256_or_si256(even, _mm256_set1_epi64x(1)), 32));
    _mm256_storeu_pd(to, (__m256d)_mm256_permutevar8x32_epi32((__m256i)v, halves));
}

INLINE void compact_ints(int32_t *to, const int32_t *from, unsigned bits)
{
    const __m128 v = _mm_loadu_ps((const float *)from);
    _mm_storeu_ps((float *)to, _mm_permutevar_ps(v, compact_lanes(bits)));
}

#else

INLINE void compact(double *to, vdouble v, unsigned bits)
{
    for (int lane = 0; lane < LANES; lane++) {
        *to = v[lane];
        to += bits >> lane & 1;
    }
}

INLINE void compact_ints(int32_t *to, const int32_t *from, unsigned bits)
{
    int32_t v[LANES];
    memcpy(v, from, sizeof v);
    for (int lane = 0; lane < LANES; lane++) {
        *to = v[lane];
        to += bits >> lane & 1;
    }
}

#endif

#endif
