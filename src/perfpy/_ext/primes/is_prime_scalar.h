/* The stages of is_prime_array.c in 64-bit arithmetic: LANES independent products keep the multiplier busy. */
#ifndef PERFPY_PRIMES_IS_PRIME_SCALAR_H
#define PERFPY_PRIMES_IS_PRIME_SCALAR_H

#include <string.h>

#include "is_prime.h"
#include "montgomery.h"

enum { LANES = 4 };

/* Settles small and even numbers and multiples of trial primes, in `out`; what is left goes to `left` with its place.
 * Returns how many are left. */
static size_t divide_by_trial_primes(const struct prime_tables *tables, const uint64_t *n, size_t count, uint8_t *out,
                                     uint64_t *left, size_t *place)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (n[i] < SMALL_LIMIT) {
            out[i] = (uint8_t)small_is_prime(tables, n[i]);
            continue;
        }
        int composite = !(n[i] & 1);
        for (int k = 0; k < TRIAL_PRIMES && !composite; k++)
            composite = divides(tables, k, n[i]);
        left[kept] = n[i];
        place[kept] = i;
        kept += !composite;
    }
    return kept;
}

static inline int bits_of(uint64_t n)
{
    return 64 - __builtin_clzll(n);
}

/* Whether n[k] is a strong probable prime to base 2. */
static void base_2_in_step(const uint64_t n[LANES], uint8_t passed[LANES])
{
    uint64_t inverse[LANES], one[LANES], power[LANES];
    uint64_t all = 0;
    int twos = 0;
    for (int k = 0; k < LANES; k++) {
        const struct montgomery m = montgomery_of(n[k]);
        inverse[k] = m.inverse;
        one[k] = power[k] = m.one;
        passed[k] = 0;
        all |= n[k];
        twos = __builtin_ctzll(n[k] - 1) > twos ? __builtin_ctzll(n[k] - 1) : twos;
    }
    for (int bit = bits_of(all) - 1; bit > 0; bit--) { /* power = 2^((n - 1) >> bit) */
        for (int k = 0; k < LANES; k++) {
            power[k] = montgomery_multiply(power[k], power[k], n[k], inverse[k]);
            const uint64_t twice = montgomery_add(power[k], power[k], n[k]);
            power[k] = n[k] >> bit & 1 ? twice : power[k];
        }
        if (bit > twos)
            continue;
        for (int k = 0; k < LANES; k++) {
            const int s = __builtin_ctzll(n[k] - 1);
            passed[k] |= (bit <= s && power[k] == n[k] - one[k]) || (bit == s && power[k] == one[k]);
        }
    }
}

/* Whether n[k] is an extra strong Lucas probable prime for P = parameter[k]. */
static void lucas_in_step(const uint64_t n[LANES], const uint64_t parameter[LANES], uint8_t passed[LANES])
{
    uint64_t inverse[LANES], two[LANES], p[LANES], v[LANES], next[LANES];
    uint64_t all = 0;
    int twos = 0;
    for (int k = 0; k < LANES; k++) {
        const struct montgomery m = montgomery_of(n[k]);
        inverse[k] = m.inverse;
        v[k] = two[k] = montgomery_add(m.one, m.one, n[k]);
        p[k] = two[k];
        for (uint64_t i = 2; i < parameter[k]; i++)
            p[k] = montgomery_add(p[k], m.one, n[k]);
        next[k] = p[k];
        passed[k] = 0;
        all |= n[k] + 1;
        twos = __builtin_ctzll(n[k] + 1) > twos ? __builtin_ctzll(n[k] + 1) : twos;
    }
    for (int bit = bits_of(all) - 1; bit > 0; bit--) { /* v = V_j, next = V_(j + 1), j = (n + 1) >> bit */
        for (int k = 0; k < LANES; k++) {
            const uint64_t set = 0 - ((n[k] + 1) >> bit & 1);
            const uint64_t product = montgomery_multiply(v[k], next[k], n[k], inverse[k]);
            const uint64_t odd = montgomery_subtract(product, p[k], n[k]);
            const uint64_t base = v[k] ^ (set & (v[k] ^ next[k]));
            const uint64_t square = montgomery_multiply(base, base, n[k], inverse[k]);
            const uint64_t even = montgomery_subtract(square, two[k], n[k]);
            v[k] = even ^ (set & (even ^ odd));
            next[k] = odd ^ (set & (even ^ odd));
        }
        if (bit > twos)
            continue;
        for (int k = 0; k < LANES; k++) {
            const int s = __builtin_ctzll(n[k] + 1);
            const int ends = (v[k] == two[k] && next[k] == p[k]) || (v[k] == n[k] - two[k] && next[k] == n[k] - p[k]);
            passed[k] |= (bit == s && ends) || (bit <= s && bit > 1 && v[k] == 0);
        }
    }
}

#endif
