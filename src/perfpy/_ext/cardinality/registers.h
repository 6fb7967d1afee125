/* Registers of a sketch of different keys, as its operations lay them out; what each keeps is in hyperloglog.c and
 * exaloglog.h.
 */
#ifndef PERFPY_REGISTERS_H
#define PERFPY_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include "../common/isa.h"

enum { LEAST_PRECISION = 4, MOST_PRECISION = 24 };

struct registers {
    uint8_t *content; /* of 1 << precision registers */
    int precision;
    int smallest;        /* rank or highest value of all registers, or less: what is far below it changes nothing */
    size_t since_search; /* hashes since the smallest was looked for */
};

/* What is done to registers, by an instruction set. */
struct registers_operations {
    int bits; /* that a register has */
    void (*add)(struct registers *registers, const uint64_t *hashes, ptrdiff_t count);
    /* Adds the keys of others, which are as many. */
    void (*unite)(struct registers *registers, const uint8_t *content);
};

extern const struct registers_operations perfpy_hyperloglog_baseline, perfpy_hyperloglog_avx2,
    perfpy_hyperloglog_avx512;
extern const struct registers_operations perfpy_exaloglog_baseline, perfpy_exaloglog_avx2, perfpy_exaloglog_avx512;

/* The operations for an instruction set, which must be one that perfpy_isa_choose() returned. */
const struct registers_operations *perfpy_hyperloglog_variant(enum perfpy_isa isa);
const struct registers_operations *perfpy_exaloglog_variant(enum perfpy_isa isa);

#endif
