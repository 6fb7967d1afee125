/* Wheel bits to counts and to numbers.
 *
 * Counting is the usual sum within bytes, on vectors, about 0.1 cycles per byte. Listing takes eight bytes, 240
 * numbers, at a time, of which few are prime: with AVX-512 VBMI2 one instruction packs the offsets of the set bits to
 * the front and they are widened, added to the number of the first, and stored as whole vectors, whatever their
 * count; with AVX-512 alone the same by 16 bits at a time, else bit by bit in runs of four without a branch between.
 * All of these write up to 64 items beyond the last one found; near the end of the output a careful form takes over.
 */
#ifndef PERFPY_PRIMES_BITS_H
#define PERFPY_PRIMES_BITS_H

#include <stdbool.h>
#include <string.h>
#if defined(__AVX512BW__)
#include <immintrin.h>
#endif

#include "wheel.h"

typedef uint64_t words __attribute__((vector_size(64), aligned(8), may_alias));

enum { BITS_STEP = 64, BITS_SLACK = 64 }; /* bytes that sieves are padded to with zeros; items written too many */

/* Number of bits set; `length` is a multiple of BITS_STEP and `bytes` are aligned to 8. */
static uint64_t bits_count(const uint8_t *bytes, size_t length)
{
    const words ones = (words){0} + 0x0101010101010101;
    words sum = {0};
    for (size_t done = 0; done < length;) {
        /* A byte of `run` grows by at most 8, so 31 times without carry. */
        const size_t left = length - done, stop = done + (left < 31 * BITS_STEP ? left : 31 * BITS_STEP);
        words run = {0};
        for (; done < stop; done += BITS_STEP) {
            words w = *(const words *)(bytes + done);
            w -= (w >> 1) & (ones * 0x55);
            w = (w & (ones * 0x33)) + ((w >> 2) & (ones * 0x33));
            run += (w + (w >> 4)) & (ones * 0x0f);
        }
        const words pairs = (run & 0x00ff00ff00ff00ff) + ((run >> 8) & 0x00ff00ff00ff00ff);
        sum += (pairs * 0x0001000100010001) >> 48;
    }
    uint64_t total = 0;
    for (int k = 0; k < 8; k++)
        total += sum[k];
    return total;
}

/* Replaces each byte by the bits of those primes in it that start a twin, triplet or quadruplet; their members
 * are all in one byte, in places that the wheel fixes. */
static void bits_keep_tuplets(uint8_t *bytes, size_t length, int members)
{
    static const uint8_t starts[] = {[2] = 0x4a, /* 11 17 29 */ [3] = 0x0f, /* 7 11 13 17 */ [4] = 0x02 /* 11 */};
    const words keep = (words){0} + starts[members] * UINT64_C(0x0101010101010101);
    for (size_t k = 0; k < length; k += BITS_STEP) {
        const words w = *(const words *)(bytes + k);
        words both = w & w >> 1;
        if (members > 2)
            both &= w >> 2;
        if (members > 3)
            both &= w >> 3;
        *(words *)(bytes + k) = both & keep;
    }
}

/* Offsets of the numbers of eight bytes from 30 times the first byte's index; at most 241. */
struct bits_offsets {
    uint8_t of[64];
};

static struct bits_offsets bits_offsets(void)
{
    struct bits_offsets offsets;
    for (int k = 0; k < 64; k++)
        offsets.of[k] = (uint8_t)(k / 8 * 30 + wheel_residues[k % 8]);
    return offsets;
}

static inline uint64_t bits_load(const uint8_t *bytes)
{
    uint64_t word = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(&word, bytes, sizeof word);
#else
    for (int k = 0; k < 8; k++)
        word |= (uint64_t)bytes[k] << 8 * k;
#endif
    return word;
}

/* An output that is filled in order. */
struct bits_list {
    void *next, *end; /* of uint32_t or uint64_t */
    bool wide;
};

#define BITS_ITEM uint32_t
#define BITS_NAME(name) name##_32
#include "bits_list.h"
#undef BITS_ITEM
#undef BITS_NAME
#define BITS_WIDE
#define BITS_ITEM uint64_t
#define BITS_NAME(name) name##_64
#include "bits_list.h"
#undef BITS_ITEM
#undef BITS_NAME
#undef BITS_WIDE

/* Appends the numbers of the bits set, of which the first byte is `first`; `length` is a multiple of 8. Returns false
 * if the list is too short for them. */
static bool bits_append(struct bits_list *list, const uint8_t *bytes, size_t length, uint64_t first, bool compress)
{
    return list->wide ? bits_append_64(list, bytes, length, first, compress)
                      : bits_append_32(list, bytes, length, first, compress);
}

#endif
