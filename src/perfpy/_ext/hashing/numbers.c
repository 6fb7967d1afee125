/* The loops are plain: the compiler vectorises them where the instruction set can multiply numbers of 64 bits. */
#include "numbers.h"

#include <stdbool.h>

#define SIGNED(name, type)                                                                                             \
    static void name(const void *numbers, ptrdiff_t count, const struct perfpy_seeds *seeds, uint64_t *out)           \
    {                                                                                                                  \
        const type *values = numbers;                                                                                  \
        const uint64_t natural = seeds->of[PERFPY_NATURAL], change = natural ^ seeds->of[PERFPY_NEGATIVE];             \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                        \
            const int64_t value = values[i];                                                                           \
            const uint64_t negative = (uint64_t)(value >> 63); /* all ones or zeros: a choice without a branch */      \
            out[i] = perfpy_mix((uint64_t)value ^ natural ^ (negative & change));                                      \
        }                                                                                                              \
    }

#define UNSIGNED(name, type)                                                                                           \
    static void name(const void *numbers, ptrdiff_t count, const struct perfpy_seeds *seeds, uint64_t *out)           \
    {                                                                                                                  \
        const type *values = numbers;                                                                                  \
        const uint64_t natural = seeds->of[PERFPY_NATURAL];                                                            \
        for (ptrdiff_t i = 0; i < count; i++)                                                                          \
            out[i] = perfpy_mix((uint64_t)values[i] ^ natural);                                                        \
    }

#define REAL(name, type)                                                                                               \
    static void name(const void *numbers, ptrdiff_t count, const struct perfpy_seeds *seeds, uint64_t *out)           \
    {                                                                                                                  \
        const type *values = numbers;                                                                                  \
        for (ptrdiff_t i = 0; i < count; i++)                                                                          \
            out[i] = perfpy_hash_double((double)values[i], seeds);                                                     \
    }

SIGNED(hash_schar, signed char)
SIGNED(hash_short, short)
SIGNED(hash_int, int)
SIGNED(hash_long, long)
SIGNED(hash_longlong, long long)
UNSIGNED(hash_uchar, unsigned char)
UNSIGNED(hash_ushort, unsigned short)
UNSIGNED(hash_uint, unsigned)
UNSIGNED(hash_ulong, unsigned long)
UNSIGNED(hash_ulonglong, unsigned long long)
UNSIGNED(hash_bool, bool)
REAL(hash_float, float)
REAL(hash_double, double)

perfpy_numbers_hash *TABLE_NAME(char format)
{
    switch (format) {
    case 'b': return hash_schar;
    case 'h': return hash_short;
    case 'i': return hash_int;
    case 'l': return hash_long;
    case 'q': return hash_longlong;
    case 'B': return hash_uchar;
    case 'H': return hash_ushort;
    case 'I': return hash_uint;
    case 'L': return hash_ulong;
    case 'Q': return hash_ulonglong;
    case '?': return hash_bool;
    case 'f': return hash_float;
    case 'd': return hash_double;
    default: return NULL;
    }
}
