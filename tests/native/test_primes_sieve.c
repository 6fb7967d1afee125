/* Compares the sieve with trial by a plain sieve and by Miller-Rabin, on random windows of the whole 64-bit range.
 *
 * Usage: test_primes_sieve ISA WINDOWS SEED. Built by test_native.py, with sanitizers, once per instruction set; the
 * kernel is compiled as perfpy_sieve_baseline whatever its flags. Exit status 77: this machine cannot run it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sieve.h"
#include "random.h"

static uint64_t below(uint64_t n)
{
    return random_bits() % n;
}

/* The kernel's allocations go through this; the countdown makes one of them fail. */
static long allocations_left = -1;

void *test_malloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return malloc(size);
}

static int polls, stop_at_poll;

static int stop_at(void *context)
{
    (void)context;
    return ++polls == stop_at_poll;
}

static struct sieve_machine machine;
static const struct perfpy_interrupt interrupt = {stop_at, NULL};

static enum sieve_status run(struct sieve_job *job)
{
    polls = 0;
    return perfpy_sieve_baseline.window(job, &interrupt);
}

/* Primality by other means: a plain sieve of odd numbers, and above it Miller-Rabin with bases that suffice below 2**64. */
enum { PLAIN = 1 << 22 };
static uint8_t composite[PLAIN / 2];

static void sieve_plainly(void)
{
    composite[0] = 1;
    for (uint64_t p = 3; p * p < PLAIN; p += 2)
        for (uint64_t m = p * p; !composite[p / 2] && m < PLAIN; m += 2 * p)
            composite[m / 2] = 1;
}

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus)
{
    uint64_t result = 1;
    for (base %= modulus; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = (uint64_t)((unsigned __int128)result * base % modulus);
        base = (uint64_t)((unsigned __int128)base * base % modulus);
    }
    return result;
}

static bool is_witness(uint64_t base, uint64_t n)
{
    const int twos = __builtin_ctzll(n - 1);
    uint64_t x = power(base, (n - 1) >> twos, n);
    for (int k = 0; k < twos && x != 1; k++) {
        if (x == n - 1)
            return false;
        x = (uint64_t)((unsigned __int128)x * x % n);
        if (x == 1)
            return true;
    }
    return x != 1;
}

static bool is_prime(uint64_t n)
{
    static const uint8_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    if (n < PLAIN)
        return n == 2 || (n % 2 && !composite[n / 2]);
    for (size_t k = 0; k < sizeof bases; k++)
        if (n % bases[k] == 0 || is_witness(bases[k], n))
            return false;
    return true;
}

/* From a pattern to the distances of its members from the first. */
struct constellation {
    int members;
    uint64_t distances[3];
};

static const struct constellation constellations[] = {
    {1, {0, 0, 0}}, {2, {2, 2, 2}}, {3, {2, 6, 6}}, {3, {4, 6, 6}}, {4, {2, 6, 8}},
};

/* Marks which numbers of the window are prime; writes to `starts` the first members of constellations. */
static size_t expect(uint64_t first, uint64_t last, const bool *prime, int members, uint64_t *starts)
{
    size_t count = 0;
    for (uint64_t k = 0; k <= last - first; k++)
        for (size_t c = 0; prime[k] && c < sizeof constellations / sizeof *constellations; c++) {
            const struct constellation *pattern = &constellations[c];
            bool all = pattern->members == members;
            for (int member = 0; all && member < 3; member++)
                all = pattern->distances[member] <= last - first - k && prime[k + pattern->distances[member]];
            if (all)
                starts[count++] = first + k;
        }
    return count;
}

static uint64_t windows_compared;

static bool complain(const struct sieve_job *job, const char *what)
{
    printf("[%" PRIu64 ", %" PRIu64 "], %d members, L1 %zu, L2 %zu: %s (count %" PRIu64 ")\n", job->first, job->last,
           job->members, machine.l1, machine.l2, what, job->count);
    return false;
}

