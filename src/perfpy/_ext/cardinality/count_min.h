/* Counters of a count-min sketch: a key has one in each row, and the least of them is at least its count. `python` in
 * perfpy/techniques/cardinality defines the same.
 */
#ifndef PERFPY_COUNT_MIN_H
#define PERFPY_COUNT_MIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COUNT_MIN_MOST_ROWS = 32 };

struct count_min {
    uint64_t *total;    /* of all counts */
    uint64_t *counters; /* row by row */
    uint64_t width;     /* of a row */
    int depth;
    bool conservative; /* raise only those counters that say too little */
};

/* Counts each of some hashes so many times. */
void perfpy_count_min_add(const struct count_min *sketch, const uint64_t *hashes, ptrdiff_t count, uint64_t times);

/* Writes the count of each hash. */
void perfpy_count_min_look_up(const struct count_min *sketch, const uint64_t *hashes, ptrdiff_t count, uint64_t *out);

#endif
