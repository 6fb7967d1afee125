/* large_sparse for 16 primes at a time; included by large.h. */
#ifndef PERFPY_PRIMES_LARGE_AVX512_H
#define PERFPY_PRIMES_LARGE_AVX512_H

#include <immintrin.h>

enum { SPARSE_GROUP = 256 }; /* primes between two visits to the buckets */

/* By half the remainder of (prime - 7) modulo 30, which tells its class: for each residue j the carry of a block's
 * multiple and its bit. */
struct sparse_tables {
    uint32_t carry[8][16], bit[8][16];
};

static void sparse_tables_init(struct sparse_tables *tables)
{
    memset(tables, 0, sizeof *tables);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) {
            const int half = (wheel_residues[i] - 7) / 2;
            tables->carry[j][half] = j == 7 ? 0 : (uint32_t)WHEEL_CARRY(i, j);
            tables->bit[j][half] = WHEEL_BIT(i, j);
        }
}

/* start % prime for 8 primes. The quotient is below 2**50, so in double precision it is off by at most one. */
static inline __m256i sparse_remainder(__m256i primes, __m512i start, __m512d start_double)
{
    const __m512i wide = _mm512_cvtepu32_epi64(primes);
    const __m512i quotient = _mm512_cvttpd_epi64(_mm512_div_pd(start_double, _mm512_cvtepu32_pd(primes)));
    __m512i rest = _mm512_sub_epi64(start, _mm512_mullo_epi64(quotient, wide));
    rest = _mm512_mask_add_epi64(rest, _mm512_movepi64_mask(rest), rest, wide);
    rest = _mm512_mask_sub_epi64(rest, _mm512_cmpge_epi64_mask(rest, wide), rest, wide);
    return _mm512_cvtepi64_epi32(rest);
}

/* (prime - 7) / 30 for 8 primes; a half more than the integer is far from where rounding could matter. */
static inline __m256i sparse_thirtieth(__m256i primes)
{
    const __m512d n = _mm512_sub_pd(_mm512_cvtepu32_pd(primes), _mm512_set1_pd(6.5));
    return _mm512_cvttpd_epu32(_mm512_mul_pd(n, _mm512_set1_pd(1.0 / 30)));
}

static inline __m512i sparse_join(__m256i low, __m256i high)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* Writes the hits of 16 primes to `out`, which has room for 128 and 16 more; returns their end. */
static inline uint32_t *sparse_hits(const struct sparse_tables *tables, __m512i primes, uint64_t first, uint32_t bytes,
                                    uint32_t *out)
{
    const __m256i low = _mm512_castsi512_si256(primes), high = _mm512_extracti64x4_epi64(primes, 1);
    const __m512i start = _mm512_set1_epi64((long long)first);
    const __m512d start_double = _mm512_set1_pd((double)first);
    const __m512i rest = sparse_join(sparse_remainder(low, start, start_double),
                                     sparse_remainder(high, start, start_double));
    const __m512i a = sparse_join(sparse_thirtieth(low), sparse_thirtieth(high));
    const __m512i residue = _mm512_sub_epi32(_mm512_sub_epi32(primes, _mm512_set1_epi32(7)),
                                             _mm512_mullo_epi32(a, _mm512_set1_epi32(30)));
    const __m512i half = _mm512_srli_epi32(residue, 1), limit = _mm512_set1_epi32((int)bytes);
    for (int j = 0; j < 8; j++) {
        const __m512i carry = _mm512_permutexvar_epi32(half, _mm512_loadu_si512(tables->carry[j]));
        const __m512i bit = _mm512_permutexvar_epi32(half, _mm512_loadu_si512(tables->bit[j]));
        const __m512i factor = _mm512_set1_epi32(j == 7 ? 1 : wheel_residues[j]);
        const __m512i offset = _mm512_add_epi32(_mm512_mullo_epi32(a, factor), carry);
        __m512i byte = _mm512_sub_epi32(offset, rest);
        byte = _mm512_mask_add_epi32(byte, _mm512_cmplt_epu32_mask(offset, rest), byte, primes);
        const __mmask16 inside = _mm512_cmplt_epu32_mask(byte, limit);
        const __m512i hit = _mm512_or_si512(_mm512_slli_epi32(byte, 3), bit);
        _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(inside, hit));
        out += __builtin_popcount(inside);
    }
    return out;
}

static void large_sparse_many(struct large *large, const uint32_t *primes, size_t count)
{
    struct sparse_tables tables;
    sparse_tables_init(&tables);
    uint32_t found[8 * SPARSE_GROUP + 16];
    const size_t whole = count / 16 * 16;
    for (size_t k = 0; k < whole;) {
        const size_t stop = whole - k < SPARSE_GROUP ? whole : k + SPARSE_GROUP;
        uint32_t *end = found;
        for (; k < stop; k += 16)
            end = sparse_hits(&tables, _mm512_loadu_si512(primes + k), large->first, large->bytes, end);
        for (const uint32_t *hit = found; hit < end; hit++)
            hits_add(large->hits, *hit);
    }
    large_sparse(large, primes + whole, count - whole);
}

#endif
