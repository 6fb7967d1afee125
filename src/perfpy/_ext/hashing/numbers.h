/* Hashes of the numbers of an array, built once for each instruction set. */
#ifndef PERFPY_NUMBERS_H
#define PERFPY_NUMBERS_H

#include <stddef.h>

#include "../common/isa.h"
#include "hash.h"

typedef void perfpy_numbers_hash(const void *numbers, ptrdiff_t count, const struct perfpy_seeds *seeds, uint64_t *out);

/* The function for numbers of a native type, given by its letter in the buffer protocol, or NULL. */
typedef perfpy_numbers_hash *perfpy_numbers_table(char format);

perfpy_numbers_table perfpy_numbers_baseline, perfpy_numbers_avx2, perfpy_numbers_avx512;

static inline perfpy_numbers_hash *perfpy_numbers_variant(enum perfpy_isa isa, char format)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return perfpy_numbers_avx512(format);
    case PERFPY_ISA_AVX2:
        return perfpy_numbers_avx2(format);
#endif
    default:
        return perfpy_numbers_baseline(format);
    }
}

#endif