static bool same(const struct sieve_job *job, const uint64_t *starts, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        uint64_t wide = 0;
        if (job->output == SIEVE_UINT32) {
            uint32_t narrow;
            memcpy(&narrow, (const uint32_t *)job->out + k, sizeof narrow);
            wide = narrow;
        } else {
            wide = ((const uint64_t *)job->out)[k];
        }
        if (wide != starts[k])
            return false;
    }
    return job->count == count;
}

/* Lists into memory with room for exactly as many items, which the sanitizer guards, and for one less. */
static bool check_list(struct sieve_job job, enum sieve_output output, const uint8_t *bits, const uint64_t *starts,
                       size_t count)
{
    const size_t item = output == SIEVE_UINT64 ? 8 : 4;
    bool right = true;
    for (size_t missing = 0; missing <= 1 && missing <= count && right; missing++) {
        job.output = output;
        job.capacity = count - missing;
        job.out = malloc(job.capacity * item + (job.capacity == 0));
        const enum sieve_status status =
            bits ? perfpy_sieve_baseline.extract(&job, bits, &interrupt) : run(&job);
        if (missing && status != SIEVE_TOO_SMALL)
            right = complain(&job, "one item too few went unnoticed");
        if (!missing && (status != SIEVE_DONE || !same(&job, starts, count)))
            right = complain(&job, bits ? "wrong extract" : "wrong list");
        free(job.out);
    }
    return right;
}

static bool check_members(struct sieve_job job, const uint64_t *starts, size_t count)
{
    job.output = SIEVE_COUNT;
    if (run(&job) != SIEVE_DONE || job.count != count)
        return complain(&job, "wrong count");
    const size_t bytes = (size_t)perfpy_sieve_bytes(job.first, job.last);
    uint8_t *bits = malloc(bytes + (bytes == 0));
    job.output = SIEVE_BITS;
    job.out = bits;
    job.capacity = bytes;
    bool right = run(&job) == SIEVE_DONE && job.count == count;
    if (!right)
        complain(&job, "wrong count with bits");
    right = right && check_list(job, SIEVE_UINT64, NULL, starts, count) &&
            check_list(job, SIEVE_UINT64, bits, starts, count);
    if (job.last <= UINT32_MAX)
        right = right && check_list(job, SIEVE_UINT32, NULL, starts, count) &&
                check_list(job, SIEVE_UINT32, bits, starts, count);
    free(bits);
    return right;
}

static bool check_window(uint64_t first, uint64_t last, int most_members)
{
    const size_t length = (size_t)(last - first) + 1;
    bool *prime = malloc(length), right = true;
    uint64_t *starts = malloc(length * sizeof *starts);
    for (size_t k = 0; k < length; k++)
        prime[k] = is_prime(first + k);
    for (int members = 1; members <= most_members && right; members++) {
        const size_t count = expect(first, last, prime, members, starts);
        right = check_members((struct sieve_job){.machine = &machine, .first = first, .last = last, .members = members},
                              starts, count);
        windows_compared++;
    }
    free(prime);
    free(starts);
    return right;
}

static void choose_machine(bool byte_compress)
{
    static const size_t l1[] = {16 << 10, 32 << 10, 48 << 10}, l2[] = {16 << 10, 128 << 10, 1 << 20, 2 << 20};
    machine.l1 = l1[below(3)];
    machine.l2 = l2[below(4)];
    machine.byte_compress = byte_compress && below(2);
}

/* A window of up to `most` numbers of at most `bits` bits, often at a multiple of 30 or at a prime. */
static bool check_random_window(int bits, uint64_t most)
{
    static const uint64_t near[] = {0, 1, 6, 7, 8, 28, 29};
    uint64_t first = random_bits() >> (63 - below((uint64_t)bits));
    if (below(3) == 0)
        first = first / 30 * 30 + near[below(7)];
    while (below(3) == 0 && !is_prime(first))
        first++;
    const uint64_t length = below(4) == 0 ? below(3) : below(below(8) ? 400 : most);
    const uint64_t last = length > UINT64_MAX - first ? UINT64_MAX : first + length;
    return check_window(first, last, 4);
}

