/* A sketch of different keys: the set of all hashes while that takes no more memory than the registers would, then
 * registers. So what it holds depends on which hashes were taken in, and on nothing else.
 */
#ifndef PERFPY_DISTINCT_H
#define PERFPY_DISTINCT_H

#include "hash_set.h"
#include "registers.h"

struct distinct {
    struct hash_set hashes;     /* while there is no content */
    struct registers registers; /* with content, or NULL */
    const struct registers_operations *operations;
};

/* Bytes of its registers. */
static inline size_t distinct_bytes(const struct distinct *sketch)
{
    return ((size_t)sketch->operations->bits << sketch->registers.precision) / 8;
}

/* Empties it and sets its precision. */
void perfpy_distinct_reset(struct distinct *sketch, int precision);

/* Takes hashes in: 0, or -1 where memory is short. */
int perfpy_distinct_take(struct distinct *sketch, const uint64_t *hashes, ptrdiff_t count);

/* Adds the keys of other registers, which are as many: 0, or -1 where memory is short. */
int perfpy_distinct_unite(struct distinct *sketch, const uint8_t *content);

#endif
