/* Puts blocks into groups, and writes the entries of both.
 *
 * Where a block begins, its first key differs from the key before at some byte. The blocks of a group differ there at
 * bytes that are close to each other, so that a few bytes from one depth on, which all separators of the group share up
 * to there, tell where a key belongs.
 */
#include <stdlib.h>

#include "compact_build.h"

/* Bits that a group costs: a window and a link of the index, and its entry. */
enum { GROUP_BITS = 8 * 12 + 56 };

/* The byte at which the first key of a block differs from the key before; all separators but the first have it. */
static uint32_t differs_at(const struct packed *packed, uint32_t block)
{
    return packed->lengths[block] - 1;
}

/* How many bytes the separators of two blocks share, the first of which is not longer than `most`. */
static uint32_t shared_by(const struct perfpy_trie_keys *keys, const struct packed *packed, uint32_t a, uint32_t b,
                          uint32_t most)
{
    size_t length;
    const unsigned char *first = key_of(keys, packed->first_keys[a], &length);
    const unsigned char *second = key_of(keys, packed->first_keys[b], &length);
    return (uint32_t)common_prefix(first, second, most < packed->lengths[b] ? most : packed->lengths[b]);
}

/* As far as a group goes that starts with a block, and its depth. */
static uint32_t group_from(const struct perfpy_trie_keys *keys, const struct packed *packed, uint32_t first,
                           unsigned mark_bytes, uint32_t *depth)
{
    uint32_t low = packed->lengths[first], high = 0, block = first + 1;
    for (; block < packed->blocks; block++) {
        const uint32_t at = differs_at(packed, block), lower = shared_by(keys, packed, first, block, low);
        const uint32_t higher = at > high ? at : high;
        const uint64_t ranks = packed->first_keys[block + 1] - packed->first_keys[first];
        size_t length;
        /* A mark must not end in 0, as what is behind it is written as 0. */
        if (higher - lower >= mark_bytes || key_of(keys, packed->first_keys[block], &length)[at] == 0 ||
            ranks >> OWN_RANK_MOST)
            break;
        low = lower;
        high = higher;
    }
    *depth = block - first > 1 ? low : 0;
    return block;
}

static uint64_t cost(const struct perfpy_trie_keys *keys, const struct packed *packed, unsigned mark_bytes)
{
    uint64_t bits = (uint64_t)packed->blocks * 9 * mark_bytes;
    uint32_t depth;
    for (uint32_t block = 0; block < packed->blocks; bits += GROUP_BITS)
        block = group_from(keys, packed, block, mark_bytes, &depth);
    return bits;
}

static bool reserve(struct grouping *grouping, uint32_t blocks)
{
    const size_t room = blocks + (size_t)1;
    grouping->places = malloc(room * sizeof *grouping->places);
    grouping->depths = malloc(room * sizeof *grouping->depths);
    grouping->first_keys = malloc(room * sizeof *grouping->first_keys);
    grouping->lengths = malloc(room * sizeof *grouping->lengths);
    grouping->nodes = calloc(room, sizeof *grouping->nodes);
    grouping->starts = calloc(room, sizeof *grouping->starts);
    return grouping->places && grouping->depths && grouping->first_keys && grouping->lengths && grouping->nodes &&
           grouping->starts;
}

enum perfpy_trie_status perfpy_compact_group(const struct perfpy_trie_keys *keys, const struct packed *packed,
                                             struct grouping *grouping)
{
    *grouping = (struct grouping){.keys = keys, .packed = packed, .mark_bytes = 1};
    if (!reserve(grouping, packed->blocks))
        return PERFPY_TRIE_MEMORY;
    uint64_t least = UINT64_MAX;
    for (unsigned mark_bytes = 1; mark_bytes <= MARK_MOST; mark_bytes++) {
        const uint64_t bits = cost(keys, packed, mark_bytes);
        if (bits < least) {
            least = bits;
            grouping->mark_bytes = mark_bytes;
        }
    }
    for (uint32_t block = 0; block < packed->blocks; grouping->groups++) {
        grouping->places[grouping->groups] = block;
        grouping->first_keys[grouping->groups] = packed->first_keys[block];
        grouping->lengths[grouping->groups] = packed->lengths[block];
        block = group_from(keys, packed, block, grouping->mark_bytes, &grouping->depths[grouping->groups]);
    }
    grouping->places[grouping->groups] = packed->blocks;
    return PERFPY_TRIE_OK;
}

