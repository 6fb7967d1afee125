/* Builds the tables of count_plan.h: the bounds, the primes up to y and the candidates for leaves. */
#include "count_plan.h"

#include <math.h>
#include <stdlib.h>

/* The best y / cbrt(x): a larger y has a shorter sieve but more hard leaves. Measured on Sapphire Rapids from 1e9 to
 * 1e17, where the optimum is flat: twice or half of it costs some 10 %. */
static double best_alpha(uint64_t x)
{
    const double alpha = 2.3 * pow(1.36, log10((double)x) - 9.0);
    return alpha < 2.0 ? 2.0 : alpha;
}

uint64_t perfpy_count_isqrt(uint64_t n)
{
    uint64_t root = (uint64_t)sqrt((double)n);
    if (root > UINT32_MAX)
        root = UINT32_MAX;
    while (root * root > n)
        root--;
    while (root < UINT32_MAX && (root + 1) * (root + 1) <= n)
        root++;
    return root;
}

static void choose_bounds(struct count_plan *plan, double alpha)
{
    const uint64_t x = plan->x;
    plan->sqrt_x = perfpy_count_isqrt(x);
    plan->y = (uint64_t)((alpha > 0 ? alpha : best_alpha(x)) * cbrt((double)x)) + 2; /* + 2: y^3 > x for certain */
    if (plan->y > plan->sqrt_x)
        plan->y = plan->sqrt_x;
    plan->z = x / plan->y;
    plan->segment = 32768;
    const uint64_t needed = plan->z / WHEEL + 1;
    if (needed < plan->segment)
        plan->segment = (needed + SEGMENT_UNIT - 1) / SEGMENT_UNIT * SEGMENT_UNIT;
    while (plan->segment < 262144 && 2 * plan->segment < perfpy_count_isqrt(plan->z))
        plan->segment *= 2;
}

/* The primes up to y from the bits of the table of pi, and their inverses. */
static enum count_status list_primes(struct count_plan *plan)
{
    const size_t a = plan->a = (size_t)count_pi(plan->pi, plan->y);
    plan->prime = malloc((a + 1 + COUNT_MARGIN) * sizeof *plan->prime);
    plan->inverse = malloc((a + 1 + COUNT_MARGIN) * sizeof *plan->inverse);
    if (!plan->prime || !plan->inverse)
        return COUNT_NO_MEMORY;
    plan->prime[0] = 1;
    plan->prime[1] = 2;
    size_t n = 1;
    for (uint64_t word = 0; n < a; word++)
        for (uint32_t bits = (uint32_t)plan->pi[word] & (word ? ~0u : ~1u); bits && n < a; bits &= bits - 1)
            plan->prime[++n] = (uint32_t)(word * 64 + 2 * (unsigned)__builtin_ctz(bits) + 1);
    for (size_t b = 0; b <= a; b++)
        plan->inverse[b] = 1.0 / plan->prime[b];
    for (size_t b = a + 1; b < a + 1 + COUNT_MARGIN; b++)
        plan->inverse[b] = 0.0;
    return COUNT_DONE;
}

static void bound_indices(struct count_plan *plan)
{
    const uint64_t *pi = plan->pi;
    const size_t last = plan->a - 1;
    size_t b = (size_t)count_pi(pi, perfpy_count_isqrt(plan->y));
    plan->b_sqrt_y = b < last ? b : last;
    plan->b_sieve = (size_t)count_pi(pi, perfpy_count_isqrt(plan->z));
    for (b = plan->b_sqrt_y; b < last && (uint64_t)plan->prime[b + 1] * plan->prime[b + 1] <= plan->sqrt_x;)
        b++;
    plan->b_hard = b > PRESIEVED ? b : PRESIEVED;
    uint64_t root = (uint64_t)cbrt((double)plan->x) + 1;
    while (root * root > plan->x / root)
        root--;
    b = (size_t)count_pi(pi, root);
    plan->b_cbrt_x = b < last ? b : last;
}

struct poll {
    const struct perfpy_interrupt *interrupt;
    uint64_t work;
};

static enum count_status allocate_level(struct count_level *level, size_t count)
{
    const size_t size = count + 2 * COUNT_MARGIN;
    uint32_t *m = calloc(size, sizeof *m);
    double *inverse = calloc(size, sizeof *inverse);
    int32_t *key = calloc(size, sizeof *key);
    level->m = m ? m + COUNT_MARGIN : NULL;
    level->inverse = inverse ? inverse + COUNT_MARGIN : NULL;
    level->key = key ? key + COUNT_MARGIN : NULL;
    return m && inverse && key ? COUNT_DONE : COUNT_NO_MEMORY;
}

static void append(struct count_level *level, uint32_t m, int32_t key)
{
    level->m[level->count] = m;
    level->inverse[level->count] = 1.0 / m;
    level->key[level->count++] = key;
}

/* Asks whether to stop each time that some milliseconds of work were done; `work` is in steps of a few nanoseconds. */
static int stop_after(struct poll *poll, uint64_t work)
{
    poll->work += work;
    if (poll->work < 1 << 20)
        return 0;
    poll->work = 0;
    return poll->interrupt->requested(poll->interrupt->context);
}

