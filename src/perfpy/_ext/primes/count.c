/* Cuts pi(x) into pieces and puts it together; count_plan.h has the method.
 *
 * Part k of n has every n-th of the ordinary and easy leaves and the k-th chunk of the sieve. Early segments have most
 * leaves, so the chunks widen: chunk k ends at the share ((k + 1) / n)^2 of the segments. A piece is a run of parts. Its
 * result is a header and two rows of b_hard + 1 numbers, which say what the chunks above need to know. All sums are
 * modulo 2**64.
 */
#include "count.h"

#include <stdlib.h>

enum { LEAVES, P2_SUM, P2_TERMS, PRIMES, HEADER };

struct count_kernels perfpy_count_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        if (__builtin_cpu_supports("avx512vpopcntdq"))
            return (struct count_kernels){perfpy_count_easy_avx512_popcnt, perfpy_count_hard_avx512_popcnt};
        return (struct count_kernels){perfpy_count_easy_avx512, perfpy_count_hard_avx512};
    case PERFPY_ISA_AVX2:
        return (struct count_kernels){perfpy_count_easy_avx2, perfpy_count_hard_avx2};
#endif
    default:
        return (struct count_kernels){perfpy_count_easy_baseline, perfpy_count_hard_baseline};
    }
}

size_t perfpy_count_piece_size(const struct count_plan *plan)
{
    return HEADER + 2 * (plan->b_hard + 1);
}

/* phi(v, PRESIEVED): without the multiples of 2 ... 13 from the table, then those of 17 and 19 taken off. */
static uint64_t phi_presieved(const struct count_tables *tables, uint64_t v)
{
    const uint64_t part[4] = {v, v / 17, v / 19, v / 323};
    uint64_t phi[4];
    for (int k = 0; k < 4; k++)
        phi[k] = part[k] / PRIMORIAL * TOTIENT + tables->phi[part[k] % PRIMORIAL];
    return phi[0] - phi[1] - phi[2] + phi[3];
}

static enum count_status ordinary_leaves(const struct count_plan *plan, uint64_t first, uint64_t step, uint64_t *sum,
                                         const struct perfpy_interrupt *interrupt)
{
    enum { BETWEEN_POLLS = 1 << 18 };
    const struct count_level *level = &plan->level[0];
    uint64_t since = 0;
    for (uint64_t k = first; k < level->count; k += step) {
        const uint64_t phi = phi_presieved(plan->tables, plan->x / level->m[k]);
        *sum += level->key[k] < 0 ? phi : 0 - phi;
        if (++since % BETWEEN_POLLS == 0 && interrupt->requested(interrupt->context))
            return COUNT_INTERRUPTED;
    }
    return COUNT_DONE;
}

/* Where chunk k of n begins, in segments. */
static uint64_t boundary(uint64_t segments, uint64_t k, uint64_t n)
{
    if (k == n)
        return segments;
    const double share = (double)k / (double)n;
    const uint64_t at = (uint64_t)(share * share * (double)segments);
    return at < segments ? at : segments;
}

enum count_status perfpy_count_piece(const struct count_plan *plan, const struct count_kernels *kernels,
                                     uint64_t first, uint64_t stop, uint64_t n, uint64_t *piece,
                                     const struct perfpy_interrupt *interrupt)
{
    memset(piece, 0, perfpy_count_piece_size(plan) * sizeof *piece);
    if (plan->x < COUNT_DIRECT)
        return COUNT_DONE;
    const size_t b = (plan->b_sqrt_y > PRESIEVED ? plan->b_sqrt_y : PRESIEVED) + 1;
    for (uint64_t k = first; k < stop; k++) {
        enum count_status status = kernels->easy(plan, b + k, n, &piece[LEAVES], interrupt);
        if (status == COUNT_DONE)
            status = ordinary_leaves(plan, k, n, &piece[LEAVES], interrupt);
        if (status != COUNT_DONE)
            return status;
    }
    struct count_chunk chunk = {.survivors = piece + HEADER, .signs = piece + HEADER + plan->b_hard + 1};
    const uint64_t segments = plan->z / WHEEL / plan->segment + 1;
    const uint64_t from = boundary(segments, first, n), to = boundary(segments, stop, n);
    const enum count_status status =
        kernels->hard(plan, from * plan->segment, to * plan->segment, &chunk, interrupt);
    piece[LEAVES] += chunk.phi;
    piece[P2_SUM] = chunk.p2;
    piece[P2_TERMS] = chunk.p2_terms;
    piece[PRIMES] = chunk.primes;
    return status;
}

/* The trivial leaves of p > cbrt(x): a - b of each b. */
static uint64_t trivial_leaves(const struct count_plan *plan)
{
    const size_t first = plan->b_cbrt_x > PRESIEVED ? plan->b_cbrt_x : PRESIEVED;
    const uint64_t count = plan->a - 1 - first;
    return count * (count + 1) / 2;
}

enum count_status perfpy_count_combine(const struct count_plan *plan, const uint64_t *pieces, uint64_t pieces_count,
                                       uint64_t *count)
{
    if (plan->x < COUNT_DIRECT) {
        *count = count_pi(plan->pi, plan->x);
        return COUNT_DONE;
    }
    uint64_t *below = calloc(plan->b_hard + 1, sizeof *below);
    if (!below)
        return COUNT_NO_MEMORY;
    uint64_t phi = trivial_leaves(plan), p2 = 0;
    uint64_t primes = plan->b_sieve - 1; /* the number 1 survives, the primes that were crossed off do not */
    for (uint64_t k = 0; k < pieces_count; k++) {
        const uint64_t *piece = pieces + k * perfpy_count_piece_size(plan);
        const uint64_t *survivors = piece + HEADER, *signs = survivors + plan->b_hard + 1;
        phi += piece[LEAVES];
        for (size_t b = 0; b <= plan->b_hard; b++) {
            phi += signs[b] * below[b];
            below[b] += survivors[b];
        }
        p2 += piece[P2_SUM] + piece[P2_TERMS] * primes;
        primes += piece[PRIMES];
    }
    free(below);
    /* P2 is the sum of pi(x / p_b) - (b - 1) over a < b <= pi(sqrt(x)). */
    const uint64_t a = plan->a, last = count_pi(plan->pi, plan->sqrt_x);
    p2 -= last * (last - 1) / 2 - a * (a - 1) / 2;
    *count = phi + a - 1 - p2;
    return COUNT_DONE;
}

enum count_status perfpy_count_primes(const struct count_tables *tables, const struct count_kernels *kernels,
                                      uint64_t x, uint64_t *count, const struct perfpy_interrupt *interrupt)
{
    struct count_plan plan;
    enum count_status status = perfpy_count_plan_fill(&plan, tables, x, 0, interrupt);
    uint64_t *piece = NULL;
    if (status == COUNT_DONE && !(piece = malloc(perfpy_count_piece_size(&plan) * sizeof *piece)))
        status = COUNT_NO_MEMORY;
    if (status == COUNT_DONE)
        status = perfpy_count_piece(&plan, kernels, 0, 1, 1, piece, interrupt);
    if (status == COUNT_DONE)
        status = perfpy_count_combine(&plan, piece, 1, count);
    free(piece);
    perfpy_count_plan_clear(&plan);
    return status;
}
