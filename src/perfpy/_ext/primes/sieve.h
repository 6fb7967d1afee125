/* Primes, twins, triplets and quadruplets of a window by a segmented sieve of Eratosthenes. */
#ifndef PERFPY_PRIMES_SIEVE_H
#define PERFPY_PRIMES_SIEVE_H

#include <stddef.h>
#include <stdint.h>

#include "../common/interrupt.h"
#include "../common/isa.h"
#include "presieve.h"

/* What every call on this machine shares; read-only after perfpy_sieve_init. */
struct sieve_machine {
    struct presieve presieve;
    size_t l1, l2;      /* bytes of the data caches of a core */
    int byte_compress; /* the processor has AVX512-VBMI2 */
};

enum sieve_output { SIEVE_COUNT, SIEVE_BITS, SIEVE_UINT32, SIEVE_UINT64 };

enum sieve_status { SIEVE_DONE, SIEVE_INTERRUPTED, SIEVE_NO_MEMORY, SIEVE_TOO_SMALL };

struct sieve_job {
    const struct sieve_machine *machine;
    uint64_t first, last; /* the window, both ends included; first <= last */
    int members;          /* 1 lists primes; 2, 3, 4 list first members of twins, triplets, quadruplets inside the window */
    enum sieve_output output;
    void *out;       /* items, or the wheel bytes from that of max(first, 7) to that of max(last, 7) */
    size_t capacity; /* items or bytes in `out` */
    uint64_t count;  /* result: how many were found. Items of `out` behind them may have been overwritten */
};

/* Sieves a window. Cost: n log log n of the window's length n, and a constant of some nanoseconds for each prime up
 * to sqrt(last). Memory: that of sieve_window in sieve.c. Any number of threads may sieve at once. */
typedef enum sieve_status sieve_window_function(struct sieve_job *job, const struct perfpy_interrupt *interrupt);

/* Lists what a job of output SIEVE_BITS for the same window and the same `members` wrote to `bits`. */
typedef enum sieve_status sieve_extract_function(struct sieve_job *job, const uint8_t *bits,
                                                 const struct perfpy_interrupt *interrupt);

struct sieve_kernel {
    sieve_window_function *window;
    sieve_extract_function *extract;
};

extern const struct sieve_kernel perfpy_sieve_baseline, perfpy_sieve_avx2, perfpy_sieve_avx512;

/* The kernel for an instruction set, which must be one that perfpy_isa_choose() returned. */
const struct sieve_kernel *perfpy_sieve_variant(enum perfpy_isa isa);

/* Returns 0, or -1 without memory. */
int perfpy_sieve_init(struct sieve_machine *machine);
void perfpy_sieve_clear(struct sieve_machine *machine);

/* How many bytes of wheel bits the window has. */
uint64_t perfpy_sieve_bytes(uint64_t first, uint64_t last);

#endif
