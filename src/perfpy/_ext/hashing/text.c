#include "text.h"

#include "hash.h"

static inline uint32_t point_at(int width, const void *points, size_t index)
{
    if (width == 1)
        return ((const uint8_t *)points)[index];
    return width == 2 ? ((const uint16_t *)points)[index] : ((const uint32_t *)points)[index];
}

/* Writes a code point as UTF-8; half of a surrogate pair as if it were a character. */
static inline unsigned char *put(unsigned char *end, uint32_t point)
{
    if (point < 0x80) {
        *end++ = (unsigned char)point;
    } else if (point < 0x800) {
        *end++ = (unsigned char)(0xC0 | point >> 6);
        *end++ = (unsigned char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        *end++ = (unsigned char)(0xE0 | point >> 12);
        *end++ = (unsigned char)(0x80 | (point >> 6 & 0x3F));
        *end++ = (unsigned char)(0x80 | (point & 0x3F));
    } else {
        *end++ = (unsigned char)(0xF0 | point >> 18);
        *end++ = (unsigned char)(0x80 | (point >> 12 & 0x3F));
        *end++ = (unsigned char)(0x80 | (point >> 6 & 0x3F));
        *end++ = (unsigned char)(0x80 | (point & 0x3F));
    }
    return end;
}

/* The bytes are not kept: they are counted first, as their number is part of the hash, then hashed 16 at a time. */
uint64_t perfpy_hash_text(int width, const void *points, size_t length, uint64_t seed)
{
    uint64_t size = 0;
    for (size_t i = 0; i < length; i++) {
        const uint32_t point = point_at(width, points, i);
        size += 1u + (point >= 0x80) + (point >= 0x800) + (point >= 0x10000);
    }
    uint64_t state = perfpy_hash_start(size, seed);
    unsigned char block[16 + 4] = {0}, *end = block; /* with room for the character that goes beyond it */
    for (size_t i = 0; i < length; i++) {
        end = put(end, point_at(width, points, i));
        if (end < block + 16)
            continue;
        state = perfpy_hash_block(state, perfpy_load64(block), perfpy_load64(block + 8));
        memcpy(block, block + 16, 4);
        end -= 16;
        memset(end, 0, (size_t)(block + 16 + 4 - end));
    }
    if (end > block || size == 0)
        state = perfpy_hash_block(state, perfpy_load64(block), perfpy_load64(block + 8));
    return perfpy_hash_finish(state, size);
}
