/* Compares primality, neighbours and factors of 64-bit numbers with a sieve and with an independent proof of primality.
 *
 * Usage: test_primes_arithmetic ISA CASES SEED. Built by test_native.py, with sanitizers, once per instruction set; the
 * kernel is compiled as perfpy_is_prime_baseline whatever its flags. Exit status 77: this machine cannot run it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "factor.h"
#include "montgomery.h"
#include "processor.h"
#include "random.h"

enum { LIMIT = 2000000, BATCH = 5000 };

static void fail(const char *what, uint64_t n)
{
    printf("wrong: %s of %llu\n", what, (unsigned long long)n);
    exit(1);
}

static uint64_t multiply(uint64_t a, uint64_t b, uint64_t n)
{
    return (uint64_t)((perfpy_uint128)a * b % n);
}

/* Miller and Rabin's test to one base, by plain division. */
static int passes(uint64_t n, uint64_t base)
{
    const int s = __builtin_ctzll(n - 1);
    uint64_t power = 1;
    base %= n;
    for (int bit = 63; bit >= s; bit--) {
        power = multiply(power, power, n);
        if ((n - 1) >> bit & 1)
            power = multiply(power, base, n);
    }
    for (int r = 0; r < s; r++) {
        if ((r == 0 && power == 1) || power == n - 1)
            return 1;
        power = multiply(power, power, n);
    }
    return 0;
}

/* The first 12 primes as bases decide all n < 2**64: Sorenson and Webster, Math. Comp. 86 (2017). */
static int is_prime_by_definition(uint64_t n)
{
    static const uint64_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    for (int k = 0; k < 12; k++)
        if (n % bases[k] == 0)
            return n == bases[k];
    if (n < 2)
        return 0;
    for (int k = 0; k < 12; k++)
        if (!passes(n, bases[k]))
            return 0;
    return 1;
}

static int polls, stop_at_poll;

static int stop_at(void *context)
{
    (void)context;
    return ++polls == stop_at_poll;
}

static const struct perfpy_interrupt interrupt = {stop_at, NULL};
static struct prime_tables tables;

static void check_array(const uint64_t *n, size_t count, const uint8_t *expected)
{
    uint8_t *out = malloc(count ? count : 1);
    const struct integers numbers = {n, count, 8, 0};
    if (perfpy_is_prime_baseline(&tables, &numbers, out, &interrupt) != IS_PRIME_DONE)
        fail("status", count);
    for (size_t k = 0; k < count; k++) {
        if (out[k] != expected[k])
            fail("is_prime_array", n[k]);
        if (perfpy_is_prime(&tables, n[k]) != expected[k])
            fail("is_prime", n[k]);
    }
    free(out);
}

static void check_numbers(const uint64_t *n, size_t count)
{
    uint8_t *expected = malloc(count);
    for (size_t k = 0; k < count; k++)
        expected[k] = (uint8_t)is_prime_by_definition(n[k]);
    check_array(n, count, expected);
    free(expected);
}

static void test_small(void)
{
    uint64_t *n = malloc(LIMIT * sizeof *n);
    uint8_t *prime = malloc(LIMIT);
    memset(prime, 1, LIMIT);
    prime[0] = prime[1] = 0;
    for (uint64_t p = 0; p < LIMIT; p++) {
        n[p] = p;
        for (uint64_t multiple = p * p; multiple < LIMIT && prime[p]; multiple += p)
            prime[multiple] = 0;
    }
    check_array(n, LIMIT, prime);
    for (uint64_t count = 0; count < 40; count++) /* every way to fill the lanes */
        check_array(n + LIMIT - count, count, prime + LIMIT - count);
    for (uint64_t k = 3, last = 2; k < LIMIT; k++) {
        if (!prime[k])
            continue;
        if (perfpy_prime_after(&tables, last) != k || perfpy_prime_after(&tables, k - 1) != k)
            fail("prime_after", last);
        if (perfpy_prime_up_to(&tables, k - 1) != last || perfpy_prime_up_to(&tables, last) != last)
            fail("prime_up_to", k);
        last = k;
    }
    free(n);
    free(prime);
}

static void test_known(void)
{
    static const uint64_t composites[] = {
        /* OEIS A014233: the least strong pseudoprimes to the first 1, 2, ... prime bases */
        2047, 1373653, 25326001, UINT64_C(3215031751), UINT64_C(2152302898747), UINT64_C(3474749660383),
        UINT64_C(341550071728321), UINT64_C(3825123056546413051),
        /* strong pseudoprimes to base 2 among the squares: 1093 and 3511 are Wieferich's */
        UINT64_C(1194649), UINT64_C(12327121),
        /* extra strong Lucas pseudoprimes, OEIS A217719 */
        989, 3239, 5777, 10877, 27971, 29681, 30739, 72389, 73919, 75077,
        /* Carmichael numbers */
        561, 1105, 1729, UINT64_C(9746347772161), UINT64_C(1436697831295441), UINT64_C(60977817398996785),
        UINT64_C(7156857700403137441),
        /* near 2**64 */
        UINT64_MAX, UINT64_MAX - 2, UINT64_C(4294967291) * UINT64_C(4294967291), UINT64_C(4294967291) * UINT64_C(4294967279),
    };
    static const uint64_t primes[] = {LARGEST_PRIME_64, UINT64_C(2305843009213693951), UINT64_C(18446744073709551533),
                                      UINT64_C(100109100129100151), UINT64_C(100109100129162907), 4294967291, 4294967311};
    for (size_t k = 0; k < sizeof composites / sizeof *composites; k++)
        if (is_prime_by_definition(composites[k]))
            fail("composite", composites[k]);
    for (size_t k = 0; k < sizeof primes / sizeof *primes; k++)
        if (!is_prime_by_definition(primes[k]))
            fail("prime", primes[k]);
    check_numbers(composites, sizeof composites / sizeof *composites);
    check_numbers(primes, sizeof primes / sizeof *primes);
    if (perfpy_prime_up_to(&tables, UINT64_MAX) != LARGEST_PRIME_64)
        fail("prime_up_to", UINT64_MAX);
    if (perfpy_prime_after(&tables, LARGEST_PRIME_64 - 1) != LARGEST_PRIME_64)
        fail("prime_after", LARGEST_PRIME_64 - 1);
}

