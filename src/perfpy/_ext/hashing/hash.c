#include "hash.h"

#include <math.h>

/* An integer of 64 bits or more is a mantissa of 53 bits with zeros below. */
static uint64_t hash_large(double magnitude, uint64_t seed)
{
    unsigned char bytes[136] = {0};
    int exponent;
    const uint64_t mantissa = (uint64_t)ldexp(frexp(magnitude, &exponent), 53);
    const int shift = exponent - 53, first = shift / 8;
    const uint64_t low = mantissa << shift % 8; /* 60 bits */
    for (int i = 0; i < 8; i++)
        bytes[first + i] = (unsigned char)(low >> 8 * i);
    return perfpy_hash_bytes(bytes, (size_t)((exponent + 7) / 8), seed);
}

uint64_t perfpy_hash_double(double number, const struct perfpy_seeds *seeds)
{
    uint64_t bits;
    if (isnan(number)) {
        bits = 0x7FF8000000000000u;
    } else if (isfinite(number) && number == floor(number)) {
        if (number >= -0x1p63 && number < 0x1p63)
            return perfpy_hash_signed((int64_t)number, seeds);
        if (number > 0 && number < 0x1p64)
            return perfpy_hash_unsigned((uint64_t)number, seeds);
        return hash_large(fabs(number), seeds->of[number > 0 ? PERFPY_LARGE : PERFPY_LARGE_NEGATIVE]);
    } else {
        memcpy(&bits, &number, sizeof bits);
    }
    return perfpy_mix(bits ^ seeds->of[PERFPY_REAL]);
}
