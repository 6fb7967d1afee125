/* The kernels that sum the leaves of count_plan.h. They are compiled once for each instruction set. */
#ifndef PERFPY_PRIMES_LEAVES_H
#define PERFPY_PRIMES_LEAVES_H

#include "count_plan.h"

/* A chunk of the sieve knows nothing of what lies below it. All sums are modulo 2**64.
 *
 * A leaf in the chunk is phi(v, b - 1) = (those of 1 ... v in the chunk) + (those below the chunk); the sum of the
 * second term over the leaves of b is signs[b] times what the chunks below say in survivors[b]. P2 likewise. */
struct count_chunk {
    uint64_t phi;            /* sum of the first terms over the hard leaves */
    uint64_t p2, p2_terms;   /* sum of the first terms, and how many */
    uint64_t primes;         /* survivors of the whole sieve */
    uint64_t *survivors;     /* [b]: after the primes before b were crossed off; b_hard + 1 entries, zero at first */
    uint64_t *signs;         /* [b]: sum of -mu(m) over the leaves; the same */
};

/* Adds to `sum` the easy leaves of b = first, first + step, ... <= b_cbrt_x, and the trivial leaves of the same b. */
typedef enum count_status count_easy_kernel(const struct count_plan *plan, size_t first, size_t step, uint64_t *sum,
                                            const struct perfpy_interrupt *interrupt);

/* The hard leaves and the terms of P2 with v in bytes first ... end - 1 of the wheel; `first` is a multiple of the
 * plan's segment. */
typedef enum count_status count_hard_kernel(const struct count_plan *plan, uint64_t first, uint64_t end,
                                            struct count_chunk *chunk, const struct perfpy_interrupt *interrupt);

struct count_kernels {
    count_easy_kernel *easy;
    count_hard_kernel *hard;
};

count_easy_kernel perfpy_count_easy_baseline, perfpy_count_easy_avx2, perfpy_count_easy_avx512,
    perfpy_count_easy_avx512_popcnt;
count_hard_kernel perfpy_count_hard_baseline, perfpy_count_hard_avx2, perfpy_count_hard_avx512,
    perfpy_count_hard_avx512_popcnt;

#endif
