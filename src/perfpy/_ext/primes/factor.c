/* Factors by trial division up to 211, then by Pollard's rho in Brent's form (BIT 20, 1980) on Montgomery residues.
 *
 * The sequence x <- x^2 + c modulo n repeats modulo a prime p | n after about sqrt(p) steps. Brent compares x with the
 * value at the last power of two; the differences of a batch are multiplied, and one greatest common divisor tells
 * whether any had a factor in common with n. If it is n itself the batch is gone through again one by one, and if that
 * fails too, another c is tried: c = 1, 2, ..., so that results never vary. About 1.2 sqrt(p) steps of two products: below
 * a millisecond for every n < 2**64.
 */
#include "factor.h"

#include "montgomery.h"

enum { BATCH = 128, POLL = 1 << 16 };

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a | b;
    const int twos = __builtin_ctzll(a | b);
    a >>= __builtin_ctzll(a);
    while (b) {
        b >>= __builtin_ctzll(b);
        if (a > b) {
            const uint64_t larger = a;
            a = b;
            b = larger;
        }
        b -= a;
    }
    return a << twos;
}

static inline uint64_t step(const struct montgomery *m, uint64_t x, uint64_t c)
{
    return montgomery_multiply_add(x, x, c, m->n, m->inverse);
}

static inline uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* The walk from `x` again, one step at a time, until its distance from `anchor` has a factor in common with n. */
static uint64_t retrace(const struct montgomery *m, uint64_t x, uint64_t anchor, uint64_t c)
{
    uint64_t divisor;
    do {
        x = step(m, x, c);
        divisor = common_divisor(distance(anchor, x), m->n);
    } while (divisor == 1);
    return divisor;
}

/* A divisor of n greater than 1, perhaps n itself; 0 if interrupted. */
static uint64_t walk(const struct montgomery *m, uint64_t c, const struct perfpy_interrupt *interrupt)
{
    uint64_t x = m->one, anchor, batch_start = x;
    for (uint64_t length = 1;; length *= 2) {
        anchor = x;
        for (uint64_t k = 0; k < length; k++)
            x = step(m, x, c);
        for (uint64_t k = 0; k < length; k += BATCH) {
            uint64_t product = m->one;
            batch_start = x;
            for (uint64_t j = 0; j < BATCH && j < length - k; j++) {
                x = step(m, x, c);
                product = montgomery_multiply(product, distance(anchor, x), m->n, m->inverse);
            }
            const uint64_t divisor = common_divisor(product, m->n);
            if (divisor == m->n)
                return retrace(m, batch_start, anchor, c);
            if (divisor > 1)
                return divisor;
            if (k % POLL == POLL - BATCH && interrupt->requested(interrupt->context))
                return 0;
        }
    }
}

/* A proper divisor of the composite odd n; 0 if interrupted. */
static uint64_t find_divisor(uint64_t n, const struct perfpy_interrupt *interrupt)
{
    const struct montgomery m = montgomery_of(n);
    for (uint64_t c = 1;; c++) {
        const uint64_t divisor = walk(&m, c, interrupt);
        if (divisor != n)
            return divisor;
    }
}

/* Inserts a prime into the sorted list. */
static void insert(uint64_t *factors, int count, uint64_t prime)
{
    for (; count > 0 && factors[count - 1] > prime; count--)
        factors[count] = factors[count - 1];
    factors[count] = prime;
}

/* Appends the prime factors of n, which has none among the trial primes, to the `count` there are. */
static int split(const struct prime_tables *tables, uint64_t n, uint64_t *factors, int count,
                 const struct perfpy_interrupt *interrupt)
{
    if (n == 1)
        return count;
    if (perfpy_is_prime(tables, n)) {
        insert(factors, count, n);
        return count + 1;
    }
    const uint64_t divisor = find_divisor(n, interrupt);
    if (!divisor)
        return -1;
    count = split(tables, divisor, factors, count, interrupt);
    return count < 0 ? count : split(tables, n / divisor, factors, count, interrupt);
}

int perfpy_factor(const struct prime_tables *tables, uint64_t n, uint64_t factors[FACTORS_MOST],
                  const struct perfpy_interrupt *interrupt)
{
    int count = 0;
    for (; !(n & 1); n /= 2)
        factors[count++] = 2;
    for (int k = 0; k < TRIAL_PRIMES; k++)
        for (; divides(tables, k, n); n *= tables->inverse[k])
            factors[count++] = tables->prime[k];
    return split(tables, n, factors, count, interrupt);
}