void perfpy_compact_grouping_free(struct grouping *grouping)
{
    free(grouping->places);
    free(grouping->depths);
    free(grouping->first_keys);
    free(grouping->lengths);
    free(grouping->nodes);
    free(grouping->starts);
}

/* The rank of a group's first key; after the last group, how many keys there are. */
static uint64_t rank_of(const struct grouping *grouping, uint32_t group)
{
    return grouping->groups ? grouping->packed->first_keys[grouping->places[group]] : 0;
}

static void set_widths(const struct grouping *grouping, struct entries *entries)
{
    uint64_t deepest = 0, most = 0;
    for (uint32_t group = 0; group < grouping->groups; group++) {
        const uint64_t keys = rank_of(grouping, group + 1) - rank_of(grouping, group);
        deepest = grouping->depths[group] > deepest ? grouping->depths[group] : deepest;
        most = keys > most ? keys : most;
    }
    entries->place_bits = perfpy_compact_bits_of(grouping->packed->blocks);
    entries->depth_bits = perfpy_compact_bits_of(deepest);
    entries->rank_bits = perfpy_compact_bits_of(grouping->keys->count);
    entries->own_rank_bits = perfpy_compact_bits_of(most);
}

/* Room for so many entries; NULL if there is none. */
static unsigned char *clear(struct bytes *section, uint64_t count, unsigned bits)
{
    const size_t size = (size_t)((count * bits + 7) / 8) + 8;
    unsigned char *bytes = perfpy_compact_extend(section, size);
    return bytes ? memset(bytes, 0, size) : NULL;
}

/* Appends a number to an array that was all 0. */
static void put(unsigned char *array, uint64_t *place, uint64_t number, unsigned bits)
{
    for (unsigned done = 0; done < bits;) {
        const unsigned shift = *place & 7, part = 8 - shift < bits - done ? 8 - shift : bits - done;
        array[*place >> 3] |= (unsigned char)((number >> done & ((1u << part) - 1)) << shift);
        done += part;
        *place += part;
    }
}

static void put_groups(const struct grouping *grouping, unsigned start_bits, struct entries *entries)
{
    const unsigned bits = entries->place_bits + entries->depth_bits + entries->rank_bits + start_bits;
    unsigned char *array = clear(&entries->groups, grouping->groups + UINT64_C(1), bits);
    uint64_t place = 0;
    for (uint32_t group = 0; array && group <= grouping->groups; group++) {
        const bool last = group == grouping->groups;
        put(array, &place, grouping->places[group], entries->place_bits);
        put(array, &place, last ? 0 : grouping->depths[group], entries->depth_bits);
        put(array, &place, rank_of(grouping, group), entries->rank_bits);
        put(array, &place, last ? 0 : grouping->nodes[group], start_bits);
    }
}

/* The bytes of a block's separator from a depth on. */
static uint64_t mark_of(const struct grouping *grouping, uint32_t block, uint32_t depth)
{
    size_t length;
    const unsigned char *key = key_of(grouping->keys, grouping->packed->first_keys[block], &length);
    uint64_t mark = 0;
    for (uint32_t i = depth; i < depth + grouping->mark_bytes; i++)
        mark = mark << 8 | (i < grouping->packed->lengths[block] ? key[i] : 0);
    return mark;
}

static void put_blocks(const struct grouping *grouping, struct entries *entries)
{
    const unsigned mark_bytes = grouping->mark_bytes;
    const unsigned bits = 8 * mark_bytes + BEFORE_BITS + entries->own_rank_bits + mark_bytes;
    const struct packed *packed = grouping->packed;
    unsigned char *array = clear(&entries->blocks, packed->blocks + UINT64_C(1), bits);
    uint64_t place = 0;
    uint32_t group = 0;
    for (uint32_t block = 0; array && block < packed->blocks; block++) {
        group += block == grouping->places[group + 1];
        const bool first = block == grouping->places[group];
        put(array, &place, first ? 0 : mark_of(grouping, block, grouping->depths[group]), 8 * mark_bytes);
        put(array, &place, packed->befores[block], BEFORE_BITS);
        put(array, &place, packed->first_keys[block], entries->own_rank_bits);
        put(array, &place, grouping->starts[block], mark_bytes);
    }
    if (array) {
        put(array, &place, 0, 8 * mark_bytes + BEFORE_BITS);
        put(array, &place, grouping->keys->count, entries->own_rank_bits);
    }
}

void perfpy_compact_entries(const struct grouping *grouping, unsigned start_bits, struct entries *entries)
{
    set_widths(grouping, entries);
    put_groups(grouping, start_bits, entries);
    put_blocks(grouping, entries);
}
