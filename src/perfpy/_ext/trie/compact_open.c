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
    if (compact->blocks != (data_bytes + compact->block_bytes - 1) / compact->block_bytes)
        return false;
    if (compact->primary_bits < 1 || compact->primary_bits > PRIMARY_MOST || compact->rank_bits > 56)
        return false;
    if (compact->op_count > 256 || compact->special_count > 1 + CUTS || compact->blocks >= LINK_RECORD)
        return false;
    if (compact->start_bits > 32 || compact->start_length_bits > 56)
        return false;
    if (compact->tokens - compact->primary != 4 << compact->primary_bits)
        return false;
    return (count == 0) == (compact->blocks == 0) && count / (8 * TOKEN_OPS_MOST) <= data_bytes;
}

bool perfpy_compact_open(struct perfpy_trie *trie, const unsigned char *data, size_t size)
{
    if (size < HEADER_SIZE || perfpy_load32(data + HEADER_MAGIC) != COMPACT_MAGIC)
        return false;
    struct compact compact = {
        .blocks = perfpy_load32(data + HEADER_BLOCKS),
        .block_bytes = perfpy_load32(data + HEADER_BLOCK_BYTES),
        .token_count = perfpy_load32(data + HEADER_TOKENS),
        .special_count = perfpy_load32(data + HEADER_SPECIALS),
        .op_count = perfpy_load32(data + HEADER_OPS),
        .entries = perfpy_load32(data + HEADER_ENTRIES),
        .rank_bits = (uint16_t)perfpy_load32(data + HEADER_RANK_BITS),
        .primary_bits = (uint16_t)perfpy_load32(data + HEADER_PRIMARY_BITS),
        .start_count = perfpy_load32(data + HEADER_STARTS),
        .start_bits = (uint16_t)perfpy_load32(data + HEADER_START_BITS),
        .start_length_bits = (uint16_t)perfpy_load32(data + HEADER_START_LENGTH_BITS),
    };
    const uint64_t data_bytes = perfpy_load64(data + HEADER_DATA);
    const unsigned char *next = data + HEADER_SIZE;
    uint64_t left = size - HEADER_SIZE;
    const bool fits = take(&next, &left, CODE_TABLE, &compact.codes) &&
                      take(&next, &left, UINT64_C(4) << (compact.primary_bits & 31), &compact.primary) &&
                      take(&next, &left, UINT64_C(8) * compact.token_count, &compact.tokens) &&
                      take(&next, &left, UINT64_C(2) * compact.op_count, &compact.ops) &&
                      take(&next, &left, UINT64_C(8) * compact.entries, &compact.windows) &&
                      take(&next, &left, UINT64_C(4) * compact.entries, &compact.links) &&
                      take(&next, &left, packed_size(compact.blocks + UINT64_C(1), compact.rank_bits),
                           &compact.ranks) &&
                      take(&next, &left, packed_size(compact.start_count, compact.start_bits),
                           &compact.start_parents) &&
                      take(&next, &left, packed_size(compact.start_count, compact.start_length_bits),
                           &compact.start_lengths) &&
                      take(&next, &left, packed_size(compact.blocks, compact.start_bits), &compact.start_numbers) &&
                      take(&next, &left, perfpy_load64(data + HEADER_RECORDS), &compact.records) &&
                      take(&next, &left, perfpy_load32(data + HEADER_POOL), &compact.pool) &&
                      take(&next, &left, perfpy_load64(data + HEADER_RAW), &compact.raw) &&
                      take(&next, &left, data_bytes, &compact.data) && left == SLACK;
    compact.end = next;
    const uint64_t count = perfpy_load64(data + HEADER_COUNT);
    if (!fits || !plausible(&compact, count, data_bytes))
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
    uint32_t block; /* the next one */
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
    if (pass->block == compact->blocks || compact_rank(compact, pass->block) != rank)
        return true;
    const size_t length = perfpy_compact_separator(compact, pass->block, NULL, 0);
    uint64_t node = compact_start_of(compact, pass->block++);
    for (size_t i = pass->starts.count; i-- > 0;)
        if (pass->starts.list[i].length < length && pass->starts.list[i].length != compact_start(compact, node, &node))
            return false;
    return node == 0;
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

bool perfpy_compact_check(const struct perfpy_trie *trie)
{
    const struct compact compact = compact_of(trie);
    if (trie->count == 0)
        return true;
    if (!tokens_sound(&compact) || !perfpy_compact_index_sound(&compact) || compact_rank(&compact, 0) != 0 ||
        compact_rank(&compact, compact.blocks) != trie->count)
        return false;
    for (uint32_t block = 0; block < compact.blocks; block++)
        if (compact_rank(&compact, block) >= compact_rank(&compact, block + 1))
            return false;
    struct perfpy_trie_cursor cursor = {0};
    struct pass pass = {0};
    const bool sound = keys_sound(trie, &compact, &cursor, &pass);
    perfpy_compact_close(&cursor);
    free(pass.key);
    free(pass.starts.list);
    return sound;
}
