/* The points that a seed stands for, one word of 32 bits each, and whether one is inside the circle.
 *
 * Point number i is output i % RUN of a xoshiro128++ generator whose state is the block i / RUN of Philox4x32-10 with
 * the seed as its key. So any point can be had after at most RUN steps, and runs have nothing to do with each other.
 *
 * The halves of the word are the cell of the point in a grid of 2**16 by 2**16 over the square around the circle, as
 * signed integers X and Y: it lies in [X, X + 1) by [Y, Y + 1), and the radius is 2**15. Cells that the circle crosses
 * do not say whether the point is inside. For these a further word, from Philox4x32-10 with the number of the point as
 * its counter, places the point in a grid of 2**16 by 2**16 over the cell.
 */
#ifndef PERFPY_PI_STREAM_H
#define PERFPY_PI_STREAM_H

#include <stdint.h>

enum { RUN = 1024 };
enum philox_use { FOR_RUN, FOR_POINT };

/* With a and b the distances of a cell from the axes, the squared distance from the centre is from a*a + b*b to
 * (a + 1)**2 + (b + 1)**2 in all of the cell, and so is X*X + Y*Y, which is that of one of its corners. So the two
 * differ by 2*(a + b + 1) at most. One is below 2**30 and the other is not: then a*a + b*b < 2**30, a + b is at most
 * sqrt(2)*2**15 < 46341, and each is within MARGIN of 2**30. */
#define MARGIN 92682u
/* What X*X + Y*Y is below if the whole cell is inside; from 2 * MARGIN above it on the whole cell is outside. */
#define SURELY ((1u << 30) - MARGIN)
#define DOUBTFUL (2 * MARGIN)

#define PHILOX_MULTIPLIER_0 0xD2511F53u
#define PHILOX_MULTIPLIER_1 0xCD9E8D57u
#define PHILOX_WEYL_0 0x9E3779B9u
#define PHILOX_WEYL_1 0xBB67AE85u
enum { PHILOX_ROUNDS = 10 };

/* Philox4x32-10 (Salmon et al., 2011) of the counter (low, high, 0, use). */
static inline void philox(uint64_t key, uint64_t counter, enum philox_use use, uint32_t out[4])
{
    uint32_t a = (uint32_t)counter, b = (uint32_t)(counter >> 32), c = 0, d = use;
    uint32_t key_0 = (uint32_t)key, key_1 = (uint32_t)(key >> 32);
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        const uint64_t left = (uint64_t)PHILOX_MULTIPLIER_0 * a, right = (uint64_t)PHILOX_MULTIPLIER_1 * c;
        a = (uint32_t)(right >> 32) ^ b ^ key_0;
        b = (uint32_t)right;
        c = (uint32_t)(left >> 32) ^ d ^ key_1;
        d = (uint32_t)left;
        key_0 += PHILOX_WEYL_0;
        key_1 += PHILOX_WEYL_1;
    }
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

/* How many cells an axis is away, where -1 is as near as 0. */
static inline uint64_t distance(uint32_t coordinate)
{
    return coordinate < 1u << 15 ? coordinate : 0xFFFFu - coordinate;
}

/* Whether the point is inside, exactly: the middle (x + 1/2, y + 1/2) of a cell of the finest grid is inside a circle of
 * radius 2**31 if x*x + x + y*y + y + 1/2 < 2**62, and the left side without the half is an integer below 2**63. */
static inline int is_inside(uint64_t seed, uint64_t number, uint32_t word)
{
    uint32_t fine[4];
    philox(seed, number, FOR_POINT, fine);
    const uint64_t x = distance(word & 0xFFFF) << 16 | (fine[0] & 0xFFFF);
    const uint64_t y = distance(word >> 16) << 16 | fine[0] >> 16;
    return x * (x + 1) + y * (y + 1) < 1ull << 62;
}

#endif
