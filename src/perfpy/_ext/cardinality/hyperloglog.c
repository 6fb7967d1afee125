/* The registers of HyperLogLog, built once for each instruction set; `python` in perfpy/techniques/cardinality defines
 * the same.
 *
 * The upper bits of a hash choose a register, a byte, which keeps the highest rank of what was put there: the zeros
 * that the rest of the hash begins with, and one.
 *
 * Once there are some times as many keys as registers, few hashes can raise any: those above the smallest rank are
 * sifted out of a batch first, without a branch, and only they go to the registers.
 */
#include "registers.h"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

enum { CHUNK = 512 };

/* Writes those hashes whose rank is above `smallest`; returns how many. Such a rank means that the rest of the hash
 * begins with so many zeros. */
static ptrdiff_t sift(const struct registers *registers, const uint64_t *hashes, ptrdiff_t count, uint64_t *out)
{
    const uint64_t limit = UINT64_MAX >> registers->smallest;
    const int precision = registers->precision;
    ptrdiff_t kept = 0, i = 0;
#ifdef __AVX512F__
    const __m512i limits = _mm512_set1_epi64((long long)limit);
    const __m128i shift = _mm_cvtsi32_si128(precision);
    for (; i + 8 <= count; i += 8) {
        const __m512i hash = _mm512_loadu_si512(hashes + i);
        const __mmask8 above = _mm512_cmple_epu64_mask(_mm512_sll_epi64(hash, shift), limits);
        _mm512_storeu_si512(out + kept, _mm512_maskz_compress_epi64(above, hash)); /* at most to out + i + 8 */
        kept += __builtin_popcount(above);
    }
#endif
    for (; i < count; i++) {
        out[kept] = hashes[i];
        kept += hashes[i] << precision <= limit;
    }
    return kept;
}

static void raise_each(const struct registers *registers, const uint64_t *hashes, ptrdiff_t count)
{
    const int precision = registers->precision;
    const uint64_t end = 1ull << (precision - 1); /* where the zeros of the rest end at the latest */
    uint8_t *ranks = registers->content;
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint8_t rank = (uint8_t)(__builtin_clzll(hashes[i] << precision | end) + 1);
        uint8_t *mine = ranks + (hashes[i] >> (64 - precision));
        if (rank > *mine)
            *mine = rank;
    }
}

/* Looks for the smallest rank again, once in as many hashes as there are registers. */
static void search(struct registers *registers, ptrdiff_t count)
{
    const size_t size = (size_t)1 << registers->precision;
    registers->since_search += (size_t)count;
    if (registers->since_search < size)
        return;
    uint8_t smallest = UINT8_MAX;
    for (size_t i = 0; i < size; i++)
        smallest = registers->content[i] < smallest ? registers->content[i] : smallest;
    registers->smallest = smallest;
    registers->since_search = 0;
}

static void add(struct registers *registers, const uint64_t *hashes, ptrdiff_t count)
{
    uint64_t sifted[CHUNK];
    for (ptrdiff_t start = 0; start < count; start += CHUNK) {
        const ptrdiff_t part = count - start < CHUNK ? count - start : CHUNK;
        if (registers->smallest > 0)
            raise_each(registers, sifted, sift(registers, hashes + start, part, sifted));
        else
            raise_each(registers, hashes + start, part);
    }
    search(registers, count);
}

static void unite(struct registers *registers, const uint8_t *ranks)
{
    uint8_t *mine = registers->content;
    for (size_t i = 0; i < (size_t)1 << registers->precision; i++)
        mine[i] = ranks[i] > mine[i] ? ranks[i] : mine[i];
}

const struct registers_operations OPERATIONS_NAME = {8, add, unite};
