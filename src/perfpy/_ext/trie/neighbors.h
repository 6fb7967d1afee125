/* What sorted keys have in common with those next to them. */
#ifndef PERFPY_TRIE_NEIGHBORS_H
#define PERFPY_TRIE_NEIGHBORS_H

#include "../common/little_endian.h"
#include "layout.h"

/* How many bytes a key shares with the next one, which there must be. */
static inline size_t perfpy_trie_shared(const struct perfpy_trie_keys *keys, uint64_t key)
{
    const uint64_t *offsets = keys->offsets + key;
    const size_t length = (size_t)(offsets[1] - offsets[0]), next_length = (size_t)(offsets[2] - offsets[1]);
    const size_t most = length < next_length ? length : next_length;
    const unsigned char *a = keys->bytes + offsets[0], *b = keys->bytes + offsets[1];
    const size_t readable = (size_t)(keys->offsets[keys->count] - offsets[1]); /* from b on, beyond the key, too */
    size_t same = 0;
    /* Sixteen bytes at once: for most keys these are enough, and the branch is foreseen. */
    for (; same < most && same + 16 <= readable; same += 16) {
        const uint64_t low = perfpy_load64(a + same) ^ perfpy_load64(b + same);
        const uint64_t high = perfpy_load64(a + same + 8) ^ perfpy_load64(b + same + 8);
        if (low | high) {
            same += (size_t)(low ? __builtin_ctzll(low) >> 3 : 8 + (__builtin_ctzll(high) >> 3));
            return same < most ? same : most;
        }
    }
    while (same < most && a[same] == b[same])
        same++;
    return same < most ? same : most;
}

#endif
