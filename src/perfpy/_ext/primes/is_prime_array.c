/* Primality of arrays: the test of is_prime.c in stages, each for a batch of what the one before let through.
 *
 * 1. Small numbers are looked up, even ones dropped, and the rest divided by the primes up to 211, 8 at a time with
 *    AVX-512: of random numbers 5 % are left.
 * 2. The strong test to base 2, LANES numbers in step, because one alone waits for each product in turn.
 * 3. The Lucas test, also in step.
 *
 * What is in step takes as many bits as its largest number. The arithmetic is is_prime_scalar.h or is_prime_ifma.h.
 */
#include "is_prime.h"

#ifdef __AVX512IFMA__
#include "is_prime_ifma.h"
#else
#include "is_prime_scalar.h"
#endif

enum { BLOCK = 2048 };

/* Numbers that wait for a stage, and where their answers go. */
struct queue {
    size_t count;
    uint64_t n[BLOCK + LANES];
    size_t place[BLOCK + LANES];
};

struct stages {
    const struct prime_tables *tables;
    uint8_t *out;
    struct queue base_2, lucas;
    uint64_t parameter[BLOCK + LANES]; /* P of lucas.n */
    uint64_t block[BLOCK + LANES];
};

static inline void put(struct queue *queue, uint64_t n, size_t place)
{
    queue->n[queue->count] = n;
    queue->place[queue->count++] = place;
}

/* Takes the last LANES of the queue, made up with copies of a number that does no harm. Returns how many are real. */
static size_t take(struct queue *queue)
{
    const size_t real = queue->count < LANES ? queue->count : LANES;
    queue->count -= real;
    for (size_t k = real; k < LANES; k++)
        queue->n[queue->count + k] = queue->n[queue->count];
    return real;
}

static void run_lucas(struct stages *stages, size_t least)
{
    struct queue *queue = &stages->lucas;
    while (queue->count && queue->count >= least) {
        uint8_t passed[LANES];
        const size_t real = take(queue);
        for (size_t k = real; k < LANES; k++)
            stages->parameter[queue->count + k] = stages->parameter[queue->count];
        lucas_in_step(queue->n + queue->count, stages->parameter + queue->count, passed);
        for (size_t k = 0; k < real; k++)
            stages->out[queue->place[queue->count + k]] = passed[k];
    }
}

static void run_base_2(struct stages *stages, size_t least)
{
    struct queue *queue = &stages->base_2;
    while (queue->count && queue->count >= least) {
        uint8_t passed[LANES];
        const size_t real = take(queue);
        base_2_in_step(queue->n + queue->count, passed);
        for (size_t k = 0; k < real; k++) {
            const uint64_t n = queue->n[queue->count + k];
            const uint64_t p = passed[k] ? perfpy_lucas_parameter(n) : 0;
            if (p) {
                stages->parameter[stages->lucas.count] = p;
                put(&stages->lucas, n, queue->place[queue->count + k]);
            }
        }
        run_lucas(stages, LANES);
    }
}

#define LOAD(type)                                                                                                     \
    for (size_t k = 0; k < count; k++) {                                                                               \
        const type value = ((const type *)numbers->data)[first + k];                                                   \
        block[k] = value > 0 ? (uint64_t)value : 0;                                                                    \
    }                                                                                                                  \
    break

/* The numbers first, ..., first + count - 1 as uint64, in `block` unless they are that already. */
static const uint64_t *load(const struct integers *numbers, size_t first, size_t count, uint64_t *block)
{
    switch ((int)numbers->size * (numbers->is_signed ? -1 : 1)) {
    case 1:
        LOAD(uint8_t);
    case 2:
        LOAD(uint16_t);
    case 4:
        LOAD(uint32_t);
    case 8:
        return (const uint64_t *)numbers->data + first;
    case -1:
        LOAD(int8_t);
    case -2:
        LOAD(int16_t);
    case -4:
        LOAD(int32_t);
    default:
        LOAD(int64_t);
    }
    return block;
}

enum is_prime_status KERNEL_NAME(const struct prime_tables *tables, const struct integers *numbers, uint8_t *out,
                                 const struct perfpy_interrupt *interrupt)
{
    struct stages stages;
    stages.tables = tables;
    stages.out = out;
    stages.base_2.count = stages.lucas.count = 0;
    for (size_t first = 0; first < numbers->count; first += BLOCK) {
        const size_t count = numbers->count - first < BLOCK ? numbers->count - first : BLOCK;
        const uint64_t *block = load(numbers, first, count, stages.block);
        memset(out + first, 0, count);
        stages.base_2.count = divide_by_trial_primes(tables, block, count, out + first, stages.base_2.n,
                                                     stages.base_2.place);
        for (size_t k = 0; k < stages.base_2.count; k++)
            stages.base_2.place[k] += first;
        run_base_2(&stages, 1);
        if (first / BLOCK % 4 == 3 && interrupt->requested(interrupt->context))
            return IS_PRIME_INTERRUPTED;
    }
    run_lucas(&stages, 1);
    return IS_PRIME_DONE;
}
