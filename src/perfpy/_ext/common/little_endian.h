/* Numbers as they lie in files and in keys, whatever the machine: little-endian, at any address. */
#ifndef PERFPY_LITTLE_ENDIAN_H
#define PERFPY_LITTLE_ENDIAN_H

#include <stdint.h>
#include <string.h>

static inline uint64_t perfpy_load64(const unsigned char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline uint32_t perfpy_load32(const unsigned char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

#endif
