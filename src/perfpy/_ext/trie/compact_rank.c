/* Finds the block of a rank. */
#include "compact.h"

/* The last group whose first key is not above a rank. */
static uint32_t group_of(const struct compact *compact, uint64_t rank)
{
    uint32_t low = 0, count = compact->groups;
    /* Three at a time, as what takes time is to wait for one after the other. */
    while (count > 4) {
        const uint32_t part = count / 4;
        uint32_t parts = group_rank(compact, low + part) <= rank;
        parts += group_rank(compact, low + 2 * part) <= rank;
        parts += group_rank(compact, low + 3 * part) <= rank;
        low += parts * part;
        count = parts < 3 ? part : count - 3 * part;
    }
    uint32_t more = 0;
    for (uint32_t i = 1; i < 4; i++)
        more += (i < count) & (group_rank(compact, low + (i < count ? i : 0)) <= rank);
    return low + more;
}

/* The last block of a group before which there are no more keys of it than so many. */
static uint32_t block_of(const struct compact *compact, uint32_t group, uint64_t first, uint64_t keys)
{
    const uint32_t place = group_place(compact, group), after = group_place(compact, group + 1);
    uint32_t low = place < compact->blocks ? place : 0;
    for (uint32_t count = after <= compact->blocks && after > low ? after - low : 1; count > 1;) {
        const uint32_t half = count / 2;
        low += rank_in_group(compact, first, low + half) <= keys ? half : 0;
        count -= half;
    }
    return low;
}

struct compact_place perfpy_compact_locate_rank(const struct compact *compact, uint64_t rank)
{
    const uint32_t group = group_of(compact, rank);
    const uint64_t first = group_rank(compact, group);
    const uint32_t block = block_of(compact, group, first, rank > first ? rank - first : 0);
    return (struct compact_place){.group = group, .block = block};
}
