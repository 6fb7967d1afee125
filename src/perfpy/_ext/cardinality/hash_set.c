#include "hash_set.h"

#include <stdlib.h>

enum { FIRST_SIZE = 16 };

/* The slot where the hash is, or else belongs. */
static uint64_t *find(uint64_t *slots, size_t size, uint64_t hash)
{
    size_t place = (size_t)hash & (size - 1);
    while (slots[place] != 0 && slots[place] != hash)
        place = (place + 1) & (size - 1);
    return slots + place;
}

static int grow(struct hash_set *set)
{
    const size_t size = set->size ? 2 * set->size : FIRST_SIZE;
    uint64_t *slots = calloc(size, sizeof *slots);
    if (!slots)
        return -1;
    for (size_t i = 0; i < set->size; i++)
        if (set->slots[i])
            *find(slots, size, set->slots[i]) = set->slots[i];
    free(set->slots);
    set->slots = slots;
    set->size = size;
    return 0;
}

int perfpy_hash_set_add(struct hash_set *set, uint64_t hash)
{
    if (hash == 0) {
        set->has_zero = true;
        return 0;
    }
    if (set->size == 0 && grow(set) < 0)
        return -1;
    uint64_t *slot = find(set->slots, set->size, hash);
    if (*slot == hash)
        return 0;
    if (2 * (set->used + 1) > set->size) {
        if (grow(set) < 0)
            return -1;
        slot = find(set->slots, set->size, hash);
    }
    *slot = hash;
    set->used++;
    return 0;
}

void perfpy_hash_set_list(const struct hash_set *set, uint64_t *out)
{
    if (set->has_zero)
        *out++ = 0;
    for (size_t i = 0; i < set->size; i++)
        if (set->slots[i])
            *out++ = set->slots[i];
}

void perfpy_hash_set_clear(struct hash_set *set)
{
    free(set->slots);
    *set = (struct hash_set){0};
}
