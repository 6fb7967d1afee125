/* Signed sums of counts within a sieved segment, all of its questions at once.
 *
 * A question (place, sign) adds sign * (survivors of the segment up to place). Questions come in any order. Of each
 * only the part within its cache line is counted right away; its whole lines before that are left to one pass over the
 * segment, which multiplies the count of each line by the sum of the signs of the questions beyond it. So there is no
 * branch that depends on where the questions lie. Per question about 5 cycles, per line 2.5, with AVX-512.
 */
#ifndef PERFPY_PRIMES_LEAVES_TALLY_H
#define PERFPY_PRIMES_LEAVES_TALLY_H

#include "count_wheel.h"
#include "leaves_vector.h"

enum { QUESTIONS = 512, UNROLL = SEGMENT_UNIT / LINE };

/* Filled by the caller: numbers from the segment's start, and a sign: 0 for +1, -1 for -1. */
struct questions {
    uint32_t place[QUESTIONS + 8];
    int32_t negative[QUESTIONS + 8];
    size_t count;
};

struct tally {
    const struct count_tables *tables;
    const uint8_t *bytes; /* the segment, aligned to a line */
    size_t lines;
    int32_t *signs;       /* of each line, the sum over questions in it; zero between uses */
    int32_t total;        /* the sum of all signs */
#ifdef __AVX512BW__
    __m512i partial;
#else
    int64_t partial;
#endif
};

struct tally_result {
    uint64_t sum;   /* over the questions */
    uint64_t count; /* survivors of the segment */
};

#ifdef __AVX512BW__

static inline void tally_begin(struct tally *tally)
{
    tally->total = 0;
    tally->partial = _mm512_setzero_si512();
}

static inline void tally_ask(struct tally *tally, const struct questions *questions)
{
    const struct count_tables *tables = tally->tables;
    __m512i partial = tally->partial;
    int32_t negatives = 0;
    for (size_t k = 0; k < questions->count; k++) {
        const uint32_t place = questions->place[k], byte = place / WHEEL, line = byte / LINE;
        const uint8_t *mask = tables->mask + tables->bits_upto[place % WHEEL] * MASK_STRIDE + LINE - 1 - byte % LINE;
        const int32_t negative = questions->negative[k];
        const __m512i bits = _mm512_and_si512(_mm512_load_si512(tally->bytes + (size_t)line * LINE),
                                              _mm512_loadu_si512(mask));
        /* -n is ~n + 1; the ones are added at the end */
        partial = _mm512_add_epi64(partial, _mm512_xor_si512(popcount8(bits), _mm512_set1_epi32(negative)));
        tally->signs[line] += negative | 1;
        negatives -= negative;
    }
    tally->partial = _mm512_add_epi64(partial, _mm512_set1_epi64(negatives));
    tally->total += (int32_t)questions->count - 2 * negatives;
}

static inline struct tally_result tally_end(struct tally *tally, int any)
{
    __m512i count = _mm512_setzero_si512(), sum = tally->partial;
    __m512i beyond = _mm512_set1_epi32(tally->total);
    for (size_t line = 0; line < tally->lines; line += UNROLL)
        for (size_t k = line; k < line + UNROLL; k++) {
            const __m512i here = popcount8(_mm512_load_si512(tally->bytes + k * LINE));
            count = _mm512_add_epi64(count, here);
            if (any) {
                beyond = _mm512_sub_epi32(beyond, _mm512_set1_epi32(tally->signs[k]));
                sum = _mm512_add_epi64(sum, _mm512_mul_epi32(here, beyond));
            }
        }
    if (any)
        memset(tally->signs, 0, tally->lines * sizeof *tally->signs);
    const struct tally_result result = {(uint64_t)_mm512_reduce_add_epi64(sum),
                                        (uint64_t)_mm512_reduce_add_epi64(count)};
    return result;
}

#else

static inline uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

#if defined(__x86_64__) && !defined(__POPCNT__)
/* Without an instruction that counts: the words are added up by bytes, which a line cannot overflow. */
static inline int64_t popcount_line(const uint8_t *line, const uint8_t *mask)
{
    const uint64_t twos = UINT64_C(0x5555555555555555), fours = UINT64_C(0x3333333333333333);
    const uint64_t bytes = UINT64_C(0x0f0f0f0f0f0f0f0f), pairs = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t sum = 0;
    for (int k = 0; k < LINE; k += 8) {
        uint64_t bits = word_at(line + k) & (mask ? word_at(mask + k) : ~UINT64_C(0));
        bits -= bits >> 1 & twos;
        bits = (bits & fours) + (bits >> 2 & fours);
        sum += (bits + (bits >> 4)) & bytes;
    }
    sum = (sum & pairs) + (sum >> 8 & pairs); /* up to 512 in all */
    return (int64_t)(sum * UINT64_C(0x0001000100010001) >> 48);
}
#else
static inline int64_t popcount_line(const uint8_t *line, const uint8_t *mask)
{
    int64_t count = 0;
    for (int k = 0; k < LINE; k += 8)
        count += __builtin_popcountll(word_at(line + k) & (mask ? word_at(mask + k) : ~UINT64_C(0)));
    return count;
}
#endif

static inline void tally_begin(struct tally *tally)
{
    tally->total = 0;
    tally->partial = 0;
}

static inline void tally_ask(struct tally *tally, const struct questions *questions)
{
    const struct count_tables *tables = tally->tables;
    for (size_t k = 0; k < questions->count; k++) {
        const uint32_t place = questions->place[k], byte = place / WHEEL, line = byte / LINE;
        const uint8_t *mask = tables->mask + tables->bits_upto[place % WHEEL] * MASK_STRIDE + LINE - 1 - byte % LINE;
        const int32_t sign = questions->negative[k] | 1;
        tally->partial += sign * popcount_line(tally->bytes + (size_t)line * LINE, mask);
        tally->signs[line] += sign;
        tally->total += sign;
    }
}

static inline struct tally_result tally_end(struct tally *tally, int any)
{
    int64_t sum = tally->partial, count = 0, beyond = tally->total;
    for (size_t line = 0; line < tally->lines; line++) {
        const int64_t here = popcount_line(tally->bytes + line * LINE, NULL);
        beyond -= tally->signs[line];
        count += here;
        sum += here * beyond;
    }
    if (any)
        memset(tally->signs, 0, tally->lines * sizeof *tally->signs);
    const struct tally_result result = {(uint64_t)sum, (uint64_t)count};
    return result;
}

#endif

#endif
