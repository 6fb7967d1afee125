/* Primality of 64-bit numbers, proved: the method is in is_prime.c. */
#ifndef PERFPY_PRIMES_IS_PRIME_H
#define PERFPY_PRIMES_IS_PRIME_H

#include <stddef.h>
#include <stdint.h>

#include "../common/interrupt.h"
#include "../common/isa.h"

enum { SMALL_LIMIT = 65536, TRIAL_PRIMES = 46, TRIAL_LARGEST = 211 };

#define LARGEST_PRIME_64 UINT64_C(18446744073709551557) /* 2**64 - 59 */

/* Tables that depend on nothing. n is a multiple of the odd prime p exactly if n * (1 / p mod 2**64) <= limit. */
struct prime_tables {
    uint8_t small[SMALL_LIMIT / 16]; /* bit k: 2 k + 1 is prime */
    uint64_t inverse[TRIAL_PRIMES], limit[TRIAL_PRIMES]; /* of 3, 5, ..., 211 */
    uint32_t prime[TRIAL_PRIMES];
};

void perfpy_prime_tables_fill(struct prime_tables *tables);

/* For n < SMALL_LIMIT. */
static inline int small_is_prime(const struct prime_tables *tables, uint64_t n)
{
    return n == 2 || (n & 1 && tables->small[n / 16] >> (n / 2 & 7) & 1);
}

static inline int divides(const struct prime_tables *tables, int k, uint64_t n)
{
    return n * tables->inverse[k] <= tables->limit[k];
}

int perfpy_is_prime(const struct prime_tables *tables, uint64_t n);

/* The P of the extra strong Lucas test of an odd n that is no multiple of a trial prime; 0 if n was seen to be
 * composite. */
uint64_t perfpy_lucas_parameter(uint64_t n);

/* The least prime > n, for n < LARGEST_PRIME_64; the greatest prime <= n, for n >= 2. */
uint64_t perfpy_prime_after(const struct prime_tables *tables, uint64_t n);
uint64_t perfpy_prime_up_to(const struct prime_tables *tables, uint64_t n);

/* What the numbers of an array are: native integers of 1, 2, 4 or 8 bytes. */
struct integers {
    const void *data;
    size_t count;
    unsigned size;
    int is_signed;
};

enum is_prime_status { IS_PRIME_DONE, IS_PRIME_INTERRUPTED };

/* out[k] = 1 or 0; negative numbers are not prime. Several threads may call it at once. */
typedef enum is_prime_status is_prime_kernel(const struct prime_tables *tables, const struct integers *numbers,
                                             uint8_t *out, const struct perfpy_interrupt *interrupt);

is_prime_kernel perfpy_is_prime_baseline, perfpy_is_prime_avx2, perfpy_is_prime_avx512, perfpy_is_prime_avx512_ifma;

/* The kernel for an instruction set, which must be one that perfpy_isa_choose() returned. */
is_prime_kernel *perfpy_is_prime_variant(enum perfpy_isa isa);

#endif
