/* The hashes of a column's elements. */
#include "column.h"

#include <math.h>

int64_t perfpy_integer_at(const struct perfpy_layout_of *layout, const unsigned char *values, int64_t index)
{
    const unsigned char *address = values + index * layout->width;
    const bool is_signed = layout->number >= 'a';
    int16_t two;
    switch (layout->width) {
    case 1:
        return is_signed ? (int8_t)*address : *address;
    case 2:
        memcpy(&two, address, sizeof two);
        return is_signed ? two : (uint16_t)two;
    case 4:
        return is_signed ? (int64_t)perfpy_int32_at(address) : (int64_t)(uint32_t)perfpy_int32_at(address);
    default:
        return perfpy_int64_at(address);
    }
}

double perfpy_half_at(const unsigned char *values, int64_t index)
{
    uint16_t bits;
    memcpy(&bits, values + 2 * index, sizeof bits);
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double magnitude;
    if (exponent == 31)
        magnitude = fraction ? NAN : INFINITY;
    else
        magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return bits >> 15 ? -magnitude : magnitude;
}

struct perfpy_string perfpy_string_at(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk,
                                      int64_t index)
{
    if (layout->layout == PERFPY_VIEWS)
        return perfpy_view_at(chunk, index);
    int64_t begin, end;
    if (layout->layout == PERFPY_LINES) {
        const struct perfpy_line *line = chunk->lines + index;
        begin = line->begin, end = begin + line->size;
    } else if (layout->layout == PERFPY_FIXED) {
        begin = index * layout->width, end = begin + layout->width;
    } else if (layout->width == 4) {
        begin = perfpy_int32_at(chunk->values + 4 * index), end = perfpy_int32_at(chunk->values + 4 * index + 4);
    } else {
        begin = perfpy_int64_at(chunk->values + 8 * index), end = perfpy_int64_at(chunk->values + 8 * index + 8);
    }
    return (struct perfpy_string){chunk->data + begin, end - begin, end >= 16};
}

static inline uint64_t hash_string(struct perfpy_string string, uint64_t seed)
{
    return string.behind ? perfpy_hash_bytes_behind(string.bytes, (size_t)string.size, seed)
                         : perfpy_hash_bytes(string.bytes, (size_t)string.size, seed);
}

/* Strings between offsets of so many bytes. */
#define BETWEEN_OFFSETS(name, width, offset_at)                                                                        \
    static void name(const struct perfpy_chunk *chunk, int64_t first, ptrdiff_t count, uint64_t seed, uint64_t *out)   \
    {                                                                                                                  \
        const unsigned char *offsets = chunk->values + first * (width);                                                \
        int64_t begin = offset_at(offsets);                                                                            \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                        \
            const int64_t end = offset_at(offsets + (width) * (i + 1));                                                \
            out[i] = hash_string((struct perfpy_string){chunk->data + begin, end - begin, end >= 16}, seed);           \
            begin = end;                                                                                               \
        }                                                                                                              \
    }
BETWEEN_OFFSETS(hash_short_offsets, 4, perfpy_int32_at)
BETWEEN_OFFSETS(hash_long_offsets, 8, perfpy_int64_at)

/* A loop for each layout of strings, so that the choice is outside of it. */
static void hash_strings(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk, int64_t first,
                         ptrdiff_t count, uint64_t seed, uint64_t *out)
{
    switch (layout->layout) {
    case PERFPY_STRINGS:
        if (layout->width == 8)
            hash_long_offsets(chunk, first, count, seed, out);
        else
            hash_short_offsets(chunk, first, count, seed, out);
        return;
    case PERFPY_LINES:
        for (const struct perfpy_line *line = chunk->lines + first, *end = line + count; line < end; line++)
            *out++ = hash_string(
                (struct perfpy_string){chunk->data + line->begin, line->size, (uint64_t)line->begin + line->size >= 16},
                seed);
        return;
    case PERFPY_VIEWS:
        for (ptrdiff_t i = 0; i < count; i++) /* what is null may refer to anything */
            out[i] = perfpy_is_valid(chunk, first + i) ? hash_string(perfpy_view_at(chunk, first + i), seed) : 0;
        return;
    default:
        for (ptrdiff_t i = 0; i < count; i++)
            out[i] = hash_string(perfpy_string_at(layout, chunk, first + i), seed);
    }
}

static void hash_numbers(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk, int64_t first,
                         ptrdiff_t count, const struct perfpy_hasher *hasher, uint64_t *out)
{
    perfpy_numbers_hash *hash = perfpy_numbers_variant(hasher->isa, layout->number);
    const unsigned char *numbers = chunk->values + first * layout->width;
    uint64_t aligned[PERFPY_BATCH];
    if ((uintptr_t)numbers % (uintptr_t)layout->width) {
        memcpy(aligned, numbers, (size_t)(count * layout->width));
        numbers = (const unsigned char *)aligned;
    }
    hash(numbers, count, &hasher->seeds, out);
}

/* Hashes elements that are no indexes. */
static void hash_elements(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk, int64_t first,
                          ptrdiff_t count, const struct perfpy_hasher *hasher, uint64_t *out)
{
    const struct perfpy_seeds *seeds = &hasher->seeds;
    const uint64_t none = perfpy_mix(seeds->of[PERFPY_NONE]);
    switch (layout->layout) {
    case PERFPY_NULLS:
        for (ptrdiff_t i = 0; i < count; i++)
            out[i] = none;
        return;
    case PERFPY_BITS:
        for (ptrdiff_t i = 0; i < count; i++)
            out[i] = perfpy_hash_unsigned(chunk->values[(first + i) / 8] >> (first + i) % 8 & 1, seeds);
        break;
    case PERFPY_HALVES:
        for (ptrdiff_t i = 0; i < count; i++)
            out[i] = perfpy_hash_double(perfpy_half_at(chunk->values, first + i), seeds);
        break;
    case PERFPY_NUMBERS:
        hash_numbers(layout, chunk, first, count, hasher, out);
        break;
    default:
        hash_strings(layout, chunk, first, count, seeds->of[layout->text ? PERFPY_TEXT : PERFPY_BYTES], out);
    }
    if (chunk->valid)
        for (ptrdiff_t i = 0; i < count; i++)
            out[i] = perfpy_is_valid(chunk, first + i) ? out[i] : none;
}

void perfpy_column_hash(const struct perfpy_column *column, const struct perfpy_chunk *chunk, int64_t first,
                        ptrdiff_t count, const struct perfpy_hasher *hasher, uint64_t *out)
{
    if (column->layout.layout != PERFPY_DICTIONARY) {
        hash_elements(&column->layout, chunk, first, count, hasher, out);
        return;
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        if (perfpy_is_valid(chunk, first + i)) {
            const int64_t index = perfpy_integer_at(&column->layout, chunk->values, first + i);
            hash_elements(&column->dictionary, chunk->dictionary, chunk->dictionary->first + index, 1, hasher, out + i);
        } else {
            out[i] = perfpy_mix(hasher->seeds.of[PERFPY_NONE]);
        }
    }
}

int64_t perfpy_column_find(const struct perfpy_column *column, int64_t key)
{
    int64_t low = 0, high = column->chunk_count;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (column->chunks[middle].start <= key)
            low = middle;
        else
            high = middle;
    }
    return low; /* chunks without keys start where the next one does, and that is found */
}
