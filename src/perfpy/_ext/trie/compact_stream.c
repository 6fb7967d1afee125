/* Turns keys into operations. */
#include <stdlib.h>

#include "compact_build.h"
#include "neighbors.h"

size_t perfpy_compact_shared(const struct perfpy_trie_keys *keys, uint64_t key)
{
    /* Nothing follows the last key: what is likely will do. */
    if (key + 1 == keys->count) {
        const size_t length = (size_t)(keys->offsets[key + 1] - keys->offsets[key]);
        return length ? length - 1 : 0;
    }
    return perfpy_trie_shared(keys, key);
}

static bool reserve(struct ops *ops, size_t more)
{
    if (more <= ops->room - ops->count)
        return true;
    const size_t room = 2 * ops->room + more;
    uint16_t *grown = realloc(ops->list, room * sizeof *grown);
    if (!grown)
        return false;
    ops->list = grown;
    ops->room = room;
    return true;
}

bool perfpy_compact_append_key(struct ops *ops, const struct perfpy_trie_keys *keys, uint64_t key, size_t from,
                               size_t shared)
{
    size_t length;
    const unsigned char *bytes = key_of(keys, key, &length);
    const bool raw = length - from > TEXT_MOST;
    if (!reserve(ops, (raw ? 1 : length - from) + 2))
        return false;
    if (raw)
        ops->list[ops->count++] = OP_RAW;
    else
        for (size_t i = from; i < length; i++)
            ops->list[ops->count++] = bytes[i];
    const size_t cut = length - shared;
    ops->list[ops->count++] = (uint16_t)(OP_END + (cut & OP_END_MOST));
    if (cut >> CUT_SHIFT)
        ops->list[ops->count++] = OP_CUT;
    return true;
}

enum perfpy_trie_status perfpy_compact_facts(const struct perfpy_trie_keys *keys,
                                             const struct perfpy_interrupt *interrupt, struct facts *facts)
{
    /* A text that is shorter fits into a block however bad its codes are, with those of its end and a cut. */
    enum { KEYS_BETWEEN_POLLS = 1 << 16, SURE_TO_FIT = (8 * BLOCK_LEAST - CUT_BITS) / CODE_MOST - 2 };
    size_t shared = 0;
    memset(facts, 0, sizeof *facts);
    for (uint64_t key = 0; key < keys->count; key++) {
        size_t length;
        const unsigned char *bytes = key_of(keys, key, &length);
        if (length > UINT32_MAX - 1)
            return PERFPY_TRIE_TOO_LARGE;
        const size_t own = length - shared;
        if (own > SURE_TO_FIT)
            facts->counts[OP_RAW] = 1;
        if (own <= TEXT_MOST)
            for (size_t i = shared; i < length; i++)
                facts->counts[bytes[i]]++;
        facts->ops += (own <= TEXT_MOST ? own : 1) + 1;
        shared = perfpy_compact_shared(keys, key);
        const size_t cut = length - shared;
        facts->counts[OP_END + (cut & OP_END_MOST)]++;
        facts->counts[OP_CUT] += cut >> CUT_SHIFT > 0;
        if (key % KEYS_BETWEEN_POLLS == KEYS_BETWEEN_POLLS - 1 && interrupted(interrupt))
            return PERFPY_TRIE_INTERRUPTED;
    }
    return PERFPY_TRIE_OK;
}

bool perfpy_compact_sample(const struct perfpy_trie_keys *keys, uint64_t all, uint64_t most, struct ops *ops)
{
    enum { PART = 512 };
    const uint64_t parts = (keys->count + PART - 1) / PART;
    const uint64_t wanted = all <= most ? parts : (uint64_t)((double)most / (double)all * (double)parts) + 1;
    *ops = (struct ops){0};
    for (uint64_t i = 0; i < wanted; i++) {
        /* Parts that follow each other make one. */
        const uint64_t part = (uint64_t)((double)i / (double)wanted * (double)parts);
        const uint64_t first = part * PART, after = first + PART < keys->count ? first + PART : keys->count;
        size_t shared = first ? perfpy_compact_shared(keys, first - 1) : 0;
        for (uint64_t key = first; key < after; key++) {
            const size_t from = shared;
            shared = perfpy_compact_shared(keys, key);
            if (!perfpy_compact_append_key(ops, keys, key, from, shared))
                return false;
        }
        if (wanted < parts) {
            if (!reserve(ops, 1))
                return false;
            ops->list[ops->count++] = OP_BREAK;
        }
    }
    return true;
}
