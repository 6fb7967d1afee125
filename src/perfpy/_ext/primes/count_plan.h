/* What the pieces of one computation of pi(x) share: bounds and tables, written once and then only read.
 *
 * The method is that of Lagarias, Miller and Odlyzko, "Computing pi(x): the Meissel-Lehmer method", Math. Comp. 44
 * (1985), with the leaves sorted as by Deleglise and Rivat, Math. Comp. 65 (1996). phi(v, b) is how many of 1 ... v
 * have no factor among the first b primes. With cbrt(x) < y <= sqrt(x) and a = pi(y)
 *     pi(x) = phi(x, a) + a - 1 - P2,    P2 = how many numbers <= x are products of two primes > y.
 * phi(v, b) = phi(v, b - 1) - phi(v / p_b, b - 1), unfolded from phi(x, a), is a tree of nodes +-phi(x / m, b). It is cut
 *     at b = PRESIEVED where m <= y:       ordinary leaves, phi from a table;
 *     as soon as m p_b > y with m <= y:    special leaves -mu(m) phi(x / (m p_b), b - 1), lpf(m) > p_b.
 * Of a special leaf, v = x / (m p):
 *     v < p            phi = 1                                   (trivial)
 *     v < p p          phi = pi(v) - b + 2 from a table of pi    (easy; then v <= sqrt(x) and m is a prime)
 *     otherwise        from a sieve of 1 ... x / y, at the moment when the first b - 1 primes are crossed off   (hard)
 * The same sieve, once all its primes are crossed off, has the pi(x / p) that P2 is the sum of.
 *
 * Memory: sqrt(x) / 8 bytes for pi, and about 20 y for the rest: 6 MB at x = 1e15, about 1 GB at 2**64.
 */
#ifndef PERFPY_PRIMES_COUNT_PLAN_H
#define PERFPY_PRIMES_COUNT_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "../common/interrupt.h"
#include "count_wheel.h"

enum count_status { COUNT_DONE, COUNT_INTERRUPTED, COUNT_NO_MEMORY };

/* Below this many numbers the table of pi alone is the answer. */
#define COUNT_DIRECT UINT64_C(100000)

/* Below this, (n + 0.5) * (1.0 / d) rounds down to n div d: the quotient's distance from the next whole number is at
 * least 0.5 / d, and n / d times three roundings of 2**-53 is less. */
#ifndef COUNT_BY_INVERSE
#define COUNT_BY_INVERSE (UINT64_C(1) << 50)
#endif

enum { COUNT_LEVELS = 3, COUNT_MARGIN = 8 };

/* Squarefree m <= y with no factor among the primes up to `above`, ascending. Readable COUNT_MARGIN entries before the
 * first and after the last. */
struct count_level {
    uint32_t above;
    size_t count;
    uint32_t *m;
    double *inverse;
    int32_t *key; /* -mu(m) times the least prime factor; of 1 the largest int32_t, negative */
};

struct count_plan {
    const struct count_tables *tables;
    uint64_t x, y, z, sqrt_x; /* z = x div y, where the sieve ends */
    uint64_t *pi;             /* of 64 numbers each: 32 bits of odd primes, above them how many primes come before */
    size_t a;                 /* pi(y) */
    uint32_t *prime;          /* prime[1] = 2, ..., prime[a] */
    double *inverse;          /* 1 / prime[b]; COUNT_MARGIN entries more */
    size_t b_sqrt_y, b_cbrt_x, b_sieve; /* pi(sqrt(y)), at most a - 1; pi(cbrt(x)), at most a - 1; pi(sqrt(z)) */
    size_t b_hard;            /* the last b that has hard leaves, or PRESIEVED */
    size_t segment;           /* bytes of the wheel sieved at a time */
    struct count_level level[COUNT_LEVELS];
};

uint64_t perfpy_count_isqrt(uint64_t n);

/* pi(v) for 0 <= v up to where the table was built: max(sqrt(x), and x itself below COUNT_DIRECT). */
static inline uint64_t count_pi(const uint64_t *table, uint64_t v)
{
    if (v < 2)
        return 0;
    const uint64_t entry = table[(v - 1) / 64];
    const uint32_t keep = (UINT32_C(2) << ((v - 1) / 2 & 31)) - 1;
    return (entry >> 32) + (uint64_t)__builtin_popcount((uint32_t)entry & keep);
}

/* The table for numbers <= max; status says why it is NULL. Release it with free(). */
uint64_t *perfpy_count_build_pi(const struct count_tables *tables, uint64_t max, enum count_status *status,
                                const struct perfpy_interrupt *interrupt);

/* Fills `plan`; `alpha` is y / cbrt(x), 0 for the best one known. Release it with perfpy_count_plan_clear(), also after
 * a failure. */
enum count_status perfpy_count_plan_fill(struct count_plan *plan, const struct count_tables *tables, uint64_t x,
                                         double alpha, const struct perfpy_interrupt *interrupt);
void perfpy_count_plan_clear(struct count_plan *plan);

#endif