static uint64_t random_prime(int bits)
{
    return perfpy_prime_after(&tables, random_bits() >> (64 - bits));
}

/* Numbers of every size, and of the kinds that tests of primality get wrong. */
static uint64_t random_number(int kind)
{
    const uint64_t p = random_prime(20 + (int)(random_bits() % 12));
    switch (kind) {
    case 0:
        return random_bits() >> random_bits() % 64;
    case 1:
        return UINT64_MAX - random_bits() % 100000;
    case 2:
        return p * p;
    case 3:
        return p * (2 * (p - 1) + 1); /* strong pseudoprimes are often of this form */
    case 4:
        return p * random_prime(31);
    default:
        return perfpy_prime_up_to(&tables, random_bits());
    }
}

static void test_random(int cases)
{
    uint64_t *n = malloc(BATCH * sizeof *n);
    for (int done = 0; done < cases; done += BATCH) {
        for (int k = 0; k < BATCH; k++)
            n[k] = random_number((int)(random_bits() % 6));
        check_numbers(n, BATCH);
    }
    free(n);
}

/* Every type of integers, against the same numbers as uint64. */
static void test_types(void)
{
    uint64_t bytes[400];
    for (size_t k = 0; k < 400; k++)
        bytes[k] = random_bits();
    for (unsigned size = 1; size <= 8; size *= 2)
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            uint8_t out[3200];
            const size_t count = sizeof bytes / size;
            const struct integers numbers = {bytes, count, size, is_signed};
            if (perfpy_is_prime_baseline(&tables, &numbers, out, &interrupt) != IS_PRIME_DONE)
                fail("status", size);
            for (size_t k = 0; k < count; k++) {
                uint64_t n = 0; /* little endian or not, of the same size */
                memcpy((uint8_t *)&n, (const uint8_t *)bytes + k * size, size);
                const int negative = is_signed && n >> (8 * size - 1) & 1;
                if (out[k] != (!negative && is_prime_by_definition(n)))
                    fail("is_prime_array by type", n);
            }
        }
}

static void check_factors(uint64_t n)
{
    uint64_t factors[FACTORS_MOST], product = 1;
    const int count = perfpy_factor(&tables, n, factors, &interrupt);
    for (int k = 0; k < count; k++) {
        if (!is_prime_by_definition(factors[k]) || (k && factors[k - 1] > factors[k]))
            fail("factor", n);
        product *= factors[k];
    }
    if (count < 0 || product != n)
        fail("factors", n);
}

static void test_factors(int cases)
{
    for (uint64_t n = 1; n < 20000; n++)
        check_factors(n);
    for (int k = 0; k < cases; k++) {
        const uint64_t n = random_number(k % 6);
        if (n)
            check_factors(n);
    }
    check_factors(UINT64_C(1) << 63);
    check_factors(UINT64_C(12157665459056928801)); /* 3**40 */
    check_factors(UINT64_C(4294967291) * UINT64_C(4294967291));
}

static void test_interrupts(void)
{
    uint64_t *n = calloc(100000, sizeof *n);
    uint8_t *out = malloc(100000), expected = 0;
    const struct integers numbers = {n, 100000, 8, 0};
    polls = 0;
    stop_at_poll = 3;
    if (perfpy_is_prime_baseline(&tables, &numbers, out, &interrupt) != IS_PRIME_INTERRUPTED || polls != 3)
        fail("interrupt after polls", (uint64_t)polls);
    stop_at_poll = 1;
    const uint64_t hard = UINT64_C(4294967291) * UINT64_C(4294967279);
    uint64_t factors[FACTORS_MOST];
    polls = 0;
    if (perfpy_factor(&tables, hard, factors, &interrupt) >= 0 && polls)
        fail("interrupted factor", hard);
    stop_at_poll = 0;
    check_array(n, 1, &expected);
    free(n);
    free(out);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    if (!processor_runs(argv[1])) {
        printf("this machine cannot run %s\n", argv[1]);
        return 77;
    }
    const int cases = atoi(argv[2]);
    random_state = strtoull(argv[3], NULL, 10);
    perfpy_prime_tables_fill(&tables);
    test_small();
    test_known();
    test_random(cases);
    test_types();
    test_factors(cases / 100);
    test_interrupts();
    return 0;
}
