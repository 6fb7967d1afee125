/* Where the n-th prime is to be looked for. */
#ifndef PERFPY_PRIMES_COUNT_NTH_H
#define PERFPY_PRIMES_COUNT_NTH_H

#include <stdint.h>

#define PERFPY_PRIMES_BELOW_2_64 UINT64_C(425656284035217743)

/* A number near the n-th prime, 1 <= n <= PERFPY_PRIMES_BELOW_2_64: the inverse of Riemann's R, from 2 to 2**64 - 1. */
uint64_t perfpy_count_estimate_nth(uint64_t n);

#endif
