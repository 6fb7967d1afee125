/* Counts the random points of a stream that lie inside a circle. */
#ifndef PERFPY_PI_KERNEL_H
#define PERFPY_PI_KERNEL_H

#include <stdint.h>

#include "../common/interrupt.h"
#include "../common/isa.h"

/* Sets `inside` to how many of the points from number `start` on below `stop`, which is not less, lie inside. Returns 0,
 * or -1 where it was interrupted. */
typedef int pi_kernel(uint64_t seed, uint64_t start, uint64_t stop, uint64_t *inside,
                      const struct perfpy_interrupt *interrupt);

pi_kernel perfpy_pi_baseline, perfpy_pi_avx2, perfpy_pi_avx512;

/* The kernel for an instruction set, which must be one that perfpy_isa_choose() returned. */
pi_kernel *perfpy_pi_variant(enum perfpy_isa isa);

#endif
