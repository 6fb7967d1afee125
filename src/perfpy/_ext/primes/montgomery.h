/* Arithmetic modulo an odd n < 2**64 without division, in the form of Montgomery (Math. Comp. 44, 1985): a residue a is
 * kept as a * 2**64 mod n. One product costs three multiplications of 64 bits.
 */
#ifndef PERFPY_PRIMES_MONTGOMERY_H
#define PERFPY_PRIMES_MONTGOMERY_H

#include <stdint.h>

__extension__ typedef unsigned __int128 perfpy_uint128;

struct montgomery {
    uint64_t n, inverse; /* n * inverse = 1 mod 2**64 */
    uint64_t one;        /* 2**64 mod n, the form of 1 */
};

/* 1 / n mod 2**64: n itself is right in 3 bits, each step doubles them. */
static inline uint64_t inverse_mod_2_64(uint64_t n)
{
    uint64_t inverse = 3 * n ^ 2; /* 5 bits */
    for (int bits = 5; bits < 64; bits *= 2)
        inverse *= 2 - n * inverse;
    return inverse;
}

static inline struct montgomery montgomery_of(uint64_t n)
{
    const struct montgomery m = {n, inverse_mod_2_64(n), (0 - n) % n};
    return m;
}

static inline uint64_t montgomery_add(uint64_t a, uint64_t b, uint64_t n)
{
    const uint64_t room = n - b;
    return a >= room ? a - room : a + b;
}

static inline uint64_t montgomery_subtract(uint64_t a, uint64_t b, uint64_t n)
{
    return a >= b ? a - b : a + (n - b);
}

/* a * b / 2**64 + c mod n for a, b, c < n. The sum is ready before the reduction is, so that c costs no time in a chain
 * of products. */
static inline uint64_t montgomery_multiply_add(uint64_t a, uint64_t b, uint64_t c, uint64_t n, uint64_t inverse)
{
    const perfpy_uint128 product = (perfpy_uint128)a * b;
    const uint64_t high = montgomery_add((uint64_t)(product >> 64), c, n), q = (uint64_t)product * inverse;
    const uint64_t multiple = (uint64_t)((perfpy_uint128)q * n >> 64); /* the low halves are equal */
    return montgomery_subtract(high, multiple, n);
}

/* a * b / 2**64 mod n for a, b < n. */
static inline uint64_t montgomery_multiply(uint64_t a, uint64_t b, uint64_t n, uint64_t inverse)
{
    const perfpy_uint128 product = (perfpy_uint128)a * b;
    const uint64_t high = (uint64_t)(product >> 64), q = (uint64_t)product * inverse;
    const uint64_t multiple = (uint64_t)((perfpy_uint128)q * n >> 64); /* the low halves are equal */
    return montgomery_subtract(high, multiple, n);
}

#endif
