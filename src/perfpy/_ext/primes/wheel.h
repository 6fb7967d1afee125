/* The wheel modulo 30: how numbers lie in bits, and how the multiples of a prime are crossed off.
 *
 * A prime above 5 leaves one of 8 remainders when divided by 30, so one byte describes 30 numbers: bit j of byte k
 * stands for 30 k + wheel_residues[j]. The residues run from 7 to 31, not from 1 to 29, so that every prime twin,
 * triplet and quadruplet above 5 lies inside one byte, and so that no cofactor is 1: crossing off never hits a prime.
 *
 * The multiples of p = 30 a + r (r a residue) by the 8 cofactors 30 b + s (s the residues), a *block*, are
 *     p (30 b + s) = 30 (p b + a s + (r s - 7) / 30) + a residue,
 * so their bits depend on r alone, their distances on p alone, and the next block is p bytes further. With the class
 * of p known to the compiler the masks are immediate operands, the distances stay in registers, and crossing one
 * multiple off is a single instruction of about one cycle. A block is never cut: what it crosses off beyond the limit
 * is needed there soon. That leaves no position on the wheel to be kept, and no jump but the loop's.
 */
#ifndef PERFPY_PRIMES_WHEEL_H
#define PERFPY_PRIMES_WHEEL_H

#include <stddef.h>
#include <stdint.h>

static const uint8_t wheel_residues[8] = {7, 11, 13, 17, 19, 23, 29, 31};

/* From (n - 7) % 30 to the bit of n, for n prime to 30. */
static const uint8_t wheel_bits[30] = {[0] = 0, [4] = 1, [6] = 2, [10] = 3, [12] = 4, [16] = 5, [22] = 6, [24] = 7};

/* The byte of 2**64 - 1, the last there is. */
#define WHEEL_LAST_BYTE ((UINT64_MAX - 7) / 30)

static inline uint64_t wheel_byte(uint64_t n) /* n >= 7 */
{
    return (n - 7) / 30;
}

static inline int wheel_class(uint32_t prime)
{
    return wheel_bits[(prime - 7) % 30];
}

/* Multiple j in a block of a prime of class i: its byte after a * (residue j), and its bit. */
#define WHEEL_CARRY(i, j) ((wheel_residues[i] * wheel_residues[j] - 7) / 30)
#define WHEEL_BIT(i, j) wheel_bits[(wheel_residues[i] * wheel_residues[j] - 7) % 30]

/* The first byte of block 0 of a prime, and how many bytes a block spans. */
static inline uint32_t wheel_block_start(uint32_t prime)
{
    return (prime - 7) / 30 * 7 + (uint32_t)WHEEL_CARRY(wheel_class(prime), 0);
}

static inline uint32_t wheel_block_span(uint32_t prime)
{
    return (prime - 7) / 30 * 24 + 26;
}

#define WHEEL_INLINE static inline __attribute__((always_inline))

/* Distances of multiples 1 to 7 of a block from its first; `a` is in scope. */
#define WHEEL_DISTANCE(i, j) \
    (a * (size_t)(wheel_residues[j] - 7) + (size_t)(WHEEL_CARRY(i, j) - WHEEL_CARRY(i, 0)))
#define WHEEL_DISTANCES(i) \
    const size_t a = (prime - 7) / 30, d1 = WHEEL_DISTANCE(i, 1), d2 = WHEEL_DISTANCE(i, 2), \
                 d3 = WHEEL_DISTANCE(i, 3), d4 = WHEEL_DISTANCE(i, 4), d5 = WHEEL_DISTANCE(i, 5), \
                 d6 = WHEEL_DISTANCE(i, 6), d7 = WHEEL_DISTANCE(i, 7)
#define WHEEL_CROSS(i, j) at[d##j] &= (uint8_t) ~(1u << WHEEL_BIT(i, j));

/* Crosses off the blocks of a prime of class `i` (a constant) that start in [at, end); at < end. Up to a block's
 * span beyond `end` must be writable. Returns where the first block not crossed off starts. */
WHEEL_INLINE uint8_t *wheel_cross_blocks(uint8_t *at, const uint8_t *end, size_t prime, const int i)
{
    WHEEL_DISTANCES(i);
    const size_t d0 = 0;
    do {
        WHEEL_CROSS(i, 0) WHEEL_CROSS(i, 1) WHEEL_CROSS(i, 2) WHEEL_CROSS(i, 3)
        WHEEL_CROSS(i, 4) WHEEL_CROSS(i, 5) WHEEL_CROSS(i, 6) WHEEL_CROSS(i, 7)
        at += prime;
    } while (at < end);
    return at;
}

/* The same by seven blocks, from one whose number is a multiple of 7, without the 8 cofactors of 56 that 7 divides:
 * their multiples are crossed off as multiples of 7. Up to seven primes beyond `end` must be writable. */
WHEEL_INLINE uint8_t *wheel_cross_seven_blocks(uint8_t *at, const uint8_t *end, size_t prime, const int i)
{
    WHEEL_DISTANCES(i);
    const size_t d0 = 0;
    do { /* left out: */
        WHEEL_CROSS(i, 1) WHEEL_CROSS(i, 2) WHEEL_CROSS(i, 3) WHEEL_CROSS(i, 4) /* 7 */
        WHEEL_CROSS(i, 5) WHEEL_CROSS(i, 6) WHEEL_CROSS(i, 7) at += prime;
        WHEEL_CROSS(i, 0) WHEEL_CROSS(i, 1) WHEEL_CROSS(i, 2) WHEEL_CROSS(i, 3) /* 49 */
        WHEEL_CROSS(i, 5) WHEEL_CROSS(i, 6) WHEEL_CROSS(i, 7) at += prime;
        WHEEL_CROSS(i, 0) WHEEL_CROSS(i, 1) WHEEL_CROSS(i, 2) WHEEL_CROSS(i, 4) /* 77, 91 */
        WHEEL_CROSS(i, 5) WHEEL_CROSS(i, 6) at += prime;
        WHEEL_CROSS(i, 0) WHEEL_CROSS(i, 1) WHEEL_CROSS(i, 2) WHEEL_CROSS(i, 3) /* 119 */
        WHEEL_CROSS(i, 4) WHEEL_CROSS(i, 5) WHEEL_CROSS(i, 7) at += prime;
        WHEEL_CROSS(i, 0) WHEEL_CROSS(i, 1) WHEEL_CROSS(i, 3) WHEEL_CROSS(i, 4) /* 133 */
        WHEEL_CROSS(i, 5) WHEEL_CROSS(i, 6) WHEEL_CROSS(i, 7) at += prime;
        WHEEL_CROSS(i, 0) WHEEL_CROSS(i, 2) WHEEL_CROSS(i, 3) WHEEL_CROSS(i, 4) /* 161 */
        WHEEL_CROSS(i, 5) WHEEL_CROSS(i, 6) WHEEL_CROSS(i, 7) at += prime;
        WHEEL_CROSS(i, 0) WHEEL_CROSS(i, 1) WHEEL_CROSS(i, 2) WHEEL_CROSS(i, 3) /* 203 */
        WHEEL_CROSS(i, 4) WHEEL_CROSS(i, 6) WHEEL_CROSS(i, 7) at += prime;
    } while (at < end);
    return at;
}

#endif
