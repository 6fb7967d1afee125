/* Compares the combinatorial count of primes with a sieve, on random x, bounds, segments and pieces.
 *
 * Usage: test_primes_count ISA CASES SEED. Built by test_native.py, with sanitizers, once per instruction set; the
 * kernels are compiled as perfpy_count_*_baseline whatever their flags, and twice: with COUNT_BY_INVERSE as it is, and so
 * small that small x take the path of large ones. Exit status 77: this machine cannot run it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "count_nth.h"
#include "processor.h"
#include "random.h"

enum { LIMIT = 20000000 };

static uint64_t below(uint64_t n)
{
    return random_bits() % n;
}

static void fail(const char *what, uint64_t x, uint64_t got, uint64_t expected)
{
    printf("%s of %llu is %llu, not %llu\n", what, (unsigned long long)x, (unsigned long long)got,
           (unsigned long long)expected);
    exit(1);
}

/* The allocations of what is tested go through these; the countdown makes one of them fail. */
static int allocations_left = -1;

static int refused(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

void *test_malloc(size_t size)
{
    return refused() ? NULL : malloc(size);
}

void *test_calloc(size_t count, size_t size)
{
    return refused() ? NULL : calloc(count, size);
}

void *test_aligned_alloc(size_t alignment, size_t size)
{
    return refused() ? NULL : aligned_alloc(alignment, size);
}

static int polls, stop_at_poll;

static int stop_at(void *context)
{
    (void)context;
    return ++polls == stop_at_poll;
}

static const struct perfpy_interrupt interrupt = {stop_at, NULL};
static const struct count_kernels kernels = {perfpy_count_easy_baseline, perfpy_count_hard_baseline};
static struct count_tables tables;

/* pi(n) for n < LIMIT, by Eratosthenes. */
static uint32_t *sieve_counts(void)
{
    uint8_t *composite = calloc(LIMIT, 1);
    uint32_t *count = malloc(LIMIT * sizeof *count);
    for (uint32_t p = 2; p < 4473; p++)
        for (uint32_t n = p * p; n < LIMIT && !composite[p]; n += p)
            composite[n] = 1;
    for (uint32_t n = 0, primes = 0; n < LIMIT; n++)
        count[n] = primes += n >= 2 && !composite[n];
    free(composite);
    return count;
}

/* Cuts the parts 0 ... n - 1 at random, computes the pieces and combines them. */
static enum count_status count_in_pieces(const struct count_plan *plan, uint64_t n, uint64_t *count)
{
    const size_t size = perfpy_count_piece_size(plan);
    uint64_t *pieces = malloc(n * size * sizeof *pieces), made = 0;
    enum count_status status = COUNT_DONE;
    for (uint64_t first = 0; first < n && status == COUNT_DONE; made++) {
        const uint64_t stop = first + 1 + below(n - first);
        status = perfpy_count_piece(plan, &kernels, first, stop, n, pieces + made * size, &interrupt);
        first = stop;
    }
    if (status == COUNT_DONE)
        status = perfpy_count_combine(plan, pieces, made, count);
    free(pieces);
    return status;
}

/* pi(x) with random choices of all that must not matter. */
static enum count_status count_at_random(uint64_t x, uint64_t *count)
{
    struct count_plan plan;
    const double alpha = below(3) ? 1.0 + (double)below(1000) / 30 : 0;
    enum count_status status = perfpy_count_plan_fill(&plan, &tables, x, alpha, &interrupt);
    if (status == COUNT_DONE) {
        if (x >= COUNT_DIRECT && below(4))
            plan.segment = SEGMENT_UNIT * (1 + below(12));
        status = count_in_pieces(&plan, 1 + below(below(2) ? 3 : 60), count);
    }
    perfpy_count_plan_clear(&plan);
    return status;
}

static void test_random(const uint32_t *expected, int cases)
{
    for (int k = 0; k < cases; k++) {
        const uint64_t x = k % 4 ? below(LIMIT) : below(2 * COUNT_DIRECT);
        uint64_t count = 0;
        const enum count_status status = count_at_random(x, &count);
        if (status != COUNT_DONE || count != expected[x])
            fail("pi", x, status == COUNT_DONE ? count : (uint64_t)-status, expected[x]);
    }
}

static void test_powers_of_ten(int most)
{
    static const uint64_t expected[] = {0,        4,         25,         168,         1229,       9592,      78498,
                                        664579,   5761455,   50847534,   455052511,   4118054813, 37607912018};
    for (uint64_t k = 0, x = 1; k <= (uint64_t)most; k++, x *= 10) {
        uint64_t count = 0;
        if (perfpy_count_primes(&tables, &kernels, x, &count, &interrupt) != COUNT_DONE || count != expected[k])
            fail("pi", x, count, expected[k]);
    }
}

/* Neither a failed allocation nor a poll that asks to stop leaks memory, and each is reported. */
static void test_failures(const uint32_t *expected)
{
    const uint64_t x = LIMIT - 1;
    uint64_t count;
    int refusals = 0, stops = 0;
    for (int k = 0;; k++, refusals++) {
        allocations_left = k;
        const enum count_status status = perfpy_count_primes(&tables, &kernels, x, &count, &interrupt);
        allocations_left = -1;
        if (status == COUNT_DONE)
            break;
        if (status != COUNT_NO_MEMORY)
            fail("status without memory", (uint64_t)k, status, COUNT_NO_MEMORY);
    }
    if (refusals < 10 || count != expected[x])
        fail("allocations", x, (uint64_t)refusals, 10);
    for (int k = 1;; k++, stops++) {
        struct count_plan plan;
        polls = 0;
        stop_at_poll = k;
        enum count_status status = perfpy_count_plan_fill(&plan, &tables, 1000 * x, 2.0, &interrupt);
        plan.segment = 2048; /* a poll in every few segments */
        if (status == COUNT_DONE)
            status = count_in_pieces(&plan, 2, &count);
        perfpy_count_plan_clear(&plan);
        stop_at_poll = 0;
        if (status == COUNT_DONE)
            break;
        if (status != COUNT_INTERRUPTED)
            fail("status when stopped", (uint64_t)k, status, COUNT_INTERRUPTED);
    }
    if (stops < 5)
        fail("polls", 1000 * x, (uint64_t)stops, 5);
}

/* The estimate of the n-th prime is off by less than its square root. */
static void test_estimates(const uint32_t *count)
{
    for (uint32_t p = 2; p < LIMIT; p++) {
        const uint64_t n = count[p];
        if (n == count[p - 1])
            continue;
        const double error = (double)perfpy_count_estimate_nth(n) - p;
        if (error * error > p)
            fail("estimate", n, perfpy_count_estimate_nth(n), p);
        p += p / 1000; /* a sample */
    }
    if (perfpy_count_estimate_nth(PERFPY_PRIMES_BELOW_2_64) < UINT64_MAX - (UINT64_C(1) << 32))
        fail("estimate", PERFPY_PRIMES_BELOW_2_64, perfpy_count_estimate_nth(PERFPY_PRIMES_BELOW_2_64), UINT64_MAX);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    if (!processor_runs(argv[1])) {
        printf("this machine cannot run %s\n", argv[1]);
        return 77;
    }
    random_state = strtoull(argv[3], NULL, 10);
    perfpy_count_tables_fill(&tables);
    uint32_t *expected = sieve_counts();
    test_random(expected, atoi(argv[2]));
    test_powers_of_ten(10);
    test_failures(expected);
    test_estimates(expected);
    free(expected);
    return 0;
}
