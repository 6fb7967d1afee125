/* What is kept of hashes in order to count them, by one of three rules. `python` in perfpy/techniques/counting defines
 * the same.
 */
#ifndef PERFPY_STORE_H
#define PERFPY_STORE_H

#include <stddef.h>
#include <stdint.h>

enum store_rule {
    STORE_BITS,   /* `size` bits: the one that a hash falls on is set */
    STORE_RANKS,  /* `size` bytes, a power of two: each the most zeros that its hashes go on with, and one */
    STORE_MINIMA, /* the `size` smallest hashes */
    STORE_RULES
};

struct store {
    enum store_rule rule;
    uint64_t size;
    uint8_t *bytes; /* of bits or ranks */
    /* Minima, each once up to `settled`, and then what may be one, in any order: */
    uint64_t *hashes;
    size_t settled, used, room;
    uint64_t limit; /* no hash above it is among them */
};

/* Makes an empty one: 0, or -1 where memory is short, and then it can be closed only. */
int perfpy_store_open(struct store *store, enum store_rule rule, uint64_t size);
void perfpy_store_close(struct store *store);

/* Takes hashes in: 0, or -1 where memory is short. */
int perfpy_store_take(struct store *store, const uint64_t *hashes, ptrdiff_t count);

/* Brings minima in order, each once, and no more than there should be. */
void perfpy_store_settle(struct store *store);

/* The bytes of bits or ranks. */
static inline size_t store_bytes(const struct store *store)
{
    return (size_t)(store->rule == STORE_BITS ? store->size / 8 + (store->size % 8 != 0) : store->size);
}

/* Adds what another of the same rule, bits or ranks, and of the same size keeps. */
void perfpy_store_unite(struct store *store, const uint8_t *bytes);

#endif
