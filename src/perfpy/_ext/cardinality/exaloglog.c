/* Built once for each instruction set.
 *
 * Most hashes change nothing once there are some times as many keys as registers. Of a batch those are sifted out
 * first, without a branch that nobody could foretell: by their zeros alone those far below all registers, then by their
 * registers. Only those that are left go to the registers one by one.
 */
#include "exaloglog.h"

#include <stdbool.h>

#include "registers.h"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

enum { CHUNK = 512, SEARCH_EVERY = 16 };

static void store(uint8_t *content, size_t index, uint32_t value)
{
    uint8_t *bytes = content + 7 * index / 2;
    const int shift = 4 * (index & 1);
    const uint32_t mask = (((uint32_t)1 << EXALOGLOG_BITS) - 1) << shift;
    uint32_t word = (exaloglog_load_word(bytes) & ~mask) | value << shift;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    memcpy(bytes, &word, sizeof word);
}

static inline size_t index_of(uint64_t hash, int precision)
{
    return (size_t)(hash >> 2 & (((uint64_t)1 << precision) - 1));
}

static inline uint32_t value_of(uint64_t hash, int precision)
{
    const uint64_t end = ((uint64_t)1 << (precision + 2)) - 1; /* where the zeros end at the latest */
    return 4 * (uint32_t)__builtin_clzll(hash | end) + (uint32_t)(hash & 3) + 1;
}

/* Of a window whose highest value is at bit 63, all that is below it, which counts as known. */
#define BELOW_WINDOW (~(uint64_t)0 >> (EXALOGLOG_WINDOW + 1))

/* Whether a value below the highest is in the window already, or below the window. */
static inline bool is_known(uint32_t window, uint32_t below)
{
    const uint64_t known = (uint64_t)(window | EXALOGLOG_TOP) << (63 - EXALOGLOG_WINDOW) | BELOW_WINDOW;
    return known << (below < 63 ? below : 63) >> 63;
}

/* Writes those hashes that begin with at least so many zeros; returns how many. */
static ptrdiff_t sift_by_zeros(const uint64_t *hashes, ptrdiff_t count, int zeros, uint64_t *out)
{
    const uint64_t limit = UINT64_MAX >> zeros;
    ptrdiff_t kept = 0, i = 0;
#ifdef __AVX512F__
    const __m512i limits = _mm512_set1_epi64((long long)limit);
    for (; i + 8 <= count; i += 8) {
        const __m512i hash = _mm512_loadu_si512(hashes + i);
        const __mmask8 enough = _mm512_cmple_epu64_mask(hash, limits);
        _mm512_storeu_si512(out + kept, _mm512_maskz_compress_epi64(enough, hash)); /* at most to out + i + 8 */
        kept += __builtin_popcount(enough);
    }
#endif
    for (; i < count; i++) {
        const uint64_t hash = hashes[i]; /* `out` may be where the hashes are */
        out[kept] = hash;
        kept += hash <= limit;
    }
    return kept;
}

#ifdef __AVX512F__
/* Which of eight hashes would change their registers. */
static inline __mmask8 would_change(const struct registers *registers, __m512i hash)
{
    const __m512i one = _mm512_set1_epi64(1), three = _mm512_set1_epi64(3);
    const __m512i last = _mm512_set1_epi64(((long long)1 << registers->precision) - 1);
    const __m512i index = _mm512_and_si512(_mm512_srli_epi64(hash, 2), last);
    const __m512i sevenfold = _mm512_sub_epi64(_mm512_slli_epi64(index, 3), index);
    const __m256i words = _mm512_i64gather_epi32(_mm512_srli_epi64(sevenfold, 1), registers->content, 1);
    const __m512i shift = _mm512_slli_epi64(_mm512_and_si512(index, one), 2);
    const __m512i mine = _mm512_srlv_epi64(_mm512_cvtepu32_epi64(words), shift); /* and four bits more or less */
    const __m512i highest = _mm512_and_si512(_mm512_srli_epi64(mine, EXALOGLOG_WINDOW), _mm512_set1_epi64(255));

    const __m512i end = _mm512_or_si512(_mm512_slli_epi64(last, 2), three);
    const __m512i zeros = _mm512_lzcnt_epi64(_mm512_or_si512(hash, end));
    const __m512i quadruple = _mm512_or_si512(_mm512_slli_epi64(zeros, 2), _mm512_and_si512(hash, three));
    const __m512i value = _mm512_add_epi64(quadruple, one);

    /* As in is_known(); where the value is above the highest the shift is out of range, and nothing is known. */
    const __m512i below = _mm512_min_epi64(_mm512_sub_epi64(highest, value), _mm512_set1_epi64(63));
    const __m512i window = _mm512_or_si512(_mm512_slli_epi64(mine, 63 - EXALOGLOG_WINDOW),
                                           _mm512_set1_epi64((long long)(BELOW_WINDOW | (uint64_t)1 << 63)));
    return (__mmask8)~_mm512_movepi64_mask(_mm512_sllv_epi64(window, below));
}
#endif

