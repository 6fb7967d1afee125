/* Hits of 16 primes at a time; included by large.h.
 *
 * For each residue the 16 first hits are computed together, then steps of the primes taken until none of them is left
 * in the span; those inside, and not multiples of 7, are packed and kept until enough have come together to be
 * put down by sub-block. Two nanoseconds a prime, most of them for the division, and little for a hit.
 */
#ifndef PERFPY_PRIMES_LARGE_AVX512_H
#define PERFPY_PRIMES_LARGE_AVX512_H

#include <immintrin.h>

enum { FOUND_MOST = 2048 }; /* hits kept, apart from 16 more */

/* By half the remainder of (prime - 7) modulo 30, which tells its class: for each residue j the carry of a block's
 * multiple and its bit. */
struct large_tables {
    uint32_t carry[8][16], bit[8][16];
};

struct found {
    struct large *large;
    struct large_tables tables;
    uint32_t *end;
    uint32_t hits[FOUND_MOST + 16];
};

static void found_init(struct found *found, struct large *large)
{
    found->large = large;
    found->end = found->hits;
    memset(&found->tables, 0, sizeof found->tables);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) {
            const int half = (wheel_residues[i] - 7) / 2;
            found->tables.carry[j][half] = j == 7 ? 0 : (uint32_t)WHEEL_CARRY(i, j);
            found->tables.bit[j][half] = WHEEL_BIT(i, j);
        }
}

static void found_put_down(struct found *found)
{
    struct hits *const hits = found->large->hits;
    for (const uint32_t *hit = found->hits; hit < found->end; hit++)
        hits_add(hits, *hit);
    found->end = found->hits;
}

/* The quotient and remainder of start by 8 primes: the remainder, and the quotient modulo 7. The quotient is below
 * 2**50, so in double precision it is off by at most one. */
static inline void divide_8(__m256i primes, __m512i start, __m512d start_double, __m256i *remainder, __m256i *by_seven)
{
    const __m512i wide = _mm512_cvtepu32_epi64(primes), seven = _mm512_set1_epi64(7);
    __m512i quotient = _mm512_cvttpd_epi64(_mm512_div_pd(start_double, _mm512_cvtepu32_pd(primes)));
    __m512i rest = _mm512_sub_epi64(start, _mm512_mullo_epi64(quotient, wide));
    const __mmask8 less = _mm512_movepi64_mask(rest);
    rest = _mm512_mask_add_epi64(rest, less, rest, wide);
    quotient = _mm512_mask_add_epi64(quotient, less, quotient, _mm512_set1_epi64(-1));
    const __mmask8 more = _mm512_cmpge_epi64_mask(rest, wide);
    rest = _mm512_mask_sub_epi64(rest, more, rest, wide);
    quotient = _mm512_mask_sub_epi64(quotient, more, quotient, _mm512_set1_epi64(-1));
    /* A half more than the integer is farther from the next than rounding reaches, for quotients below 2**50. */
    const __m512d half_more = _mm512_add_pd(_mm512_cvtepi64_pd(quotient), _mm512_set1_pd(0.5));
    const __m512i seventh = _mm512_cvttpd_epi64(_mm512_mul_pd(half_more, _mm512_set1_pd(1.0 / 7)));
    *remainder = _mm512_cvtepi64_epi32(rest);
    *by_seven = _mm512_cvtepi64_epi32(_mm512_sub_epi64(quotient, _mm512_mullo_epi64(seventh, seven)));
}

/* (prime - 7) / 30 for 8 primes; a half more than the integer is far from where rounding could matter. */
static inline __m256i thirtieth_8(__m256i primes)
{
    const __m512d n = _mm512_sub_pd(_mm512_cvtepu32_pd(primes), _mm512_set1_pd(6.5));
    return _mm512_cvttpd_epu32(_mm512_mul_pd(n, _mm512_set1_pd(1.0 / 30)));
}

