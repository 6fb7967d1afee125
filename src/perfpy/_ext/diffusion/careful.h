/* How to step through numbers so small that the processor is slow with them.
 *
 * On x86 a multiplication with a subnormal operand or result, and a subtraction of normal numbers with a subnormal
 * result, is done by microcode: a vector with one such lane takes 90 cycles, others 1. A field that decays to zero has
 * a belt of such cells around all that is warm; if it is smooth a wide one, as differences of its cells are small too.
 * Flushing them to zero would change results. But all numbers are converted fast between float and double, and an
 * operation comes out the same if it is done in double and then rounded to float:
 *
 * - A product of two floats has 48 bits, and an exponent that doubles have: it is exact, and rounded once.
 * - A difference of two floats is rounded twice, to 53 bits and to 24. That is the same as once, as 53 >= 2*24 + 2; and
 *   where it is subnormal it is a multiple of 2**-149 that is exact in both types.
 *
 * To ask of each vector whether it needs that takes longer than ordinary fields may. So there are two kernels, which
 * compute the same: a fast one that does not ask and a careful one that does. Which of them is at work matters for the
 * speed only. The fast one makes way when the processor's flag for underflow says that a product was subnormal, and not
 * exact, and the careful one when it has met nothing small.
 */
#ifndef PERFPY_DIFFUSION_CAREFUL_H
#define PERFPY_DIFFUSION_CAREFUL_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef float singles __attribute__((vector_size(VECTOR_BYTES)));
typedef double doubles __attribute__((vector_size(VECTOR_BYTES)));

struct caution {
    bool careful; /* which kernel is to be used */
    bool met;     /* the careful kernel has met something small */
    bool raised;  /* the processor's flag was set, and cleared to see whether it would be set again */
};

/* For types that have no careful kernel. */
#define NEVER_CAREFUL(vector, real)                                                    \
    enum { CAREFUL_##real = false };                                                   \
                                                                                       \
    INLINE bool any_small_##real(vector sums)                                          \
    {                                                                                  \
        (void)sums;                                                                    \
        return false;                                                                  \
    }                                                                                  \
                                                                                       \
    INLINE vector careful_flow_##real(vector weight, vector sum, vector same)          \
    {                                                                                  \
        return weight * (sum - same);                                                  \
    }

/* There is no wider type to go to, and subnormal numbers are rare, below 1e-307. */
NEVER_CAREFUL(doubles, double)

#if defined(__x86_64__)
enum { CAREFUL_float = true };

typedef uint32_t bits __attribute__((vector_size(VECTOR_BYTES)));

#if defined(__AVX512F__)
INLINE bool any_less(bits a, bits b)
{
    return _mm512_cmplt_epu32_mask((__m512i)a, (__m512i)b) != 0;
}

INLINE doubles low_half(singles v)
{
    return (doubles)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v));
}

INLINE doubles high_half(singles v)
{
    return (doubles)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)v, 1));
}

INLINE singles rounded(doubles low, doubles high)
{
    const __m512 half = _mm512_castps256_ps512(_mm512_cvtpd_ps((__m512d)low));
    return (singles)_mm512_insertf32x8(half, _mm512_cvtpd_ps((__m512d)high), 1);
}
#elif defined(__AVX2__)
INLINE bool any_less(bits a, bits b)
{
    return _mm256_movemask_epi8((__m256i)(a < b)) != 0;
}

INLINE doubles low_half(singles v)
{
    return (doubles)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v));
}

INLINE doubles high_half(singles v)
{
    return (doubles)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1));
}

INLINE singles rounded(doubles low, doubles high)
{
    return (singles)_mm256_set_m128(_mm256_cvtpd_ps((__m256d)high), _mm256_cvtpd_ps((__m256d)low));
}
#else
INLINE bool any_less(bits a, bits b)
{
    return _mm_movemask_epi8((__m128i)(a < b)) != 0;
}

INLINE doubles low_half(singles v)
{
    return (doubles)_mm_cvtps_pd((__m128)v);
}

INLINE doubles high_half(singles v)
{
    return (doubles)_mm_cvtps_pd(_mm_movehl_ps((__m128)v, (__m128)v));
}

INLINE singles rounded(doubles low, doubles high)
{
    return (singles)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low), _mm_cvtpd_ps((__m128d)high));
}
#endif

/* Whether there is a sum of neighbours from 2**-149 to 2**-96, of either sign. Products of cells as small may be
 * subnormal, and so may differences of cells that are up to 2**24 times as large as those. */
INLINE bool any_small_float(singles sums)
{
    /* Twice the bits are those without the sign; less 1, so that 0 is the largest of all. */
    const bits limit = (bits)((singles){0} + 0x1p-96f), twice = (bits)sums + (bits)sums;
    return any_less(twice - 1, limit + limit);
}

/* The weight times what flows to cells from those beside them: their sum less as many times the cells themselves. */
INLINE singles careful_flow_float(singles weight, singles sum, singles same)
{
    const singles difference = rounded(low_half(sum) - low_half(same), high_half(sum) - high_half(same));
    return rounded(low_half(weight) * low_half(difference), high_half(weight) * high_half(difference));
}
#else
NEVER_CAREFUL(singles, float)
#endif

/* After some rows: chooses the kernel for the next ones. */
INLINE void look_back(struct caution *caution)
{
#if defined(__x86_64__)
    const unsigned state = _mm_getcsr();
    const bool underflow = state & _MM_EXCEPT_UNDERFLOW;
    if (underflow)
        _mm_setcsr(state & ~(unsigned)_MM_EXCEPT_UNDERFLOW);
    caution->careful = caution->careful ? caution->met : underflow;
    caution->met = false;
    caution->raised |= underflow;
#else
    (void)caution;
#endif
}

/* At the end: leaves the processor's flag as it would be had nobody cleared it. */
INLINE void restore_flag(const struct caution *caution)
{
#if defined(__x86_64__)
    if (caution->raised)
        _mm_setcsr(_mm_getcsr() | _MM_EXCEPT_UNDERFLOW);
#else
    (void)caution;
#endif
}

#endif
