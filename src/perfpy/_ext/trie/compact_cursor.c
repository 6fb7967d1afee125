/* Keys of the compact layout by rank, and in order. */
#include <stdlib.h>

#include "compact_decode.h"

/* A token that was passed over, or a raw stretch, and the length of the key before it. */
struct passed {
    uint64_t token;
    const unsigned char *raw; /* NULL for a token */
    int64_t depth;
};

/* Where in a block a cursor is: after the operations before `op`, in a token that ends at `stop`. The last of them
 * ended the cursor's key; `cut` bytes are to be taken off before the next one. */
struct state {
    struct compact_bits bits;
    const unsigned char *op, *stop;
    size_t cut;
    uint32_t group, block;
    uint64_t end; /* the rank of the next block's first key */
    bool sound;
};

enum { FIRST_ROOM = 1024 }; /* bytes of a key */

/* A code has a bit at least, and as many are read behind a block as a word has. */
enum { PASSED_MOST = 8 * (BLOCK_MOST + SLACK) + BEFORE_MOST };

bool perfpy_compact_sound(const struct perfpy_trie_cursor *cursor)
{
    return ((const struct state *)cursor->state)->sound;
}

static bool reserve(struct perfpy_trie_cursor *cursor, size_t length)
{
    if (length <= cursor->capacity)
        return true;
    unsigned char *grown = realloc(cursor->key, length + length / 2);
    if (!grown)
        return false;
    cursor->key = grown;
    cursor->capacity = length + length / 2;
    return true;
}

/* No key of a sound trie is longer. */
static size_t longest_key(const struct perfpy_trie *trie, const struct compact *compact)
{
    return trie->size + (size_t)compact->block_bytes * 8 * TOKEN_OPS_MOST;
}

static bool take_off(struct perfpy_trie_cursor *cursor, uint64_t count)
{
    if (count > cursor->length)
        return false;
    cursor->length -= (size_t)count;
    return true;
}

/* Applies a special token; `state->sound` is false where that cannot be done. */
static enum perfpy_trie_status apply_special(const struct perfpy_trie *trie, const struct compact *compact,
                                             struct perfpy_trie_cursor *cursor, struct state *state, uint32_t number)
{
    const unsigned char *raw;
    size_t count;
    state->sound = number < compact->special_count &&
                   take_off(cursor, decode_special(compact, number, &state->bits, &raw, &count)) &&
                   count <= longest_key(trie, compact) - cursor->length;
    if (!state->sound)
        return PERFPY_TRIE_OK;
    if (!reserve(cursor, cursor->length + count))
        return PERFPY_TRIE_MEMORY;
    if (count)
        memcpy(cursor->key + cursor->length, raw, count);
    cursor->length += count;
    return PERFPY_TRIE_OK;
}

/* Copies bytes of the pool, and as many more as make it quick, for which there is room. */
static inline void copy_text(unsigned char *to, const unsigned char *from, size_t count)
{
    for (size_t i = 0; i < count; i += SLACK)
        memcpy(to + i, from + i, SLACK);
}

/* Applies operations up to the next end of a key. Where that cannot be found the key stays as it is by then.
 *
 * A byte that is written to the key might belong to anything, as far as a compiler knows, so that all else would be
 * read again after each. Hence callers pass variables of their own, and what is not inlined gets copies of them. */
static inline enum perfpy_trie_status run(const struct perfpy_trie *trie, const struct compact *compact,
                                          struct perfpy_trie_cursor *cursor, struct state *state)
{
    enum perfpy_trie_status status;
    if (!take_off(cursor, state->cut))
        state->sound = false;
    state->cut = 0;
    while (state->sound) {
        if (__builtin_expect(cursor->length + TOKEN_BYTES_MOST + SLACK > cursor->capacity, 0)) {
            struct perfpy_trie_cursor grown = *cursor;
            if (!reserve(&grown, cursor->length + TOKEN_BYTES_MOST + SLACK))
                return PERFPY_TRIE_MEMORY;
            *cursor = grown;
        }
        while (state->op < state->stop) {
            const uint32_t op = token_op(compact, &state->op, state->stop);
            if (op < OP_END) {
                cursor->key[cursor->length++] = (unsigned char)op;
            } else {
                state->sound = op < OP_RAW;
                state->cut = state->sound ? op - OP_END : 0;
                return PERFPY_TRIE_OK;
            }
        }
        /* What is filled in has to be waited for. */
        if (state->bits.count < CODE_MOST && !bits_fill(&state->bits))
            break;
        const uint32_t number = decode(compact, &state->bits);
        if (__builtin_expect(number < compact->token_count, 1)) {
            const uint64_t token = perfpy_load64(compact->tokens + 8 * (size_t)number);
            state->op = token_ops(compact, token, &state->stop);
            if (token_is_text(token)) {
                const size_t count = (size_t)(state->stop - state->op);
                copy_text(cursor->key + cursor->length, state->op, count);
                cursor->length += count;
                state->op = state->stop;
            }
            continue;
        }
        struct perfpy_trie_cursor changed = *cursor;
        struct state after = *state;
        status = apply_special(trie, compact, &changed, &after, number - compact->token_count);
        *cursor = changed;
        *state = after;
        if (status != PERFPY_TRIE_OK)
            return status;
    }
    state->sound = false;
    return PERFPY_TRIE_OK;
}