static inline __m512i join(__m256i low, __m256i high)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* n modulo 7 for n < 14. */
static inline __m512i wrap_7(__m512i n)
{
    return _mm512_min_epu32(n, _mm512_sub_epi32(n, _mm512_set1_epi32(7)));
}

/* Adds the hits of 16 primes in ascending order that are all before the span. */
static inline void find_16(struct found *found, __m512i primes, bool once)
{
    const struct large *large = found->large;
    const __m256i low = _mm512_castsi512_si256(primes), high = _mm512_extracti64x4_epi64(primes, 1);
    const __m512i start = _mm512_set1_epi64((long long)large->first), seven = _mm512_set1_epi32(7);
    const __m512d start_double = _mm512_set1_pd((double)large->first);
    __m256i rest_low, rest_high, seven_low, seven_high;
    divide_8(low, start, start_double, &rest_low, &seven_low);
    divide_8(high, start, start_double, &rest_high, &seven_high);
    const __m512i rest = join(rest_low, rest_high), by_seven = join(seven_low, seven_high);
    const __m512i twice = wrap_7(_mm512_add_epi32(by_seven, by_seven)); /* 30 b modulo 7 is 2 b */
    const __m512i a = join(thirtieth_8(low), thirtieth_8(high));
    const __m512i residue =
        _mm512_sub_epi32(_mm512_sub_epi32(primes, seven), _mm512_mullo_epi32(a, _mm512_set1_epi32(30)));
    const __m512i half = _mm512_srli_epi32(residue, 1), limit = _mm512_set1_epi32((int)large->bytes);
    for (int j = 0; j < 8; j++) {
        const int cofactor = j == 7 ? 1 : wheel_residues[j];
        const __m512i carry = _mm512_permutexvar_epi32(half, _mm512_loadu_si512(found->tables.carry[j]));
        const __m512i bit = _mm512_permutexvar_epi32(half, _mm512_loadu_si512(found->tables.bit[j]));
        const __m512i offset = _mm512_add_epi32(_mm512_mullo_epi32(a, _mm512_set1_epi32(cofactor)), carry);
        const __mmask16 next_block = _mm512_cmplt_epu32_mask(offset, rest);
        __m512i byte = _mm512_sub_epi32(offset, rest);
        byte = _mm512_mask_add_epi32(byte, next_block, byte, primes);
        __m512i modulo = wrap_7(_mm512_add_epi32(twice, _mm512_set1_epi32(cofactor % 7)));
        modulo = _mm512_mask_mov_epi32(modulo, next_block, wrap_7(_mm512_add_epi32(modulo, _mm512_set1_epi32(2))));
        __mmask16 inside = _mm512_cmplt_epu32_mask(byte, limit);
        do {
            const __m512i hit = _mm512_or_si512(_mm512_slli_epi32(byte, 3), bit);
            const __mmask16 wanted = _mm512_mask_test_epi32_mask(inside, modulo, modulo);
            _mm512_storeu_si512(found->end, _mm512_maskz_compress_epi32(wanted, hit));
            found->end += __builtin_popcount(wanted);
            if (found->end >= found->hits + FOUND_MOST)
                found_put_down(found);
            byte = _mm512_add_epi32(byte, primes);
            modulo = wrap_7(_mm512_add_epi32(modulo, _mm512_set1_epi32(2)));
            inside = _mm512_cmplt_epu32_mask(byte, limit);
        } while (!once && inside);
    }
}

static void large_primes(struct large *large, const uint32_t *primes, size_t count)
{
    struct found found;
    found_init(&found, large);
    size_t k = 0;
    if (count && large->first > primes[count - 1])
        for (; k + 16 <= count; k += 16)
            find_16(&found, _mm512_loadu_si512(primes + k), primes[k] > large->bytes);
    found_put_down(&found);
    large_one_by_one(large, primes + k, count - k);
}

#endif
