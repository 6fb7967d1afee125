/* Opens and checks bytes of the compact layout; compact.h has the header. */
#include <stdlib.h>

#include "compact_decode.h"

/* Takes a section off what is left; false where it is too short. */
static bool take(const unsigned char **next, uint64_t *left, uint64_t size, const unsigned char **section)
{
    if (size > *left)
        return false;
    *section = *next;
    *next += size;
    *left -= size;
    return true;
}

/* Of numbers for load_packed(). */
static uint64_t packed_size(uint64_t count, unsigned bits)
{
    return (count * bits + 7) / 8 + 8;
}

static bool plausible(const struct compact *compact, uint64_t count, uint64_t data_bytes)
{
    if (compact->block_bytes < BLOCK_LEAST || compact->block_bytes > BLOCK_MOST)
        return false;
    if (compact->primary_bits < 1 || compact->primary_bits > PRIMARY_MOST)
        return false;
    if (compact->op_count > 256 || compact->special_count > OP_COUNT - OP_RAW || compact->groups >= LINK_RECORD)
        return false;
    if (compact->place_bits > 32 || compact->depth_bits > 32 || compact->rank_bits > 56 || compact->start_bits > 32 ||
        compact->start_length_bits > 56)
        return false;
    if (compact->mark_bytes < 1 || compact->mark_bytes > MARK_MOST || compact->own_rank_bits > OWN_RANK_MOST)
        return false;
    if ((compact->groups == 0) != (compact->blocks == 0) || compact->groups > compact->blocks)
        return false;
    if (data_bytes > (uint64_t)compact->blocks * compact->block_bytes)
        return false;
    return (count == 0) == (compact->blocks == 0) && count / (8 * TOKEN_OPS_MOST) <= data_bytes;
}

bool perfpy_compact_open(struct perfpy_trie *trie, const unsigned char *data, size_t size)
{
    if (size < HEADER_SIZE || perfpy_load32(data + HEADER_MAGIC) != COMPACT_MAGIC)
        return false;
    struct compact compact = {
        .blocks = perfpy_load32(data + HEADER_BLOCKS),
        .groups = perfpy_load32(data + HEADER_GROUPS),
        .block_bytes = perfpy_load32(data + HEADER_BLOCK_BYTES),
        .token_count = perfpy_load32(data + HEADER_TOKENS),
        .special_count = perfpy_load32(data + HEADER_SPECIALS),
        .op_count = perfpy_load32(data + HEADER_OPS),
        .entries = perfpy_load32(data + HEADER_ENTRIES),
        .start_count = perfpy_load32(data + HEADER_STARTS),
        .primary_bits = data[HEADER_PRIMARY_BITS],
        .place_bits = data[HEADER_PLACE_BITS],
        .depth_bits = data[HEADER_DEPTH_BITS],
        .rank_bits = data[HEADER_RANK_BITS],
        .start_bits = data[HEADER_START_BITS],
        .start_length_bits = data[HEADER_START_LENGTH_BITS],
        .own_rank_bits = data[HEADER_OWN_RANK_BITS],
        .mark_bytes = data[HEADER_MARK_BYTES],
    };
    const uint64_t count = perfpy_load64(data + HEADER_COUNT), data_bytes = perfpy_load64(data + HEADER_DATA);
    if (!plausible(&compact, count, data_bytes))
        return false;
    compact.group_bits =
        (unsigned char)(compact.place_bits + compact.depth_bits + compact.rank_bits + compact.start_bits);
    compact.block_bits =
        (unsigned char)(8 * compact.mark_bytes + BEFORE_BITS + compact.own_rank_bits + compact.mark_bytes);
    const unsigned char *next = data + HEADER_SIZE;
    uint64_t left = size - HEADER_SIZE;
    const bool fits =
        take(&next, &left, CODE_TABLE, &compact.codes) &&
        take(&next, &left, UINT64_C(4) << compact.primary_bits, &compact.primary) &&
        take(&next, &left, UINT64_C(8) * compact.token_count, &compact.tokens) &&
        take(&next, &left, compact.op_count, &compact.ops) &&
        take(&next, &left, UINT64_C(8) * compact.entries, &compact.windows) &&
        take(&next, &left, UINT64_C(4) * compact.entries, &compact.links) &&
        take(&next, &left, packed_size(compact.groups + UINT64_C(1), compact.group_bits), &compact.group_list) &&
        take(&next, &left, packed_size(compact.blocks + UINT64_C(1), compact.block_bits), &compact.block_list) &&
        take(&next, &left, packed_size(compact.start_count, compact.start_bits), &compact.start_parents) &&
        take(&next, &left, packed_size(compact.start_count, compact.start_length_bits), &compact.start_lengths) &&
        take(&next, &left, perfpy_load64(data + HEADER_RECORDS), &compact.records) &&
        take(&next, &left, perfpy_load32(data + HEADER_POOL), &compact.pool) &&
        take(&next, &left, perfpy_load64(data + HEADER_RAW), &compact.raw) &&
        take(&next, &left, data_bytes, &compact.data) && left == SLACK;
    compact.end = next;
    if (!fits)
        return false;
    *trie = (struct perfpy_trie){.data = data, .size = size, .count = count};
    memcpy(trie->words, &compact, sizeof compact);
    return true;
}

/* Whether a token says of itself what its operations do: look-ups pass over many without reading these. */
static bool token_sound(const struct compact *compact, uint64_t token)
{
    const unsigned char *stop, *next = token_ops(compact, token, &stop);
    int32_t depth = 0, lowest = 0;
    uint32_t keys = 0, byte = 0;
    while (next < stop) {
        const uint32_t op = token_op(compact, &next, stop);
        if (op >= OP_RAW)
            return false;
        if (op < OP_END) {
            byte = depth == lowest ? op : byte;
            depth++;
            continue;
        }
        keys++;
        depth -= (int32_t)(op - OP_END);
        if (depth < lowest) {
            lowest = depth;
            byte = 0;
        }
    }
    return keys == token_keys(token) && -lowest == token_low(token) && byte == (uint32_t)token_byte(token) &&
           depth == token_net(token);
}