/* Makes the key the separator of a group's first block. */
static bool set_separator(const struct compact *compact, struct perfpy_trie_cursor *cursor, uint32_t group)
{
    const size_t length = perfpy_compact_separator(compact, group, cursor->key, cursor->capacity);
    if (length > cursor->capacity) {
        if (!reserve(cursor, length))
            return false;
        perfpy_compact_separator(compact, group, cursor->key, cursor->capacity);
    }
    cursor->length = length;
    return true;
}

/* Goes to the start of a block, which is in the state's group; the key becomes its separator. Up to the group's depth it
 * must be there already. */
static bool enter(const struct compact *compact, struct perfpy_trie_cursor *cursor, struct state *state,
                  uint32_t block)
{
    const uint64_t entry = block_entry(compact, block), next = block_entry(compact, block + 1);
    if (block > group_place(compact, state->group)) {
        const uint64_t mark = entry_mark(compact, entry), depth = group_depth(compact, state->group);
        const size_t own = mark_length(compact, mark);
        if (depth > cursor->length)
            state->sound = false;
        else if (!reserve(cursor, (size_t)depth + own))
            return false;
        for (size_t i = 0; i < own && state->sound; i++)
            cursor->key[depth + i] = (unsigned char)(mark >> 8 * (compact->mark_bytes - 1 - i));
        cursor->length = state->sound ? (size_t)depth + own : 0;
    }
    state->bits = compact_bits(compact, block, entry_before(compact, entry));
    state->op = state->stop = compact->pool;
    state->cut = 0;
    state->block = block;
    state->end = cursor->rank + rank_difference(compact, entry_rank(compact, next), entry_rank(compact, entry));
    return true;
}

/* Writes what a token leaves below `want`, if anything; returns the length below which nothing was written. */
static int64_t replay(const struct compact *compact, const struct passed *passed, int64_t want, unsigned char *key)
{
    int64_t depth = passed->depth;
    if (passed->raw) {
        const int64_t count = (int64_t)passed->token, room = want - depth;
        if (depth >= 0 && room > 0 && count > 0)
            memcpy(key + depth, passed->raw, (size_t)(count < room ? count : room));
        return depth < want ? depth : want;
    }
    const int64_t low = depth - token_low(passed->token);
    if (low >= want)
        return want;
    const unsigned char *stop, *op = token_ops(compact, passed->token, &stop);
    if (token_is_text(passed->token)) {
        const int64_t room = want - depth, count = stop - op < room ? stop - op : room;
        if (depth >= 0 && count > 0)
            memcpy(key + depth, op, (size_t)count);
        return room > 0 ? depth : want;
    }
    while (op < stop) {
        const uint32_t number = token_op(compact, &op, stop);
        if (number >= OP_RAW)
            break;
        if (number < OP_END) {
            if (depth >= 0 && depth < want)
                key[depth] = (unsigned char)number;
            depth++;
        } else {
            depth -= number - OP_END;
        }
    }
    return low;
}

/* Passes over tokens up to the one where the key of a rank ends, and returns how many keys end before it. Afterwards
 * the key is as long as it is before that token; only those tokens are looked at of which some bytes remain. */
static enum perfpy_trie_status pass(const struct perfpy_trie *trie, const struct compact *compact,
                                    struct perfpy_trie_cursor *cursor, uint64_t keys)
{
    struct state *state = cursor->state;
    const int64_t longest = (int64_t)longest_key(trie, compact);
    int64_t depth = (int64_t)cursor->length, lowest = depth; /* below which the separator is as it was */
    struct passed list[PASSED_MOST];
    size_t count = 0, length;
    uint64_t token = 0, left = keys;
    while (depth >= 0 && depth <= longest && bits_fill(&state->bits)) {
        for (int i = 0; i < CODES_PER_FILL; i++) {
            struct passed *passed = &list[count++];
            const uint32_t number = decode(compact, &state->bits);
            passed->depth = depth;
            if (__builtin_expect(number < compact->token_count, 1)) {
                token = perfpy_load64(compact->tokens + 8 * (size_t)number);
                if (token_keys(token) > left)
                    goto found;
                left -= token_keys(token);
                passed->token = token;
                passed->raw = NULL;
                lowest = depth - token_low(token) < lowest ? depth - token_low(token) : lowest;
                depth += token_net(token);
                continue;
            }
            if (number - compact->token_count >= compact->special_count)
                goto unsound;
            passed->raw = compact->raw;
            passed->depth -= (int64_t)decode_special(compact, number - compact->token_count, &state->bits,
                                                     &passed->raw, &length);
            passed->token = length;
            lowest = passed->depth < lowest ? passed->depth : lowest;
            depth = passed->depth + (int64_t)length;
            break;
        }
    }
unsound:
    state->sound = false;
    return PERFPY_TRIE_OK;
found:
    count--;
    if (depth < 0 || depth > longest)
        goto unsound;
    if (!reserve(cursor, (size_t)depth))
        return PERFPY_TRIE_MEMORY;
    int64_t want = depth;
    while (count > 0 && want > lowest)
        want = replay(compact, &list[--count], want, cursor->key);
    if (want > (int64_t)cursor->length)
        state->sound = false;
    cursor->length = state->sound ? (size_t)depth : 0;
    state->op = token_ops(compact, token, &state->stop);
    cursor->rank -= left;
    return PERFPY_TRIE_OK;
}

