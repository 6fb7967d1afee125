/* Finds groups of blocks of the compact layout by the separators of their first blocks.
 *
 * The separators are in a tree whose nodes are sorted arrays of windows: 7 bytes of each separator, after those that
 * all separators of the node share, as one number that also says where a separator ends (window_at). An entry stands
 * for one group whose separator ends in the window, or links to a record: the node of all separators that have these 7
 * bytes and go on, or the rest of the only one.
 *
 * A record: the number of bytes that are shared, doubled, and one more for the rest of a single separator, in groups of
 * 7 bits, low ones first, with the top bit where more follow; those bytes; the first group, in 4 bytes; for a node
 * also its first entry and the number of entries, in 4 bytes each. The first record is the root. Links lead to later
 * records only, so that even damaged ones come to an end.
 */
#include "compact.h"

enum { NOT_YET = -1 }; /* as size_t: a length that is looked for where it is needed */

struct record {
    const unsigned char *shared;
    size_t length;
    uint32_t first_group, first_entry, entries;
};

static size_t records_size(const struct compact *compact)
{
    return (size_t)(compact->pool - compact->records);
}

/* False where there is no such record. */
static bool read_record(const struct compact *compact, size_t place, struct record *record)
{
    const size_t size = records_size(compact);
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 42; shift += 7) {
        if (place >= size)
            return false;
        const unsigned char byte = compact->records[place++];
        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            break;
    }
    const bool single = number & 1;
    number >>= 1;
    const size_t numbers = single ? 4 : 12;
    if (size - place < numbers || size - place - numbers < number)
        return false;
    const unsigned char *after = compact->records + place + number;
    record->shared = compact->records + place;
    record->length = (size_t)number;
    record->first_group = perfpy_load32(after);
    record->first_entry = single ? 0 : perfpy_load32(after + 4);
    record->entries = single ? 0 : perfpy_load32(after + 8);
    return record->first_group < compact->groups && record->entries <= compact->entries &&
           record->first_entry <= compact->entries - record->entries && (single || record->entries > 0);
}

static uint64_t window_of(const struct compact *compact, uint32_t entry)
{
    return perfpy_load64(compact->windows + 8 * (size_t)entry);
}

static uint32_t link_of(const struct compact *compact, uint32_t entry)
{
    return perfpy_load32(compact->links + 4 * (size_t)entry);
}

static uint32_t first_group_of(const struct compact *compact, uint32_t entry)
{
    const uint32_t link = link_of(compact, entry);
    struct record record;
    if (!(link & LINK_RECORD))
        return link;
    return read_record(compact, link & ~LINK_RECORD, &record) ? record.first_group : 0;
}

enum { NO_ENTRY = -1 }; /* as uint32_t */

/* The group before an entry, or the last one. */
static uint32_t last_before(const struct compact *compact, uint32_t entry)
{
    const uint32_t group = entry == (uint32_t)NO_ENTRY ? compact->groups : first_group_of(compact, entry);
    return group > 0 && group <= compact->groups ? group - 1 : 0;
}

/* The last entry of a node whose window is not above, if the first one is not. */
static uint32_t last_not_above(const struct compact *compact, const struct record *node, uint64_t window)
{
    const unsigned char *low = compact->windows + 8 * (size_t)node->first_entry;
    uint32_t count = node->entries;
    /* Three at a time, as what takes time is to wait for one after the other. */
    while (count > 8) {
        const size_t part = 8 * (size_t)(count / 4);
        size_t parts = perfpy_load64(low + part) <= window;
        parts += perfpy_load64(low + 2 * part) <= window;
        parts += perfpy_load64(low + 3 * part) <= window;
        low += parts * part;
        count = parts < 3 ? count / 4 : count - 3 * (count / 4);
    }
    while (count > 1) {
        const uint32_t half = count / 2;
        low += perfpy_load64(low + 8 * (size_t)half) <= window ? 8 * (size_t)half : 0;
        count -= half;
    }
    return (uint32_t)((size_t)(low - compact->windows) / 8);
}

