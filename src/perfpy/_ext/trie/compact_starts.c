/* Which proper prefixes of a separator are keys of their own.
 *
 * All keys that a text starts with are in the block where the text belongs, or they are such prefixes. For the
 * first block of a group their lengths are a path in a tree: a node has a length and a parent, which has the next shorter
 * one, and each group has the number of a node. Neighbours, and words that are put together alike, share nodes. Further
 * blocks of a group have bits for those that end in their marks; those that are shorter than the group's depth are the
 * first block's.
 */
#include <stdlib.h>

#include "compact_build.h"

bool perfpy_compact_next_starts(struct compact_starts *starts, uint64_t length, uint64_t shared)
{
    while (starts->count > 0 && starts->list[starts->count - 1].length > shared)
        starts->count--;
    if (length > shared)
        return true;
    if (starts->count == starts->room) {
        const size_t room = 2 * starts->room + 16;
        struct compact_start *grown = realloc(starts->list, room * sizeof *grown);
        if (!grown)
            return false;
        starts->list = grown;
        starts->room = room;
    }
    starts->list[starts->count++] = (struct compact_start){.length = length};
    return true;
}

/* The tree while it grows, and a table of its nodes by parent and length. Node 0 is the root, without a length. */
struct nodes {
    struct start_node {
        uint64_t parent, length;
    } *list;
    uint32_t count, room;
    uint32_t *slots; /* twice the room; 0 where there is none */
};

static uint32_t *slot_of(const struct nodes *nodes, uint64_t parent, uint64_t length)
{
    const uint64_t mixed = (parent * UINT64_C(0x9E3779B97F4A7C15) ^ length) * UINT64_C(0xD6E8FEB86659FD93);
    const uint32_t mask = 2 * nodes->room - 1;
    uint32_t place = (uint32_t)(mixed >> 32) & mask;
    for (; nodes->slots[place]; place = (place + 1) & mask) {
        const struct start_node *node = &nodes->list[nodes->slots[place]];
        if (node->parent == parent && node->length == length)
            break;
    }
    return &nodes->slots[place];
}

static enum perfpy_trie_status grow(struct nodes *nodes)
{
    if (nodes->room >= UINT32_C(1) << 30)
        return PERFPY_TRIE_TOO_LARGE;
    const uint32_t room = nodes->room ? 2 * nodes->room : 64;
    struct start_node *list = realloc(nodes->list, room * sizeof *list);
    nodes->list = list ? list : nodes->list;
    uint32_t *slots = calloc(2 * (size_t)room, sizeof *slots);
    if (!list || !slots) {
        free(slots);
        return PERFPY_TRIE_MEMORY;
    }
    free(nodes->slots);
    nodes->slots = slots;
    nodes->room = room;
    nodes->list[0] = (struct start_node){0};
    nodes->count = nodes->count ? nodes->count : 1;
    for (uint32_t i = 1; i < nodes->count; i++)
        *slot_of(nodes, list[i].parent, list[i].length) = i;
    return PERFPY_TRIE_OK;
}

/* Finds or makes the nodes of the keys that a separator of this length starts with, and the number of the last one. */
static enum perfpy_trie_status number_starts(struct nodes *nodes, struct compact_starts *starts, uint64_t separator,
                                             uint64_t *number)
{
    size_t count = starts->count;
    while (count > 0 && starts->list[count - 1].length >= separator)
        count--;
    size_t known = count;
    while (known > 0 && starts->list[known - 1].node == 0)
        known--;
    *number = known ? starts->list[known - 1].node : 0;
    for (; known < count; known++) {
        struct compact_start *start = &starts->list[known];
        if (nodes->count == nodes->room) {
            const enum perfpy_trie_status status = grow(nodes);
            if (status != PERFPY_TRIE_OK)
                return status;
        }
        uint32_t *slot = slot_of(nodes, *number, start->length);
        if (!*slot) {
            *slot = nodes->count;
            nodes->list[nodes->count++] = (struct start_node){*number, start->length};
        }
        *number = start->node = *slot;
    }
    return PERFPY_TRIE_OK;
}

/* Bits for the keys that end in the mark of a block. */
static unsigned char starts_in_mark(const struct compact_starts *starts, uint64_t depth, uint64_t separator)
{
    unsigned char bits = 0;
    for (size_t i = starts->count; i-- > 0 && starts->list[i].length >= depth;)
        if (starts->list[i].length < separator)
            bits |= (unsigned char)(1u << (starts->list[i].length - depth));
    return bits;
}

/* Goes through the keys up to the first one of the last block. */
static enum perfpy_trie_status number_all(struct grouping *grouping, const struct perfpy_interrupt *interrupt,
                                          struct nodes *nodes)
{
    enum { KEYS_BETWEEN_POLLS = 1 << 16 };
    const struct packed *packed = grouping->packed;
    struct compact_starts starts = {0};
    enum perfpy_trie_status status = grow(nodes);
    uint32_t block = 0, group = 0;
    for (uint64_t key = 0; block < packed->blocks && status == PERFPY_TRIE_OK; key++) {
        size_t length;
        if (key == packed->first_keys[block]) {
            group += block == grouping->places[group + 1];
            if (block == grouping->places[group])
                status = number_starts(nodes, &starts, packed->lengths[block], &grouping->nodes[group]);
            else
                grouping->starts[block] = starts_in_mark(&starts, grouping->depths[group], packed->lengths[block]);
            block++;
        }
        key_of(grouping->keys, key, &length);
        if (!perfpy_compact_next_starts(&starts, length, perfpy_compact_shared(grouping->keys, key)))
            status = PERFPY_TRIE_MEMORY;
        if (key % KEYS_BETWEEN_POLLS == 0 && interrupted(interrupt))
            status = PERFPY_TRIE_INTERRUPTED;
    }
    free(starts.list);
    return status;
}

/* Writes the tree as two arrays. */
static bool append_nodes(const struct nodes *nodes, struct starts *starts)
{
    uint64_t *column = malloc(nodes->count * sizeof *column), longest = 0;
    if (!column)
        return false;
    for (uint32_t i = 0; i < nodes->count; i++)
        longest = nodes->list[i].length > longest ? nodes->list[i].length : longest;
    starts->count = nodes->count;
    starts->number_bits = perfpy_compact_bits_of(nodes->count - 1);
    starts->length_bits = perfpy_compact_bits_of(longest);
    for (uint32_t i = 0; i < nodes->count; i++)
        column[i] = nodes->list[i].parent;
    perfpy_compact_append_packed(&starts->parents, column, nodes->count, starts->number_bits);
    for (uint32_t i = 0; i < nodes->count; i++)
        column[i] = nodes->list[i].length;
    perfpy_compact_append_packed(&starts->lengths, column, nodes->count, starts->length_bits);
    free(column);
    return true;
}

enum perfpy_trie_status perfpy_compact_find_starts(struct grouping *grouping, const struct perfpy_interrupt *interrupt,
                                                   struct starts *starts)
{
    struct nodes nodes = {0};
    enum perfpy_trie_status status = number_all(grouping, interrupt, &nodes);
    if (status == PERFPY_TRIE_OK && !append_nodes(&nodes, starts))
        status = PERFPY_TRIE_MEMORY;
    free(nodes.list);
    free(nodes.slots);
    return status;
}
