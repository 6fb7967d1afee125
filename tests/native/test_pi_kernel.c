/* Compares counts of random points with those by the exact rule, which is asked for every point.
 *
 * Usage: test_pi_kernel ISA CASES SEED. Built by test_native.py, with sanitizers, once per instruction set; the kernel
 * is compiled as perfpy_pi_baseline whatever its flags. Exit status 77: this machine cannot run it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel.h"
#include "processor.h"
#include "stream.h"
#include "random.h"

enum { MOST = 40 * RUN };

static uint32_t turned(uint32_t x, int bits)
{
    return x << bits | x >> (32 - bits);
}

static uint64_t count_by_definition(uint64_t seed, uint64_t start, uint64_t stop)
{
    uint64_t inside = 0;
    for (uint64_t run = start / RUN; run * RUN < stop; run++) {
        uint32_t s[4];
        philox(seed, run, FOR_RUN, s);
        for (uint64_t number = run * RUN; number < (run + 1) * RUN; number++) {
            const uint32_t word = turned(s[0] + s[3], 7) + s[0];
            const uint32_t next[4] = {s[0] ^ s[1] ^ s[3], s[0] ^ s[1] ^ s[2], s[0] ^ s[2] ^ s[1] << 9, turned(s[1] ^ s[3], 11)};
            memcpy(s, next, sizeof s);
            inside += number >= start && number < stop && is_inside(seed, number, word);
        }
    }
    return inside;
}

/* Asks the kernel to stop at a poll. */
static int countdown(void *left)
{
    return --*(long *)left == 0;
}

static void check(uint64_t seed, uint64_t start, uint64_t stop)
{
    uint64_t inside;
    long never = -1, soon = 1;
    const struct perfpy_interrupt quiet = {countdown, &never}, eager = {countdown, &soon};
    const int status = perfpy_pi_baseline(seed, start, stop, &inside, &quiet);
    const uint64_t expected = count_by_definition(seed, start, stop);
    if (status != 0 || inside != expected) {
        printf("wrong: seed %llu, points %llu to %llu: %llu instead of %llu\n", (unsigned long long)seed,
               (unsigned long long)start, (unsigned long long)stop, (unsigned long long)inside,
               (unsigned long long)expected);
        exit(1);
    }
    if (stop - start >= 2 * RUN && perfpy_pi_baseline(seed, start, stop, &inside, &eager) != -1) {
        printf("not interrupted\n");
        exit(1);
    }
}

int main(int count, char **arguments)
{
    if (count != 4 || !processor_runs(arguments[1])) {
        printf("this machine does not run %s\n", count > 1 ? arguments[1] : "nothing");
        return 77;
    }
    random_state = strtoull(arguments[3], NULL, 10);
    for (long i = 0; i < atol(arguments[2]); i++) {
        /* Anywhere below 2**63, in any order of magnitude. */
        const uint64_t start = (random_bits() >> 1 >> random_bits() % 63) % ((UINT64_C(1) << 63) - MOST);
        check(random_bits(), start, start + random_bits() % (MOST >> random_bits() % 12));
    }
    check(UINT64_MAX, 0, MOST);
    check(0, (UINT64_C(1) << 63) - MOST, UINT64_C(1) << 63);
    return 0;
}
