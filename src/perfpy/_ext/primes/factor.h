/* Prime factors of 64-bit numbers. */
#ifndef PERFPY_PRIMES_FACTOR_H
#define PERFPY_PRIMES_FACTOR_H

#include "is_prime.h"

enum { FACTORS_MOST = 63 }; /* 2**63 has as many */

/* Writes the prime factors of n >= 1 in ascending order, each as often as it divides n. Returns how many, or -1 if it was
 * interrupted. */
int perfpy_factor(const struct prime_tables *tables, uint64_t n, uint64_t factors[FACTORS_MOST],
                  const struct perfpy_interrupt *interrupt);

#endif
