#include "count_min.h"

/* A sketch larger than the nearer caches costs a miss per row, asked for some keys ahead. */
enum { NEAR_BYTES = 1 << 20, AHEAD = 8 };

/* Where the counters of a hash are: an arithmetic progression from it, with an odd step from a hash of the hash. */
static inline void place(const struct count_min *sketch, uint64_t hash, uint64_t **counters)
{
    __extension__ typedef unsigned __int128 uint128;
    const uint64_t step = (hash << 32 | hash >> 32) * 0xD1342543DE82EF95u | 1;
    uint64_t *row = sketch->counters;
    for (int i = 0; i < sketch->depth; i++, hash += step, row += sketch->width)
        counters[i] = row + (uint64_t)((uint128)hash * sketch->width >> 64);
}

static inline void prefetch(const struct count_min *sketch, const uint64_t *hashes, ptrdiff_t left)
{
    if (left <= AHEAD || sketch->width * (uint64_t)sketch->depth * sizeof(uint64_t) <= NEAR_BYTES)
        return;
    uint64_t *counters[COUNT_MIN_MOST_ROWS];
    place(sketch, hashes[AHEAD], counters);
    for (int i = 0; i < sketch->depth; i++)
        __builtin_prefetch(counters[i], 1);
}

static inline uint64_t least(uint64_t *const *counters, int depth)
{
    uint64_t least = *counters[0];
    for (int i = 1; i < depth; i++)
        least = *counters[i] < least ? *counters[i] : least;
    return least;
}

void perfpy_count_min_add(const struct count_min *sketch, const uint64_t *hashes, ptrdiff_t count, uint64_t times)
{
    uint64_t *counters[COUNT_MIN_MOST_ROWS];
    const int depth = sketch->depth;
    for (ptrdiff_t k = 0; k < count; k++) {
        prefetch(sketch, hashes + k, count - k);
        place(sketch, hashes[k], counters);
        if (sketch->conservative) {
            const uint64_t raised = least(counters, depth) + times;
            for (int i = 0; i < depth; i++)
                *counters[i] = *counters[i] > raised ? *counters[i] : raised;
        } else {
            for (int i = 0; i < depth; i++)
                *counters[i] += times;
        }
    }
    *sketch->total += (uint64_t)count * times;
}

void perfpy_count_min_look_up(const struct count_min *sketch, const uint64_t *hashes, ptrdiff_t count, uint64_t *out)
{
    uint64_t *counters[COUNT_MIN_MOST_ROWS];
    for (ptrdiff_t k = 0; k < count; k++) {
        prefetch(sketch, hashes + k, count - k);
        place(sketch, hashes[k], counters);
        out[k] = least(counters, sketch->depth);
    }
}
