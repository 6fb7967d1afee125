/* The keys that a text starts with, in the compact layout. */
#include "compact.h"

/* Where the lengths of prefixes go, which are found longest first: from the first place on, or, where `total` says how
 * many there are, from the last one of them down. */
struct lengths {
    uint64_t *list;
    uint64_t room, count, total;
};

static inline void put_length(struct lengths *lengths, uint64_t length)
{
    const uint64_t place = lengths->total ? lengths->total - 1 - lengths->count : lengths->count;
    if (place < lengths->room)
        lengths->list[place] = length;
    lengths->count++;
}

/* Those in one block. Where they are many, the block is gone through again for each part of them. */
static void put_starts(const struct compact *compact, struct compact_place place, const unsigned char *text,
                       size_t length, struct lengths *lengths)
{
    struct prefixes starts;
    starts.count = starts.first = 0;
    perfpy_compact_scan_starts(compact, place, text, length, &starts);
    uint64_t end = starts.count;
    while (end > 0) {
        if (end > FEW_STARTS || starts.first > 0) {
            starts.count = 0;
            starts.first = end > FEW_STARTS ? end - FEW_STARTS : 0;
            perfpy_compact_scan_starts(compact, place, text, length, &starts);
        }
        for (; end > starts.first; end--)
            put_length(lengths, starts.lengths[end - 1 - starts.first]);
    }
}

/* All prefixes of a text: in its block, and those of the separator that the text shares. */
static void put_prefixes(const struct compact *compact, const unsigned char *text, size_t length,
                         struct lengths *lengths)
{
    const struct compact_place place = perfpy_compact_locate(compact, text, length);
    size_t shared = place.common < place.length ? place.common + 1 : place.length; /* shorter ones are prefixes */
    put_starts(compact, place, text, length, lengths);
    if (place.block != group_place(compact, place.group)) {
        const size_t depth = group_depth(compact, place.group);
        const uint64_t starts = entry_starts(compact, block_entry(compact, place.block));
        for (unsigned i = compact->mark_bytes; i-- > 0;)
            if (depth + i < shared && starts >> i & 1)
                put_length(lengths, depth + i);
        shared = shared < depth ? shared : depth;
    }
    for (uint64_t node = group_start(compact, place.group); node;) {
        const uint64_t start = compact_start(compact, node, &node);
        if (start < shared)
            put_length(lengths, start);
    }
}

size_t perfpy_compact_prefixes(const struct perfpy_trie *trie, const unsigned char *text, size_t length,
                               uint64_t *ranks, uint64_t *lengths, size_t room)
{
    const struct compact *compact = compact_of(trie);
    struct lengths found = {.list = lengths, .room = room};
    if (compact->blocks == 0)
        return 0;
    put_prefixes(compact, text, length, &found);
    const uint64_t count = found.count, stored = count < room ? count : room;
    if (count > room) {
        found = (struct lengths){.list = lengths, .room = room, .total = count};
        put_prefixes(compact, text, length, &found);
    } else {
        for (uint64_t i = 0; i < count / 2; i++) {
            const uint64_t swapped = lengths[i];
            lengths[i] = lengths[count - 1 - i];
            lengths[count - 1 - i] = swapped;
        }
    }
    for (uint64_t i = 0; ranks && i < stored; i++)
        ranks[i] = perfpy_trie_compact.lower_bound(trie, text, (size_t)lengths[i]);
    return (size_t)count;
}
