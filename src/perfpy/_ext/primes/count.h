/* pi(x), the number of primes <= x, by pieces that any thread or process may compute. */
#ifndef PERFPY_PRIMES_COUNT_H
#define PERFPY_PRIMES_COUNT_H

#include "../common/isa.h"
#include "leaves.h"

/* The kernels for an instruction set, which must be one that perfpy_isa_choose() returned. */
struct count_kernels perfpy_count_variant(enum perfpy_isa isa);

/* A piece's result: this many numbers. */
size_t perfpy_count_piece_size(const struct count_plan *plan);

/* More parts than this would be of no use to anyone. */
#define COUNT_PARTS_MOST UINT64_C(1000000)

/* Computes the parts first <= k < stop of n, together. Several threads may do so at once with one plan. */
enum count_status perfpy_count_piece(const struct count_plan *plan, const struct count_kernels *kernels,
                                     uint64_t first, uint64_t stop, uint64_t n, uint64_t *piece,
                                     const struct perfpy_interrupt *interrupt);

/* pi(x) from pieces, one after the other in memory, that cover all parts in ascending order. */
enum count_status perfpy_count_combine(const struct count_plan *plan, const uint64_t *pieces, uint64_t pieces_count,
                                       uint64_t *count);

/* pi(x) in this thread. */
enum count_status perfpy_count_primes(const struct count_tables *tables, const struct count_kernels *kernels,
                                      uint64_t x, uint64_t *count, const struct perfpy_interrupt *interrupt);

#endif