/* How many bytes two windows share; both are of strings. */
static size_t windows_share(uint64_t a, uint64_t b)
{
    const uint64_t differ = (a ^ b) >> 8;
    size_t shared = differ ? (size_t)(__builtin_clzll(differ) - 8) / 8 : WINDOW_BYTES;
    const size_t own_a = a & 255, own_b = b & 255;
    shared = own_a < shared ? own_a : shared;
    return own_b < shared ? own_b : shared;
}

/* The entry that a group is under. As most entries stand for one group it is not far before the one that it would be if
 * all did, from where ever larger steps lead back. */
static uint32_t entry_of(const struct compact *compact, const struct record *node, uint32_t group)
{
    const uint32_t ahead = group > node->first_group ? group - node->first_group : 0;
    uint32_t after = ahead < node->entries ? ahead + 1 : node->entries, count = 1;
    while (count < after && first_group_of(compact, node->first_entry + after - count) > group) {
        after -= count;
        count *= 2;
    }
    count = count < after ? count : after;
    uint32_t low = node->first_entry + after - count;
    while (count > 1) {
        const uint32_t half = count / 2;
        if (first_group_of(compact, low + half) <= group)
            low += half;
        count -= half;
    }
    return low;
}

/* Goes down to a group and hands over the bytes of its separator in pieces, at most 8 bytes from windows. */
struct descent {
    const struct compact *compact;
    uint32_t group;
    uint64_t place; /* of the next record, or too large */
    unsigned char window[8];
    struct record record;
    bool in_window;
};

static struct descent descend(const struct compact *compact, uint32_t group)
{
    return (struct descent){.compact = compact, .group = group};
}

static bool next_piece(struct descent *descent, const unsigned char **bytes, size_t *length)
{
    const struct compact *compact = descent->compact;
    if (!descent->in_window) {
        if (!read_record(compact, (size_t)descent->place, &descent->record))
            return false;
        *bytes = descent->record.shared;
        *length = descent->record.length;
        descent->in_window = true;
        return true;
    }
    if (descent->record.entries == 0)
        return false;
    const uint32_t entry = entry_of(compact, &descent->record, descent->group);
    const uint64_t window = window_of(compact, entry);
    const uint32_t link = link_of(compact, entry);
    for (int i = 0; i < WINDOW_BYTES; i++)
        descent->window[i] = (unsigned char)(window >> (56 - 8 * i));
    *bytes = descent->window;
    *length = (window & 255) < WINDOW_BYTES ? window & 255 : WINDOW_BYTES;
    const uint64_t next = link & ~LINK_RECORD;
    const bool further = link & LINK_RECORD && next > descent->place;
    descent->place = further ? next : UINT32_MAX;
    descent->in_window = false;
    return true;
}

/* What the separator of a group has in common with a key. */
static struct compact_place match(const struct compact *compact, uint32_t group, const unsigned char *key,
                                  size_t length)
{
    struct compact_place place = {.group = group};
    struct descent descent = descend(compact, group);
    const unsigned char *bytes;
    size_t count;
    while (next_piece(&descent, &bytes, &count)) {
        if (place.common == place.length) {
            const size_t left = length - place.common;
            place.common += common_prefix(bytes, key + place.common, count < left ? count : left);
        }
        place.length += count;
    }
    return place;
}

size_t perfpy_compact_separator(const struct compact *compact, uint32_t group, unsigned char *bytes, size_t room)
{
    struct descent descent = descend(compact, group);
    const unsigned char *piece;
    size_t length = 0, count;
    while (next_piece(&descent, &piece, &count)) {
        if (length < room && count)
            memcpy(bytes + length, piece, count < room - length ? count : room - length);
        length += count;
    }
    return length;
}