/* Goes to a rank, whose key is in a block of a group. */
static enum perfpy_trie_status seek_in(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                       uint64_t rank, uint32_t group, uint32_t block)
{
    const struct compact *compact = compact_of(trie);
    if (!cursor->state) {
        cursor->state = calloc(1, sizeof(struct state));
        /* Most keys then need no more. */
        if (!cursor->state || !reserve(cursor, FIRST_ROOM))
            return PERFPY_TRIE_MEMORY;
    }
    struct state *state = cursor->state;
    const uint64_t first = group_rank(compact, group);
    state->sound = true;
    state->group = group;
    cursor->rank = first + rank_in_group(compact, first, block);
    if (!set_separator(compact, cursor, state->group) || !enter(compact, cursor, state, block))
        return PERFPY_TRIE_MEMORY;
    const uint64_t keys = rank > cursor->rank ? rank - cursor->rank : 0;
    cursor->rank = rank;
    enum perfpy_trie_status status = pass(trie, compact, cursor, keys);
    while (status == PERFPY_TRIE_OK && state->sound) {
        status = run(trie, compact, cursor, state);
        if (cursor->rank == rank)
            break;
        cursor->rank++;
    }
    cursor->rank = rank;
    return status;
}

enum perfpy_trie_status perfpy_compact_seek(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                            uint64_t rank)
{
    const struct compact *compact = compact_of(trie);
    const struct compact_place place = perfpy_compact_locate_rank(compact, rank);
    compact_prefetch(compact, place.block);
    return seek_in(trie, cursor, rank, place.group, place.block);
}

enum perfpy_trie_status perfpy_compact_seek_span(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                                 const unsigned char *prefix, size_t length,
                                                 const struct perfpy_trie_span *span)
{
    (void)prefix, (void)length;
    if (span->hint[HINT_GROUP] == HINT_NONE)
        return perfpy_compact_seek(trie, cursor, span->start);
    return seek_in(trie, cursor, span->start, (uint32_t)span->hint[HINT_GROUP], (uint32_t)span->hint[HINT_BLOCK]);
}

/* Goes to the start of the next block; false where memory is short. */
static bool go_on(const struct compact *compact, struct perfpy_trie_cursor *cursor, struct state *state)
{
    const uint32_t block = state->block + 1;
    if (block == group_place(compact, state->group + 1) && state->group + 1 < compact->groups)
        if (!set_separator(compact, cursor, ++state->group))
            return false;
    return enter(compact, cursor, state, block);
}

enum perfpy_trie_status perfpy_compact_walk(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                            uint64_t count, perfpy_trie_visitor *visit, void *context)
{
    const struct compact *compact = compact_of(trie);
    struct perfpy_trie_cursor now = *cursor;
    struct state state = *(const struct state *)now.state;
    enum perfpy_trie_status status = PERFPY_TRIE_OK;
    bool goes_on = true;
    for (; count > 0 && goes_on && status == PERFPY_TRIE_OK; count--) {
        if (now.rank + 1 >= trie->count) {
            now.rank = trie->count;
            break;
        }
        if (++now.rank == state.end && state.block + 1 < compact->blocks) {
            struct perfpy_trie_cursor entered = now;
            struct state first = state;
            if (!go_on(compact, &entered, &first))
                status = PERFPY_TRIE_MEMORY;
            now = entered;
            state = first;
        }
        if (status == PERFPY_TRIE_OK)
            status = run(trie, compact, &now, &state);
        if (!state.sound)
            now.rank = trie->count;
        goes_on = state.sound && status == PERFPY_TRIE_OK && visit(context, now.key, now.length);
    }
    *(struct state *)now.state = state;
    *cursor = now;
    return status;
}

static bool pass_by(void *context, const unsigned char *key, size_t length)
{
    (void)context, (void)key, (void)length;
    return true;
}

enum perfpy_trie_status perfpy_compact_next(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor)
{
    return perfpy_compact_walk(trie, cursor, 1, pass_by, NULL);
}

void perfpy_compact_close(struct perfpy_trie_cursor *cursor)
{
    free(cursor->key);
    free(cursor->state);
    *cursor = (struct perfpy_trie_cursor){0};
}
