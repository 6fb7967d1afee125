/* The wheel of 30 on which numbers are sieved for counting: one byte describes 30 numbers.
 *
 * Only 8 of 30 consecutive numbers have no factor 2, 3 or 5. Bit j of byte k stands for 30 k + residue[j].
 *
 * To cross off the multiples of a prime p = 30 a + r_i, write its cofactors as q = 30 b + r_j. Then
 *     p q = 30 (p b + a r_j + r_i r_j div 30) + r_i r_j mod 30,
 * so the multiples by the 8 cofactors of one b form a block of p bytes in which the places depend on p and the bits
 * on i and j alone. With i a constant of the compiler one crossing is one `and` of a byte in memory with an
 * immediate. Blocks are crossed whole: the last one may write up to p bytes past the limit.
 */
#ifndef PERFPY_PRIMES_COUNT_WHEEL_H
#define PERFPY_PRIMES_COUNT_WHEEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    WHEEL = 30,
    PRESIEVED = 8,         /* the primes up to 19 never have to be crossed */
    PRESIEVED_LARGEST = 19,
    LOW_PERIOD = 1001,     /* bytes after which the multiples of 7, 11 and 13 repeat */
    HIGH_PERIOD = 323,     /* the same for 17 and 19 */
    LOW_PATTERN = 4 * LOW_PERIOD,
    HIGH_PATTERN = 12 * HIGH_PERIOD,
    PRIMORIAL = 30030,     /* 2 * 3 * 5 * 7 * 11 * 13 */
    TOTIENT = 5760,        /* numbers below it without any of these factors */
    LINE = 64,             /* bytes of a cache line, the unit in which counts are kept */
    SEGMENT_UNIT = 4 * LINE, /* segments are multiples of this, for loops to be unrolled */
    MASK_STRIDE = 2 * LINE,
};

/* Tables that depend on nothing. */
struct count_tables {
    uint8_t low[LOW_PATTERN];            /* the wheel without the multiples of 7, 11 and 13, four times */
    uint8_t high[HIGH_PATTERN];          /* without those of 17 and 19, twelve times */
    uint16_t phi[PRIMORIAL];             /* how many of 1 ... r are coprime to 30030 */
    uint8_t bits_upto[WHEEL];            /* how many bits of a byte stand for numbers <= r */
    uint8_t mask[9 * MASK_STRIDE];       /* mask[n]: 63 bytes of ones, one of n ones, zeros */
    uint16_t odd_bits[256];              /* a byte of the wheel as 15 bits of odd numbers */
};

static const uint8_t wheel_residue[8] = {1, 7, 11, 13, 17, 19, 23, 29};

/* The bit of a residue coprime to 30. */
static const uint8_t wheel_bit[WHEEL] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 3, 0,
                                         0, 0, 4, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 7};

#define WHEEL_OFFSET(i, j) (a * wheel_residue[j] + (size_t)(wheel_residue[i] * wheel_residue[j] / WHEEL))
#define WHEEL_KEEP(i, j) ((uint8_t) ~(1u << wheel_bit[wheel_residue[i] * wheel_residue[j] % WHEEL]))

/* Crosses off blocks of p, of residue class i, from byte `at` on while a block begins below `limit`. Returns where
 * the first block begins that was not crossed. */
static inline __attribute__((always_inline)) ptrdiff_t wheel_cross_class(uint8_t *bytes, ptrdiff_t at,
                                                                         ptrdiff_t limit, size_t p, int i)
{
    if (at >= limit)
        return at;
    const size_t a = p / WHEEL;
    const size_t place[8] = {WHEEL_OFFSET(i, 0), WHEEL_OFFSET(i, 1), WHEEL_OFFSET(i, 2), WHEEL_OFFSET(i, 3),
                             WHEEL_OFFSET(i, 4), WHEEL_OFFSET(i, 5), WHEEL_OFFSET(i, 6), WHEEL_OFFSET(i, 7)};
    do {
        uint8_t *block = bytes + at;
        block[place[0]] &= WHEEL_KEEP(i, 0);
        block[place[1]] &= WHEEL_KEEP(i, 1);
        block[place[2]] &= WHEEL_KEEP(i, 2);
        block[place[3]] &= WHEEL_KEEP(i, 3);
        block[place[4]] &= WHEEL_KEEP(i, 4);
        block[place[5]] &= WHEEL_KEEP(i, 5);
        block[place[6]] &= WHEEL_KEEP(i, 6);
        block[place[7]] &= WHEEL_KEEP(i, 7);
        at += (ptrdiff_t)p;
    } while (at < limit);
    return at;
}

static inline ptrdiff_t wheel_cross(uint8_t *bytes, ptrdiff_t at, ptrdiff_t limit, uint32_t p)
{
    switch (wheel_bit[p % WHEEL]) {
    case 0:
        return wheel_cross_class(bytes, at, limit, p, 0);
    case 1:
        return wheel_cross_class(bytes, at, limit, p, 1);
    case 2:
        return wheel_cross_class(bytes, at, limit, p, 2);
    case 3:
        return wheel_cross_class(bytes, at, limit, p, 3);
    case 4:
        return wheel_cross_class(bytes, at, limit, p, 4);
    case 5:
        return wheel_cross_class(bytes, at, limit, p, 5);
    case 6:
        return wheel_cross_class(bytes, at, limit, p, 6);
    default:
        return wheel_cross_class(bytes, at, limit, p, 7);
    }
}

/* Writes the bytes first, ..., first + size - 1 of the wheel without the multiples of the presieved primes. */
static inline void wheel_fill(const struct count_tables *tables, uint8_t *bytes, size_t size, uint64_t first)
{
    size_t low = first % LOW_PATTERN, high = first % HIGH_PATTERN;
    for (size_t done = 0; done < size;) {
        size_t run = size - done;
        run = run < LOW_PATTERN - low ? run : LOW_PATTERN - low;
        run = run < HIGH_PATTERN - high ? run : HIGH_PATTERN - high;
        for (size_t k = 0; k < run; k++)
            bytes[done + k] = tables->low[low + k] & tables->high[high + k];
        done += run;
        low = low + run == LOW_PATTERN ? 0 : low + run;
        high = high + run == HIGH_PATTERN ? 0 : high + run;
    }
}

void perfpy_count_tables_fill(struct count_tables *tables);

#endif
