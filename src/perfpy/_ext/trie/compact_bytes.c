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