static bool check_count(uint64_t first, uint64_t last, uint64_t count)
{
    struct sieve_job job = {.machine = &machine, .first = first, .last = last, .members = 1};
    return (run(&job) == SIEVE_DONE && job.count == count) || complain(&job, "not the known count");
}

/* Small caches, so that windows have many segments, large primes and more than one span. */
static bool check_known(void)
{
    machine.l1 = 16 << 10;
    machine.l2 = 16 << 10;
    return check_count(0, 299999999, 16252325) && check_count(100000000, 100999999, 54208) &&
           check_count(1000000000, 1000099999, 4832) && check_count(100000000000, 100000099999, 4019) &&
           check_count(1000000000000, 1000009999999, 361726) &&
           check_count(UINT64_C(18446744073709551557), UINT64_MAX, 1);
}

static bool check_interrupts(void)
{
    struct sieve_job job = {.machine = &machine, .first = 1000000000000, .last = 1000099999999, .members = 1};
    run(&job);
    const int asked = polls;
    for (stop_at_poll = 1; stop_at_poll <= asked; stop_at_poll += 1 + asked / 8)
        if (run(&job) != SIEVE_INTERRUPTED)
            return complain(&job, "interrupt ignored");
    stop_at_poll = 0;
    return asked > 2 || complain(&job, "hardly ever asked");
}

/* A window so long that in bytes its end has more than 32 bits; its first segments are enough to see. */
static bool check_long(void)
{
    machine.l1 = 32 << 10;
    machine.l2 = 2 << 20;
    struct sieve_job job = {.machine = &machine, .first = 0, .last = 10000000000000, .members = 1};
    stop_at_poll = 4;
    const bool stopped = run(&job) == SIEVE_INTERRUPTED;
    stop_at_poll = 0;
    return stopped || complain(&job, "interrupt ignored");
}

static bool check_no_memory(void)
{
    struct sieve_job job = {.machine = &machine, .first = 1000000000000, .last = 1000000999999, .members = 1};
    for (long allowed = 0;; allowed++) {
        allocations_left = allowed;
        const enum sieve_status status = run(&job);
        const bool refused = allocations_left == 0;
        allocations_left = -1;
        if (status == SIEVE_DONE && !refused)
            return allowed > 5 || complain(&job, "hardly anything allocated");
        if (status != SIEVE_NO_MEMORY && !(status == SIEVE_DONE && refused))
            return complain(&job, "failed allocation unnoticed");
        if (status == SIEVE_DONE && job.count != 36249)
            return complain(&job, "wrong count after the last allocation");
    }
}

int main(int argc, char **argv)
{
    char message[200];
    enum perfpy_isa isa;
    if (argc != 4)
        return 2;
    if (perfpy_isa_choose(argv[1], ~0u, &isa, message, sizeof message) < 0) {
        printf("%s\n", message);
        return 77;
    }
    bool byte_compress = false;
#ifdef PERFPY_X86_VARIANTS
    byte_compress = isa == PERFPY_ISA_AVX512 && __builtin_cpu_supports("avx512vbmi2");
#endif
    if (perfpy_sieve_init(&machine) < 0)
        return 2;
    random_state = strtoull(argv[3], NULL, 10);
    sieve_plainly();
    bool right = check_known() && check_interrupts() && check_no_memory() && check_long();
    for (int window = atoi(argv[2]); window > 0 && right; window--) {
        choose_machine(byte_compress);
        right = check_random_window(window % 128 == 0 ? 50 : 40, window % 16 == 0 ? 200000 : 4000);
    }
    printf("%s: %" PRIu64 " windows compared\n", argv[1], windows_compared);
    perfpy_sieve_clear(&machine);
    return right ? 0 : 1;
}
