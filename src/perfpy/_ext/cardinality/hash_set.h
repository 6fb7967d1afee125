/* A set of 64-bit hashes: open addressing, in a table that doubles. A hash is random already, so that its lowest bits
 * say where it belongs.
 */
#ifndef PERFPY_HASH_SET_H
#define PERFPY_HASH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_set {
    uint64_t *slots; /* 0 is an empty one */
    size_t size;     /* how many slots: a power of two, at least twice as many as are used */
    size_t used;
    bool has_zero; /* the hash that has no slot */
};

static inline size_t hash_set_count(const struct hash_set *set)
{
    return set->used + set->has_zero;
}

/* Puts a hash in: 0, or -1 where memory is short, and then the set is as it was. */
int perfpy_hash_set_add(struct hash_set *set, uint64_t hash);

/* Writes all hashes, in no particular order. */
void perfpy_hash_set_list(const struct hash_set *set, uint64_t *out);

/* Takes all hashes out and frees the table. */
void perfpy_hash_set_clear(struct hash_set *set);

#endif