/* Finds the group of a key. */
static struct compact_place locate_group(const struct compact *compact, const unsigned char *key, size_t length)
{
    struct record node;
    uint32_t next = 0, behind = (uint32_t)NO_ENTRY; /* the entry that comes after all of the node */
    size_t depth = 0;
    for (;;) {
        if (!read_record(compact, next, &node))
            return match(compact, 0, key, length);
        const uint32_t before = node.first_group ? node.first_group - 1 : 0;
        const size_t left = length - depth, compared = left < node.length ? left : node.length;
        const size_t shared = common_prefix(key + depth, node.shared, compared);
        if (shared < node.length) {
            if (shared == left || key[depth + shared] < node.shared[shared])
                return match(compact, before, key, length);
            return (struct compact_place){
                .group = last_before(compact, behind), .length = (size_t)NOT_YET, .common = depth + shared};
        }
        depth += node.length;
        if (node.entries == 0)
            return (struct compact_place){.group = node.first_group, .length = depth, .common = depth};
        const uint64_t window = window_at(key, length, depth);
        const uint32_t entry = last_not_above(compact, &node, window);
        const uint64_t found = window_of(compact, entry);
        if (found > window)
            return match(compact, before, key, length);
        const uint32_t link = link_of(compact, entry);
        if (!(link & LINK_RECORD)) {
            const uint64_t own = found & 255;
            return (struct compact_place){.group = link < compact->groups ? link : 0,
                                          .length = depth + (own < WINDOW_BYTES ? own : WINDOW_BYTES),
                                          .common = depth + windows_share(found, window)};
        }
        if (entry + 1 < node.first_entry + node.entries)
            behind = entry + 1;
        if (found != window) {
            const size_t common = depth + windows_share(found, window);
            return (struct compact_place){
                .group = last_before(compact, behind), .length = (size_t)NOT_YET, .common = common};
        }
        const uint32_t further = link & ~LINK_RECORD;
        /* Damaged, unless the record comes later and the key goes on after the window. */
        if (further <= next || (window & 255) != WINDOW_GOES_ON)
            return match(compact, 0, key, length);
        next = further;
        depth += WINDOW_BYTES;
    }
}

/* The bytes of a key at a place up to its length, as a mark. */
static uint64_t mark_at(const struct compact *compact, const unsigned char *key, size_t length, size_t place)
{
    uint64_t mark = 0;
    for (unsigned i = 0; i < MARK_MOST; i++)
        mark = mark << 8 | (place + i < length ? key[place + i] : 0);
    return mark >> 8 * (MARK_MOST - compact->mark_bytes);
}

/* How many first bytes of two marks are equal. */
static size_t marks_share(const struct compact *compact, uint64_t a, uint64_t b)
{
    const uint64_t differ = (a ^ b) << 8 * (8 - compact->mark_bytes);
    return differ ? (size_t)__builtin_clzll(differ) >> 3 : compact->mark_bytes;
}

struct compact_place perfpy_compact_locate(const struct compact *compact, const unsigned char *key, size_t length)
{
    struct compact_place place = locate_group(compact, key, length);
    const uint32_t first = group_place(compact, place.group), after = group_place(compact, place.group + 1);
    place.block = first < compact->blocks ? first : 0;
    if (after <= compact->blocks && place.block + 1 < after) {
        const size_t depth = group_depth(compact, place.group);
        /* All of the group is below a key that leaves what they share. */
        const uint64_t mark = place.common < depth ? UINT64_MAX : mark_at(compact, key, length, depth);
        for (uint32_t count = after - place.block; count > 1;) {
            const uint32_t half = count / 2;
            place.block += block_mark(compact, place.block + half) <= mark ? half : 0;
            count -= half;
        }
        if (place.block > first) {
            const uint64_t found = block_mark(compact, place.block);
            const size_t own = mark_length(compact, found);
            place.length = depth + own;
            if (place.common >= depth) {
                const size_t left = length - depth, most = own < left ? own : left;
                const size_t shared = marks_share(compact, found, mark);
                place.common = depth + (shared < most ? shared : most);
            }
            return place;
        }
    }
    if (place.length == (size_t)NOT_YET)
        place.length = perfpy_compact_separator(compact, place.group, NULL, 0);
    return place;
}

bool perfpy_compact_index_sound(const struct compact *compact)
{
    size_t place = 0;
    uint32_t entries = 0;
    struct record record;
    while (place < records_size(compact)) {
        if (!read_record(compact, place, &record))
            return false;
        const bool node = record.entries > 0;
        if (node && record.first_entry != entries)
            return false;
        for (uint32_t entry = 0; entry + 1 < record.entries; entry++)
            if (window_of(compact, entries + entry) >= window_of(compact, entries + entry + 1))
                return false;
        entries += record.entries;
        place = (size_t)(record.shared - compact->records) + record.length + (node ? 12 : 4);
    }
    return entries == compact->entries;
}
