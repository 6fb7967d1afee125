/* Bytes that grow. */
#include <stdlib.h>

#include "compact_build.h"

unsigned char *perfpy_compact_extend(struct bytes *bytes, size_t size)
{
    if (!bytes->failed && size > bytes->capacity - bytes->size) {
        const size_t capacity = bytes->capacity + bytes->capacity / 2 + size + 64;
        unsigned char *grown = realloc(bytes->data, capacity);
        if (grown) {
            bytes->data = grown;
            bytes->capacity = capacity;
        } else {
            bytes->failed = true;
        }
    }
    if (bytes->failed)
        return NULL;
    bytes->size += size;
    return bytes->data + bytes->size - size;
}

void perfpy_compact_append(struct bytes *bytes, const void *data, size_t size)
{
    unsigned char *place = perfpy_compact_extend(bytes, size);
    if (place && size)
        memcpy(place, data, size);
}

void perfpy_compact_append_le(struct bytes *bytes, uint64_t value, unsigned size)
{
    unsigned char *place = perfpy_compact_extend(bytes, size);
    for (unsigned i = 0; place && i < size; i++)
        place[i] = (unsigned char)(value >> 8 * i);
}

unsigned perfpy_compact_bits_of(uint64_t value)
{
    return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

void perfpy_compact_append_packed(struct bytes *bytes, const uint64_t *numbers, uint64_t count, unsigned width)
{
    const size_t size = (size_t)((count * width + 7) / 8) + 8;
    unsigned char *section = perfpy_compact_extend(bytes, size);
    if (!section)
        return;
    memset(section, 0, size);
    uint64_t place = 0;
    for (uint64_t i = 0; i < count; i++)
        for (unsigned bit = 0; bit < width; bit++, place++)
            section[place >> 3] |= (unsigned char)((numbers[i] >> bit & 1) << (place & 7));
}
