/* Primality of n < 2**64 by the test of Baillie, Pomerance, Selfridge and Wagstaff, which decides it in that range.
 *
 * n is prime if it is a strong probable prime to base 2 and an extra strong Lucas probable prime, for the least P >= 3
 * with (P^2 - 4 | n) = -1 and Q = 1 (Baillie and Wagstaff, Math. Comp. 35, 1980; Grantham, Math. Comp. 70, 2001; OEIS
 * A217719). Feitsma and Galway listed all 118,968,378 pseudoprimes to base 2 below 2**64; Jacobsen ("Pseudoprime
 * Statistics, Tables, and Data") and others since ran this Lucas test on all of them: none passes.
 *
 * With n + 1 = d 2^s, d odd, it asks for U_d = 0 and V_d = +-2, or V_(d 2^r) = 0 for some 0 <= r < s - 1. The chain of
 * (V_k, V_(k+1)) takes two products for each bit, which do not wait for each other, so that both tests take about as long:
 * 64 dependent products.
 */
#include "is_prime.h"

#include <math.h>
#include <string.h>

#include "montgomery.h"

static int is_strong_probable_prime(const struct montgomery *m)
{
    const uint64_t n = m->n, minus_one = n - m->one;
    const int s = __builtin_ctzll(n - 1);
    uint64_t power = m->one; /* 2^((n - 1) >> bit) */
    int bit = 63 - __builtin_clzll(n - 1);
    for (; bit >= s; bit--) {
        power = montgomery_multiply(power, power, n, m->inverse);
        if ((n - 1) >> bit & 1)
            power = montgomery_add(power, power, n);
    }
    if (power == m->one || power == minus_one)
        return 1;
    for (int r = 1; r < s; r++) {
        power = montgomery_multiply(power, power, n, m->inverse);
        if (power == minus_one)
            return 1;
    }
    return 0;
}

static int is_extra_strong_lucas(const struct montgomery *m, uint64_t p)
{
    const uint64_t n = m->n, two = montgomery_add(m->one, m->one, n);
    uint64_t parameter = 0; /* the form of P, which is small */
    for (uint64_t k = 0; k < p; k++)
        parameter = montgomery_add(parameter, m->one, n);
    const int s = __builtin_ctzll(n + 1);
    uint64_t v = two, next = parameter; /* V_k and V_(k+1) for k = (n + 1) >> bit */
    for (int bit = 63 - __builtin_clzll(n + 1); bit >= s; bit--) {
        const uint64_t odd = montgomery_subtract(montgomery_multiply(v, next, n, m->inverse), parameter, n);
        const uint64_t base = (n + 1) >> bit & 1 ? next : v;
        const uint64_t even = montgomery_subtract(montgomery_multiply(base, base, n, m->inverse), two, n);
        v = (n + 1) >> bit & 1 ? odd : even;
        next = (n + 1) >> bit & 1 ? even : odd;
    }
    /* V_d = +-2 and U_d = (2 V_(d+1) - P V_d) / (P^2 - 4) = 0 */
    if ((v == two && next == parameter) || (v == n - two && next == n - parameter))
        return 1;
    for (int r = 0; r < s - 1; r++) {
        if (v == 0)
            return 1;
        v = montgomery_subtract(montgomery_multiply(v, v, n, m->inverse), two, n);
    }
    return 0;
}

/* The Jacobi symbol (a | n), n odd. */
static int jacobi(uint64_t a, uint64_t n)
{
    int sign = 1;
    a %= n;
    while (a) {
        const int twos = __builtin_ctzll(a);
        a >>= twos;
        if (twos & 1 && (n % 8 == 3 || n % 8 == 5))
            sign = -sign;
        if (a % 4 == 3 && n % 4 == 3)
            sign = -sign;
        const uint64_t rest = n % a;
        n = a;
        a = rest;
    }
    return n == 1 ? sign : 0;
}

static int is_square(uint64_t n)
{
    const uint64_t root = (uint64_t)sqrt((double)n);
    for (uint64_t r = root ? root - 1 : 0; r <= root + 1; r++)
        if (r * r == n)
            return 1;
    return 0;
}

uint64_t perfpy_lucas_parameter(uint64_t n)
{
    if (n % 5 == 2 || n % 5 == 3)
        return 3; /* (5 | n) = (n | 5) */
    for (uint64_t p = 3;; p++) {
        const int symbol = jacobi(p * p - 4, n);
        if (symbol < 0)
            return p;
        /* Half of all numbers go on at each P, but squares for ever. A factor in common is a factor of n. */
        if (symbol == 0 || (p == 16 && is_square(n)))
            return 0;
    }
}

int perfpy_is_prime(const struct prime_tables *tables, uint64_t n)
{
    enum { FIRST = 15 }; /* to 53: beyond, dividing costs more than it saves */
    if (n < SMALL_LIMIT)
        return small_is_prime(tables, n);
    if (!(n & 1))
        return 0;
    for (int k = 0; k < FIRST; k++)
        if (divides(tables, k, n))
            return 0;
    const struct montgomery m = montgomery_of(n);
    if (!is_strong_probable_prime(&m))
        return 0;
    const uint64_t p = perfpy_lucas_parameter(n);
    return p && is_extra_strong_lucas(&m, p);
}

uint64_t perfpy_prime_after(const struct prime_tables *tables, uint64_t n)
{
    if (n < 2)
        return 2;
    for (n = (n + 1) | 1; !perfpy_is_prime(tables, n);)
        n += 2;
    return n;
}

uint64_t perfpy_prime_up_to(const struct prime_tables *tables, uint64_t n)
{
    if (n == 2)
        return 2;
    for (n = (n - 1) | 1; !perfpy_is_prime(tables, n);)
        n -= 2;
    return n;
}

void perfpy_prime_tables_fill(struct prime_tables *tables)
{
    memset(tables->small, 0xff, sizeof tables->small);
    tables->small[0] &= 0xfe; /* 1 */
    for (uint32_t p = 3; p < 256; p += 2)
        if (small_is_prime(tables, p))
            for (uint32_t multiple = p * p; multiple < SMALL_LIMIT; multiple += 2 * p)
                tables->small[multiple / 16] &= (uint8_t) ~(1u << (multiple / 2 & 7));
    uint32_t p = 1;
    for (int k = 0; k < TRIAL_PRIMES; k++) {
        for (p += 2; !small_is_prime(tables, p);)
            p += 2;
        tables->prime[k] = p;
        tables->inverse[k] = inverse_mod_2_64(p);
        tables->limit[k] = UINT64_MAX / p;
    }
}
