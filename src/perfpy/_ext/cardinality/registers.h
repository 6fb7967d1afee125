/* Registers of HyperLogLog; `python` in perfpy/techniques/cardinality defines the same.
 *
 * The upper bits of a hash choose a register, which keeps the highest rank of what was put there: the zeros that the
 * rest of the hash begins with, and one.
 */
#ifndef PERFPY_REGISTERS_H
#define PERFPY_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include "../common/isa.h"

enum { HYPERLOGLOG_LEAST = 4, HYPERLOGLOG_MOST = 24 /* bits that choose */ };

struct registers {
    uint8_t *ranks; /* 1 << precision of them */
    int precision;
    int smallest;        /* of all ranks, or less; what is not above it cannot change anything */
    size_t since_search; /* hashes since the smallest was looked for */
};

/* What is done to registers, by an instruction set. */
struct registers_operations {
    void (*add)(struct registers *registers, const uint64_t *hashes, ptrdiff_t count);
    /* Raises each to another's, which are as many. */
    void (*merge)(struct registers *registers, const uint8_t *ranks);
};

extern const struct registers_operations perfpy_registers_baseline, perfpy_registers_avx2, perfpy_registers_avx512;

/* The operations for an instruction set, which must be one that perfpy_isa_choose() returned. */
const struct registers_operations *perfpy_registers_variant(enum perfpy_isa isa);

#endif