/* least[m / 2] = the least prime factor of a composite odd m <= y, if greater than the presieved primes; else 0. */
static enum count_status sieve_least_factors(const struct count_plan *plan, uint16_t *least, struct poll *poll)
{
    for (size_t b = plan->b_sqrt_y; b > PRESIEVED; b--) {
        const uint64_t p = plan->prime[b];
        for (uint64_t m = p * p; m <= plan->y; m += 2 * p)
            least[m / 2] = (uint16_t)p;
        if (stop_after(poll, plan->y / p))
            return COUNT_INTERRUPTED;
    }
    return COUNT_DONE;
}

/* mu(m) where every factor of m is in `least`, and m is odd. */
static int moebius(const uint16_t *least, uint32_t m)
{
    int mu = -1;
    for (uint32_t factor; (factor = least[m / 2]) != 0;) {
        m /= factor;
        if (m % factor == 0)
            return 0;
        mu = -mu;
    }
    return mu;
}

/* The first level: all squarefree m <= y without presieved factors. */
static enum count_status list_candidates(struct count_plan *plan, const uint16_t *least, struct poll *poll)
{
    struct count_level *level = &plan->level[0];
    level->above = PRESIEVED_LARGEST;
    /* a share of 0.17103 of all numbers, and 2**8 / 2 at the ends */
    if (allocate_level(level, (size_t)((double)plan->y * 0.17103) + 256) != COUNT_DONE)
        return COUNT_NO_MEMORY;
    append(level, 1, -INT32_MAX);
    const struct count_tables *tables = plan->tables;
    for (uint64_t byte = 0; byte * WHEEL <= plan->y; byte++) {
        unsigned bits = tables->low[byte % LOW_PERIOD] & tables->high[byte % HIGH_PERIOD];
        for (; bits; bits &= bits - 1) {
            const uint32_t m = (uint32_t)(byte * WHEEL) + wheel_residue[__builtin_ctz(bits)];
            if (m == 1 || m > plan->y)
                continue;
            const int mu = moebius(least, m);
            if (mu)
                append(level, m, -mu * (int32_t)(least[m / 2] ? least[m / 2] : m));
        }
        if (stop_after(poll, 8))
            return COUNT_INTERRUPTED;
    }
    return COUNT_DONE;
}

/* A further level: what of `from` has no factor up to `above`. */
static enum count_status thin_out(const struct count_level *from, uint32_t above, struct count_level *to,
                                  struct poll *poll)
{
    size_t count = 0;
    for (size_t k = 0; k < from->count; k++)
        count += (uint32_t)abs(from->key[k]) > above;
    to->above = above;
    if (allocate_level(to, count) != COUNT_DONE)
        return COUNT_NO_MEMORY;
    for (size_t k = 0; k < from->count; k++) {
        if ((uint32_t)abs(from->key[k]) > above)
            append(to, from->m[k], from->key[k]);
        if (stop_after(poll, 1))
            return COUNT_INTERRUPTED;
    }
    return COUNT_DONE;
}

static enum count_status fill_levels(struct count_plan *plan, const struct perfpy_interrupt *interrupt)
{
    static const uint32_t above[COUNT_LEVELS] = {PRESIEVED_LARGEST, 53, 199};
    struct poll poll = {interrupt, 0};
    uint16_t *least = calloc(plan->y / 2 + 1, sizeof *least);
    if (!least)
        return COUNT_NO_MEMORY;
    enum count_status status = sieve_least_factors(plan, least, &poll);
    if (status == COUNT_DONE)
        status = list_candidates(plan, least, &poll);
    free(least);
    for (int k = 1; k < COUNT_LEVELS && status == COUNT_DONE; k++)
        status = thin_out(&plan->level[k - 1], above[k], &plan->level[k], &poll);
    return status;
}

enum count_status perfpy_count_plan_fill(struct count_plan *plan, const struct count_tables *tables, uint64_t x,
                                         double alpha, const struct perfpy_interrupt *interrupt)
{
    enum count_status status;
    memset(plan, 0, sizeof *plan);
    plan->tables = tables;
    plan->x = x;
    plan->b_hard = PRESIEVED;
    if (x < COUNT_DIRECT) {
        plan->pi = perfpy_count_build_pi(tables, x, &status, interrupt);
        return status;
    }
    choose_bounds(plan, alpha);
    plan->pi = perfpy_count_build_pi(tables, plan->sqrt_x, &status, interrupt);
    if (status != COUNT_DONE)
        return status;
    if (list_primes(plan) != COUNT_DONE)
        return COUNT_NO_MEMORY;
    bound_indices(plan);
    if (interrupt->requested(interrupt->context))
        return COUNT_INTERRUPTED;
    return fill_levels(plan, interrupt);
}

static void free_level(struct count_level *level)
{
    free(level->m ? level->m - COUNT_MARGIN : NULL);
    free(level->inverse ? level->inverse - COUNT_MARGIN : NULL);
    free(level->key ? level->key - COUNT_MARGIN : NULL);
}

void perfpy_count_plan_clear(struct count_plan *plan)
{
    for (int k = 0; k < COUNT_LEVELS; k++)
        free_level(&plan->level[k]);
    free(plan->inverse);
    free(plan->prime);
    free(plan->pi);
    memset(plan, 0, sizeof *plan);
}
