/* Bits of a 512-bit vector counted, with the instruction where the build has it. */
#ifndef PERFPY_PRIMES_LEAVES_VECTOR_H
#define PERFPY_PRIMES_LEAVES_VECTOR_H

#ifdef __AVX512BW__
#include <immintrin.h>

/* In each of 8 lanes. */
static inline __m512i popcount8(__m512i bits)
{
#ifdef __AVX512VPOPCNTDQ__
    return _mm512_popcnt_epi64(bits);
#else
    const __m512i nibble = _mm512_set1_epi8(15);
    const __m512i counts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i low = _mm512_shuffle_epi8(counts, _mm512_and_si512(bits, nibble));
    const __m512i high = _mm512_shuffle_epi8(counts, _mm512_and_si512(_mm512_srli_epi16(bits, 4), nibble));
    return _mm512_sad_epu8(_mm512_add_epi8(low, high), _mm512_setzero_si512());
#endif
}
#endif

#endif
