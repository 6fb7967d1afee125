/* Keys that come in one by one, one after the other in memory; sorted, with each once, when they are all there. */
#ifndef PERFPY_TRIE_GROWING_H
#define PERFPY_TRIE_GROWING_H

#include "layout.h"

struct perfpy_trie_growing {
    unsigned char *bytes;
    uint64_t *offsets; /* one more than keys; NULL before the first key */
    uint64_t size, room; /* bytes */
    uint64_t count, most; /* keys */
    bool sorted; /* and each key once, so far */
};

/* Returns where the next key of at most `length` bytes can be written, or NULL where memory is short. */
unsigned char *perfpy_trie_reserve(struct perfpy_trie_growing *keys, size_t length);

/* Adds the key that was written there; duplicates of the last key are left out. */
void perfpy_trie_append(struct perfpy_trie_growing *keys, size_t length);

/* Sorts the keys and leaves out duplicates. The keys are as they were where it does not return PERFPY_TRIE_OK. */
enum perfpy_trie_status perfpy_trie_sort(struct perfpy_trie_growing *keys, const struct perfpy_interrupt *interrupt);

void perfpy_trie_free(struct perfpy_trie_growing *keys);

static inline struct perfpy_trie_keys perfpy_trie_view(const struct perfpy_trie_growing *keys)
{
    static const uint64_t none = 0;
    static const unsigned char nothing[1];
    return (struct perfpy_trie_keys){keys->bytes ? keys->bytes : nothing, keys->offsets ? keys->offsets : &none, keys->count};
}

#endif