/* Writes those hashes that would change their registers as these are now. */
static ptrdiff_t sift_by_registers(const struct registers *registers, const uint64_t *hashes, ptrdiff_t count,
                                   uint64_t *out)
{
    ptrdiff_t kept = 0, i = 0;
#ifdef __AVX512F__
    for (; i + 8 <= count; i += 8) {
        const __m512i hash = _mm512_loadu_si512(hashes + i);
        const __mmask8 changing = would_change(registers, hash);
        _mm512_storeu_si512(out + kept, _mm512_maskz_compress_epi64(changing, hash));
        kept += __builtin_popcount(changing);
    }
#endif
    for (; i < count; i++) {
        const uint64_t hash = hashes[i];
        const uint32_t mine = exaloglog_load(registers->content, index_of(hash, registers->precision));
        const uint32_t highest = mine >> EXALOGLOG_WINDOW, value = value_of(hash, registers->precision);
        out[kept] = hash;
        kept += (value > highest) | !is_known(mine & EXALOGLOG_WINDOW_MASK, highest - value);
    }
    return kept;
}

/* The window of a register whose highest value lies so far below a new highest one: its old highest one is in it. */
static inline uint32_t lowered(uint32_t mine, uint32_t by)
{
    const uint32_t window = (mine & EXALOGLOG_WINDOW_MASK) | EXALOGLOG_TOP;
    return by <= EXALOGLOG_WINDOW ? window >> by & EXALOGLOG_WINDOW_MASK : 0;
}

static void put_each(const struct registers *registers, const uint64_t *hashes, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const size_t index = index_of(hashes[i], registers->precision);
        const uint32_t mine = exaloglog_load(registers->content, index);
        const uint32_t highest = mine >> EXALOGLOG_WINDOW, value = value_of(hashes[i], registers->precision);
        if (value > highest)
            store(registers->content, index, value << EXALOGLOG_WINDOW | lowered(mine, value - highest));
        else if (highest - value <= EXALOGLOG_WINDOW)
            store(registers->content, index,
                  mine | (EXALOGLOG_TOP >> (highest - value) & EXALOGLOG_WINDOW_MASK));
    }
}

/* Looks for the smallest of the highest values again, once in some times as many hashes as there are registers. */
static void search(struct registers *registers, ptrdiff_t count)
{
    const size_t size = (size_t)1 << registers->precision;
    registers->since_search += (size_t)count;
    if (registers->since_search < SEARCH_EVERY * size)
        return;
    uint32_t smallest = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        const uint32_t mine = exaloglog_load(registers->content, i);
        smallest = mine < smallest ? mine : smallest;
    }
    registers->smallest = (int)(smallest >> EXALOGLOG_WINDOW);
    registers->since_search = 0;
}

static void add(struct registers *registers, const uint64_t *hashes, ptrdiff_t count)
{
    uint64_t sifted[CHUNK];
    for (ptrdiff_t start = 0; start < count; start += CHUNK) {
        const uint64_t *chunk = hashes + start;
        ptrdiff_t left = count - start < CHUNK ? count - start : CHUNK;
        const int lowest = registers->smallest - EXALOGLOG_WINDOW; /* value that can change anything */
        if (lowest > 4) { /* else no zeros are asked for */
            left = sift_by_zeros(chunk, left, (lowest - 1) / 4, sifted);
            chunk = sifted;
        }
        left = sift_by_registers(registers, chunk, left, sifted);
        put_each(registers, sifted, left);
    }
    search(registers, count);
}

static void unite(struct registers *registers, const uint8_t *content)
{
    for (size_t i = 0; i < (size_t)1 << registers->precision; i++) {
        const uint32_t mine = exaloglog_load(registers->content, i), theirs = exaloglog_load(content, i);
        const uint32_t my_highest = mine >> EXALOGLOG_WINDOW, their_highest = theirs >> EXALOGLOG_WINDOW;
        const uint32_t highest = my_highest > their_highest ? my_highest : their_highest;
        store(registers->content, i,
              highest << EXALOGLOG_WINDOW | lowered(mine, highest - my_highest) |
                  lowered(theirs, highest - their_highest));
    }
}

const struct registers_operations OPERATIONS_NAME = {EXALOGLOG_BITS, add, unite};
