/* A HyperLogLog sketch: the set of all hashes while that takes no more memory than the registers would, then registers.
 * So what it holds depends on which hashes were taken in, and on nothing else.
 */
#ifndef PERFPY_HYPERLOGLOG_H
#define PERFPY_HYPERLOGLOG_H

#include "hash_set.h"
#include "registers.h"

struct hyperloglog {
    struct hash_set hashes;     /* while there are no ranks */
    struct registers registers; /* with ranks, or NULL */
    const struct registers_operations *operations;
};

/* How many hashes it keeps before it goes over to registers. */
static inline size_t hyperloglog_most_hashes(int precision)
{
    return ((size_t)1 << precision) / sizeof(uint64_t);
}

/* Empties it and sets its precision. */
void perfpy_hyperloglog_reset(struct hyperloglog *sketch, int precision);

/* Takes hashes in: 0, or -1 where memory is short. */
int perfpy_hyperloglog_take(struct hyperloglog *sketch, const uint64_t *hashes, ptrdiff_t count);

/* Raises its registers to another's, which are as many: 0, or -1 where memory is short. */
int perfpy_hyperloglog_merge(struct hyperloglog *sketch, const uint8_t *ranks);

#endif
