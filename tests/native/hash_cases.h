/* The hash of keys by its definition, and keys that are special to it. */
#ifndef HASH_CASES_H
#define HASH_CASES_H

#include <float.h>
#include <math.h>

#include "hash.h"

/* Of 16 bytes at a time, the last ones filled up with zeros. */
static inline uint64_t bytes_by_definition(const unsigned char *bytes, size_t size, uint64_t seed)
{
    uint64_t state = seed ^ size * UINT64_C(0x9E3779B97F4A7C15);
    for (size_t start = 0; start == 0 || start < size; start += 16) {
        uint64_t halves[2] = {0, 0};
        for (size_t i = start; i < size && i < start + 16; i++)
            halves[(i - start) / 8] |= (uint64_t)bytes[i] << i % 8 * 8;
        const uint128 product = (uint128)(halves[0] ^ UINT64_C(0x243F6A8885A308D3) ^ state) *
                                (halves[1] ^ UINT64_C(0x13198A2E03707344) ^ (state << 32 | state >> 32));
        state = (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    const uint128 product =
        (uint128)(state ^ UINT64_C(0xA4093822299F31D0)) * (size ^ UINT64_C(0x082EFA98EC4E6C89));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t natural_by_definition(uint64_t number, const struct perfpy_seeds *seeds)
{
    return mix_by_definition(number ^ seeds->of[PERFPY_NATURAL]);
}

static inline uint64_t integer_by_definition(int64_t number, const struct perfpy_seeds *seeds)
{
    return number >= 0 ? natural_by_definition((uint64_t)number, seeds)
                       : mix_by_definition((uint64_t)number ^ seeds->of[PERFPY_NEGATIVE]);
}

/* An integer of more than 64 bits has the hash of its bytes, the lowest first. */
static inline uint64_t large_by_definition(double magnitude, uint64_t seed)
{
    unsigned char bytes[128];
    size_t size = 0;
    for (; magnitude >= 1; magnitude = floor(magnitude / 256))
        bytes[size++] = (unsigned char)fmod(magnitude, 256);
    return bytes_by_definition(bytes, size, seed);
}

static inline uint64_t real_by_definition(double number, const struct perfpy_seeds *seeds)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    if (number != number)
        bits = UINT64_C(0x7FF8) << 48;
    else if (fmod(number, 1) == 0 && number <= DBL_MAX && number >= -DBL_MAX) {
        if (number < -0x1p63)
            return large_by_definition(-number, seeds->of[PERFPY_LARGE_NEGATIVE]);
        if (number >= 0x1p64)
            return large_by_definition(number, seeds->of[PERFPY_LARGE]);
        return number < 0 ? integer_by_definition((int64_t)number, seeds)
                          : natural_by_definition((uint64_t)number, seeds);
    }
    return mix_by_definition(bits ^ seeds->of[PERFPY_REAL]);
}

/* The hash of a number by its letter in the buffer protocol. */
static inline uint64_t number_by_definition(char format, const void *address, const struct perfpy_seeds *seeds)
{
#define CASE(letter, type, definition)                                                                                 \
    case letter: {                                                                                                     \
        type number;                                                                                                   \
        memcpy(&number, address, sizeof number);                                                                       \
        return definition(number, seeds);                                                                              \
    }
    switch (format) {
        CASE('b', signed char, integer_by_definition)
        CASE('h', short, integer_by_definition)
        CASE('i', int, integer_by_definition)
        CASE('l', long, integer_by_definition)
        CASE('q', long long, integer_by_definition)
        CASE('B', unsigned char, natural_by_definition)
        CASE('?', unsigned char, natural_by_definition)
        CASE('H', unsigned short, natural_by_definition)
        CASE('I', unsigned, natural_by_definition)
        CASE('L', unsigned long, natural_by_definition)
        CASE('Q', unsigned long long, natural_by_definition)
        CASE('f', float, real_by_definition)
        CASE('d', double, real_by_definition)
    }
#undef CASE
    fail("an unknown type", (uint64_t)format);
    return 0;
}

static inline double random_real(void)
{
    static const double special[] = {0.0, 0.5, 1.0, 0x1p31, 0x1p52, 0x1p53, 0x1p62, 0x1p63, 0x1p64, 0x1p65, 0x1p1000,
                                     0x1.fffffffffffffp62, 0x1.fffffffffffffp63, 0x1.0000000000001p63,
                                     0x1.0000000000001p64, DBL_MAX, DBL_MIN, DBL_TRUE_MIN, INFINITY, NAN};
    double number;
    uint64_t bits = random_bits();
    switch (below(4)) {
    case 0:
        number = special[below(sizeof special / sizeof *special)];
        break;
    case 1:
        number = ldexp((double)(bits >> 11), (int)below(972)); /* an integer of any size */
        break;
    case 2:
        number = (double)(int64_t)bits;
        break;
    default:
        memcpy(&number, &bits, sizeof number); /* NaNs of many kinds, too */
    }
    return below(2) ? number : -number;
}

static inline void fill_random(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(random_bits() >> below(9)); /* zeros at the end matter */
}

/* As this machine stores an integer of so many bytes. */
static inline void store_integer(void *address, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        ((unsigned char *)address)[size - 1 - i] = (unsigned char)(number >> 8 * i);
#else
        ((unsigned char *)address)[i] = (unsigned char)(number >> 8 * i);
#endif
}

/* A number of a type: one of its ends, a small one, or any. */
static inline void random_number(char format, void *address, size_t size)
{
    const uint64_t ends[] = {0, 1, UINT64_MAX, UINT64_C(1) << (8 * size - 1), (UINT64_C(1) << (8 * size - 1)) - 1};
    uint64_t bits = below(3) ? random_bits() : ends[below(5)];
    const double real = random_real();
    const float single = (float)real;
    if (format == 'd')
        memcpy(&bits, &real, sizeof real);
    if (format == 'f' && below(2))
        memcpy(&bits, &single, sizeof single);
    if (format == '?')
        bits &= 1;
    store_integer(address, bits, size);
}

#endif
