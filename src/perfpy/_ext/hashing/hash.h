/* The 64-bit hash of a key, as perfpy/hashing/_python.py defines it. */
#ifndef PERFPY_HASH_H
#define PERFPY_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../common/little_endian.h"

#define PERFPY_GOLDEN 0x9E3779B97F4A7C15u

/* The kinds of keys; the number is part of the hash. */
enum perfpy_kind {
    PERFPY_NATURAL = 1,
    PERFPY_NEGATIVE,
    PERFPY_REAL,
    PERFPY_TEXT,
    PERFPY_BYTES,
    PERFPY_LARGE,
    PERFPY_LARGE_NEGATIVE,
    PERFPY_TUPLE,
    PERFPY_NONE,
    PERFPY_KINDS
};

/* The seed of each kind. */
struct perfpy_seeds {
    uint64_t of[PERFPY_KINDS];
};

static inline uint64_t perfpy_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static inline uint64_t perfpy_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 uint128;
    const uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline struct perfpy_seeds perfpy_seeds_from(uint64_t seed)
{
    struct perfpy_seeds seeds = {{0}};
    for (uint64_t kind = 1; kind < PERFPY_KINDS; kind++)
        seeds.of[kind] = perfpy_mix(seed + kind * PERFPY_GOLDEN);
    return seeds;
}

/* Reads 0 to 8 bytes as a number; reads nothing else. */
static inline uint64_t perfpy_load_upto8(const unsigned char *bytes, size_t size)
{
    if (size >= 4) { /* two halves that may overlap, the upper one shifted to where it belongs */
        const uint64_t upper = perfpy_load32(bytes + size - 4);
        return perfpy_load32(bytes) | upper << 8 * (size - 4);
    }
    if (size == 0)
        return 0;
    const size_t middle = size / 2, last = size - 1; /* which are the same byte, or the first one, where it is short */
    return bytes[0] | (uint64_t)bytes[middle] << 8 * middle | (uint64_t)bytes[last] << 8 * last;
}

static inline uint64_t perfpy_hash_block(uint64_t state, uint64_t low, uint64_t high)
{
    const uint64_t turned = state << 32 | state >> 32;
    return perfpy_fold(low ^ 0x243F6A8885A308D3u ^ state, high ^ 0x13198A2E03707344u ^ turned);
}

static inline uint64_t perfpy_hash_start(uint64_t size, uint64_t seed)
{
    return seed ^ size * PERFPY_GOLDEN;
}

static inline uint64_t perfpy_hash_finish(uint64_t state, uint64_t size)
{
    return perfpy_fold(state ^ 0xA4093822299F31D0u, size ^ 0x082EFA98EC4E6C89u);
}

/* `seed` is that of the kind. */
static inline uint64_t perfpy_hash_bytes(const unsigned char *bytes, size_t size, uint64_t seed)
{
    uint64_t state = perfpy_hash_start(size, seed);
    size_t left = size;
    for (; left > 16; left -= 16, bytes += 16)
        state = perfpy_hash_block(state, perfpy_load64(bytes), perfpy_load64(bytes + 8));
    if (left >= 8) /* the last eight bytes, without those that were read already */
        state = perfpy_hash_block(state, perfpy_load64(bytes),
                                  left == 8 ? 0 : perfpy_load64(bytes + left - 8) >> 8 * (16 - left));
    else
        state = perfpy_hash_block(state, perfpy_load_upto8(bytes, left), 0);
    return perfpy_hash_finish(state, size);
}

/* The same of bytes before whose end 16 can be read, be they of the string or not: which takes no branch but where
 * strings differ in the number of their blocks. */
static inline uint64_t perfpy_hash_bytes_behind(const unsigned char *bytes, size_t size, uint64_t seed)
{
    uint64_t state = perfpy_hash_start(size, seed);
    const unsigned char *last = bytes + size - 16;
    size_t left = size;
    for (; left > 16; left -= 16, bytes += 16)
        state = perfpy_hash_block(state, perfpy_load64(bytes), perfpy_load64(bytes + 8));
    __extension__ typedef unsigned __int128 uint128;
    const uint128 block = (uint128)perfpy_load64(last + 8) << 64 | perfpy_load64(last);
    const uint128 tail = left ? block >> 8 * (16 - left) : 0; /* without what is before it */
    return perfpy_hash_finish(perfpy_hash_block(state, (uint64_t)tail, (uint64_t)(tail >> 64)), size);
}

static inline uint64_t perfpy_hash_unsigned(uint64_t number, const struct perfpy_seeds *seeds)
{
    return perfpy_mix(number ^ seeds->of[PERFPY_NATURAL]);
}

static inline uint64_t perfpy_hash_signed(int64_t number, const struct perfpy_seeds *seeds)
{
    return perfpy_mix((uint64_t)number ^ (number < 0 ? seeds->of[PERFPY_NEGATIVE] : seeds->of[PERFPY_NATURAL]));
}

/* A float that is an integer hashes as that; one beyond 64 bits by its bytes. */
uint64_t perfpy_hash_double(double number, const struct perfpy_seeds *seeds);

#endif