static bool tokens_sound(const struct compact *compact)
{
    for (uint32_t number = 0; number < compact->token_count; number++)
        if (!token_sound(compact, perfpy_load64(compact->tokens + 8 * (size_t)number)))
            return false;
    return true;
}

/* What goes along with a pass over all keys: the key before, and the keys that the present one starts with. */
struct pass {
    unsigned char *key;
    size_t length, room;
    struct compact_starts starts;
    uint32_t group, block; /* of the next key, and the next block */
};

/* Goes on to the cursor's key; false where that is not above the last one, or memory is short. */
static bool go_on(struct pass *pass, const struct perfpy_trie_cursor *cursor)
{
    if (cursor->rank > 0) {
        const size_t both = cursor->length < pass->length ? cursor->length : pass->length;
        const size_t shared = common_prefix(pass->key, cursor->key, both);
        const bool above = shared < both ? cursor->key[shared] > pass->key[shared] : cursor->length > pass->length;
        if (!above || !perfpy_compact_next_starts(&pass->starts, pass->length, shared))
            return false;
    }
    if (pass->room < cursor->length) {
        unsigned char *grown = realloc(pass->key, 2 * cursor->length);
        if (!grown)
            return false;
        pass->key = grown;
        pass->room = 2 * cursor->length;
    }
    if (cursor->length)
        memcpy(pass->key, cursor->key, cursor->length);
    pass->length = cursor->length;
    return true;
}

/* Whether a block says of its separator which keys start it, where the cursor is at its first key. */
static bool starts_sound(const struct compact *compact, struct pass *pass, uint64_t rank)
{
    if (pass->block == compact->blocks)
        return true;
    const bool first = pass->block == group_place(compact, pass->group + (pass->block > 0));
    const uint32_t group = pass->group + (first && pass->block > 0);
    const uint64_t start = group_rank(compact, group), entry = block_entry(compact, pass->block);
    if (start + rank_difference(compact, entry_rank(compact, entry), start) != rank)
        return true;
    pass->group = group;
    pass->block++;
    const uint64_t depth = first ? 0 : group_depth(compact, group);
    const size_t length = first ? perfpy_compact_separator(compact, group, NULL, 0)
                                : depth + mark_length(compact, entry_mark(compact, entry));
    uint64_t node = group_start(compact, group), bits = entry_starts(compact, entry);
    for (size_t i = pass->starts.count; i-- > 0;) {
        const uint64_t start_length = pass->starts.list[i].length;
        if (start_length >= length)
            continue;
        if (first && start_length != compact_start(compact, node, &node))
            return false;
        if (!first && start_length >= depth)
            bits ^= UINT64_C(1) << (start_length - depth);
    }
    return (!first || node == 0) && bits == 0;
}

/* Goes through all keys, each of which has to be found again. */
static bool keys_sound(const struct perfpy_trie *trie, const struct compact *compact,
                       struct perfpy_trie_cursor *cursor, struct pass *pass)
{
    if (perfpy_compact_seek(trie, cursor, 0) != PERFPY_TRIE_OK)
        return false;
    for (;;) {
        const uint64_t rank = cursor->rank;
        if (!perfpy_compact_sound(cursor) || !go_on(pass, cursor) || !starts_sound(compact, pass, rank) ||
            perfpy_trie_compact.find(trie, cursor->key, cursor->length) != (int64_t)rank)
            return false;
        if (rank + 1 == trie->count)
            return true;
        if (perfpy_compact_next(trie, cursor) != PERFPY_TRIE_OK)
            return false;
    }
}

/* Whether groups follow one another, and so do their blocks. */
static bool groups_sound(const struct compact *compact, uint64_t count)
{
    if (group_place(compact, 0) != 0 || group_rank(compact, 0) != 0 ||
        group_place(compact, compact->groups) != compact->blocks || group_rank(compact, compact->groups) != count)
        return false;
    for (uint32_t group = 0; group < compact->groups; group++) {
        const uint32_t after = group_place(compact, group + 1);
        uint64_t rank = group_rank(compact, group), mark = 0;
        if (after <= group_place(compact, group) || after > compact->blocks)
            return false;
        for (uint32_t block = group_place(compact, group); block < after; block++) {
            const uint64_t entry = block_entry(compact, block), own = entry_mark(compact, entry);
            const bool first = block == group_place(compact, group);
            const uint64_t next = entry_rank(compact, block_entry(compact, block + 1));
            const uint64_t keys = rank_difference(compact, next, entry_rank(compact, entry));
            if (keys == 0 || (first ? own != 0 : own <= mark) ||
                rank_difference(compact, entry_rank(compact, entry), rank) != 0)
                return false;
            mark = own;
            rank += keys;
        }
        if (rank != group_rank(compact, group + 1))
            return false;
    }
    return true;
}

bool perfpy_compact_check(const struct perfpy_trie *trie)
{
    const struct compact *compact = compact_of(trie);
    if (trie->count == 0)
        return true;
    if (!tokens_sound(compact) || !perfpy_compact_index_sound(compact) || !groups_sound(compact, trie->count))
        return false;
    struct perfpy_trie_cursor cursor = {0};
    struct pass pass = {0};
    const bool sound = keys_sound(trie, compact, &cursor, &pass);
    perfpy_compact_close(&cursor);
    free(pass.key);
    free(pass.starts.list);
    return sound;
}
