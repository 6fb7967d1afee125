/* Looks keys up in the compact layout; compact.h says how. */
#include <stdlib.h>

#include "compact_decode.h"

enum { BATCH = 16 };

/* What a scan of a block found: how many keys are below the one that is looked for, and whether it is next. */
struct found {
    uint64_t rank;
    bool equal;
};

static inline void add_start(struct prefixes *starts, uint64_t length)
{
    if (starts->count - starts->first < FEW_STARTS)
        starts->lengths[starts->count - starts->first] = length;
    starts->count++;
}

/* A search in a block. Of the current key the first `common` bytes are those of `key`, and `more` bytes follow; it is
 * below `key` unless they are the same that far, so if there are more it differs at byte `common`, and whatever is
 * appended or cut off behind that byte does not matter. If it is cut to less than `common`, all keys that follow are
 * above. */
struct search {
    const unsigned char *key;
    int64_t length, common, more;
    int32_t next; /* the byte of `key` at `common`, or -1 at its end */
    uint64_t rank, end;
    bool equal;
};

static inline void set_common(struct search *search, int64_t common)
{
    search->common = common;
    search->next = common < search->length ? search->key[common] : -1;
}

/* Appends bytes; true where the search is over. Not inlined, so that registers are for what is done more often. */
static __attribute__((noinline)) bool walk_text(struct search *search, const unsigned char *bytes, size_t count)
{
    if (search->more == 0) {
        const size_t left = (size_t)(search->length - search->common);
        const size_t shared = common_prefix(bytes, search->key + search->common, count < left ? count : left);
        set_common(search, search->common + (int64_t)shared);
        if (shared < count && (int32_t)bytes[shared] > search->next)
            return true;
        count -= shared;
    }
    search->more += (int64_t)count;
    return false;
}

/* Whether a token stays above byte `common`, or puts one there that is below: then it need not be looked into. */
static inline bool passes(uint64_t token, const struct search *search)
{
    return token_reach(token) < 256 * search->more + search->next;
}

/* Applies the operations of a token that does not pass; true where the search is over. */
static inline bool walk(const struct compact *compact, uint64_t token, struct search *search, struct prefixes *starts)
{
    const unsigned char *stop, *bytes = token_ops(compact, token, &stop);
    if (token_is_text(token)) {
        /* Most are one byte, which is known without the pool. */
        if (search->more == 0 && bytes < stop) {
            if (token_byte(token) > search->next)
                return true;
            set_common(search, search->common + 1);
            bytes++;
        }
        return bytes < stop && walk_text(search, bytes, (size_t)(stop - bytes));
    }
    while (bytes < stop) {
        const uint32_t op = token_op(compact, &bytes, stop);
        if (op < OP_END) {
            if (search->more == 0) {
                if ((int32_t)op > search->next)
                    return true;
                if ((int32_t)op == search->next) {
                    set_common(search, search->common + 1);
                    continue;
                }
            }
            search->more++;
        } else if (op < OP_RAW) {
            if (search->more == 0) {
                if (starts)
                    add_start(starts, (uint64_t)search->common);
                if (search->next < 0) {
                    search->equal = true;
                    return true;
                }
            }
            search->rank++;
            search->more -= op - OP_END;
            if (search->more < 0 || search->rank == search->end)
                return true;
        } else {
            return true;
        }
    }
    return false;
}

/* Applies a special token. */
static __attribute__((noinline)) bool walk_special(const struct compact *compact, uint32_t number,
                                                   struct compact_bits *bits, struct search *search)
{
    const unsigned char *raw;
    size_t count;
    if (number >= compact->special_count)
        return true;
    search->more -= (int64_t)decode_special(compact, number, bits, &raw, &count);
    if (search->more < 0)
        return true;
    return count > 0 && walk_text(search, raw, count);
}

/* A search before a token that had to be looked into, from which another one may go on. */
struct seen {
    struct search search;
    struct compact_bits bits; /* behind the token */
    uint64_t token;
    bool any;
};

/* Goes on through a block until a key is not below the one that is looked for. */
static inline __attribute__((always_inline)) struct search scan_on(const struct compact *compact, struct search search,
                                                                   struct compact_bits bits, struct prefixes *starts,
                                                                   struct seen *seen)
{
    while (search.rank < search.end && bits_fill(&bits)) {
#pragma GCC unroll 3
        for (int i = 0; i < CODES_PER_FILL; i++) {
            const uint32_t number = decode(compact, &bits);
            if (__builtin_expect(number >= compact->token_count, 0)) {
                if (walk_special(compact, number - compact->token_count, &bits, &search))
                    goto done;
                break;
            }
            const uint64_t token = perfpy_load64(compact->tokens + 8 * (size_t)number);
            /* A key may end that the other one starts with, but only where the current one has no more bytes. */
            const bool unseen = starts && search.more == 0 && token_keys(token);
            if (passes(token, &search) && !unseen) {
                search.more += token_net(token);
                search.rank += token_keys(token);
                if (__builtin_expect(search.rank >= search.end, 0))
                    goto done;
            } else {
                if (seen)
                    *seen = (struct seen){search, bits, token, true};
                if (walk(compact, token, &search, starts))
                    goto done;
            }
        }
    }
done:
    return search;
}

/* Goes through a block until a key is not below the one that is looked for. */
static inline __attribute__((always_inline)) struct found scan_all(const struct compact *compact,
                                                                   struct compact_place place,
                                                                   const unsigned char *key, size_t length,
                                                                   struct prefixes *starts, struct seen *seen)
{
    const uint64_t entry = block_entry(compact, place.block), next = block_entry(compact, place.block + 1);
    const struct compact_bits bits = compact_bits(compact, place.block, entry_before(compact, entry));
    struct search search = {
        .key = key,
        .length = (int64_t)length,
        .more = (int64_t)(place.length - place.common),
        .end = rank_difference(compact, entry_rank(compact, next), entry_rank(compact, entry)),
    };
    set_common(&search, (int64_t)place.common);
    search = scan_on(compact, search, bits, starts, seen);
    const uint64_t group = group_rank(compact, place.group);
    const uint64_t first = group + rank_difference(compact, entry_rank(compact, entry), group);
    return (struct found){first + (search.rank < search.end ? search.rank : search.end), search.equal};
}

static inline struct found scan(const struct compact *compact, struct compact_place place, const unsigned char *key,
                                size_t length, struct prefixes *starts)
{
    return scan_all(compact, place, key, length, starts, NULL);
}

void perfpy_compact_scan_starts(const struct compact *compact, struct compact_place place, const unsigned char *text,
                                size_t length, struct prefixes *starts)
{
    scan(compact, place, text, length, starts);
}

static struct found search_all(const struct compact *compact, const unsigned char *key, size_t length)
{
    return scan(compact, perfpy_compact_locate(compact, key, length), key, length, NULL);
}

static int64_t find(const struct perfpy_trie *trie, const unsigned char *key, size_t length)
{
    const struct compact *compact = compact_of(trie);
    if (compact->blocks == 0)
        return -1;
    const struct found found = search_all(compact, key, length);
    return found.equal ? (int64_t)found.rank : -1;
}

static uint64_t lower_bound(const struct perfpy_trie *trie, const unsigned char *key, size_t length)
{
    const struct compact *compact = compact_of(trie);
    return compact->blocks ? search_all(compact, key, length).rank : 0;
}

static uint64_t rank_of_block(const struct compact *compact, struct compact_place place)
{
    const uint64_t group = group_rank(compact, place.group);
    return group + rank_difference(compact, entry_rank(compact, block_entry(compact, place.block)), group);
}

/* Finds how many keys are below a key that comes after all that begin with a prefix, from where the search for the
 * prefix has been. Up to its last byte the key is the prefix, so that what keys of the block have in common with the one
 * they have in common with the other, but for that byte, which is greater. */
static uint64_t rank_behind(const struct compact *compact, struct compact_place place, const struct seen *seen,
                            const unsigned char *key, size_t length)
{
    if (!seen->any)
        return search_all(compact, key, length).rank;
    struct search search = seen->search;
    const int64_t common = search.common < (int64_t)length ? search.common : (int64_t)length - 1;
    search.key = key;
    search.length = (int64_t)length;
    search.more += search.common - common;
    set_common(&search, common);
    bool ended = false;
    if (passes(seen->token, &search)) {
        search.more += token_net(seen->token);
        search.rank += token_keys(seen->token);
    } else {
        ended = walk(compact, seen->token, &search, NULL);
    }
    if (!ended)
        search = scan_on(compact, search, seen->bits, NULL, NULL);
    return search.rank < search.end ? rank_of_block(compact, place) + search.rank
                                    : search_all(compact, key, length).rank;
}

static enum perfpy_trie_status span(const struct perfpy_trie *trie, const unsigned char *prefix, size_t length,
                                    struct perfpy_trie_span *span)
{
    const struct compact *compact = compact_of(trie);
    *span = (struct perfpy_trie_span){.hint = {[HINT_GROUP] = HINT_NONE}};
    if (compact->blocks == 0)
        return PERFPY_TRIE_OK;
    const struct compact_place place = perfpy_compact_locate(compact, prefix, length);
    struct seen seen = {.any = false};
    span->start = scan_all(compact, place, prefix, length, NULL, &seen).rank;
    span->stop = trie->count;
    /* Else it is in the next block, if there is one. */
    if (seen.any && span->start < rank_of_block(compact, place) + seen.search.end) {
        span->hint[HINT_GROUP] = place.group;
        span->hint[HINT_BLOCK] = place.block;
    }
    while (length > 0 && prefix[length - 1] == 0xFF)
        length--;
    if (length > 0) {
        unsigned char few[256], *key = length <= sizeof few ? few : malloc(length);
        if (!key)
            return PERFPY_TRIE_MEMORY;
        memcpy(key, prefix, length);
        key[length - 1]++;
        span->stop = rank_behind(compact, place, &seen, key, length);
        if (key != few)
            free(key);
    }
    span->stop = span->stop < trie->count ? span->stop : trie->count;
    span->start = span->start < span->stop ? span->start : span->stop;
    return PERFPY_TRIE_OK;
}

/* First the blocks of a few queries, whose memory is then on its way while others are looked for. */
static void find_many(const struct perfpy_trie *trie, const struct perfpy_trie_keys *queries, int64_t *ranks)
{
    const struct compact *compact = compact_of(trie);
    for (uint64_t first = 0; first < queries->count; first += BATCH) {
        const uint64_t left = queries->count - first, count = left < BATCH ? left : BATCH;
        const uint64_t *offsets = queries->offsets + first;
        struct compact_place places[BATCH];
        for (uint64_t i = 0; i < count && compact->blocks; i++) {
            const unsigned char *key = queries->bytes + offsets[i];
            places[i] = perfpy_compact_locate(compact, key, (size_t)(offsets[i + 1] - offsets[i]));
            compact_prefetch(compact, places[i].block);
        }
        for (uint64_t i = 0; i < count; i++) {
            const size_t length = (size_t)(offsets[i + 1] - offsets[i]);
            struct found found = {0};
            if (compact->blocks)
                found = scan(compact, places[i], queries->bytes + offsets[i], length, NULL);
            ranks[first + i] = found.equal ? (int64_t)found.rank : -1;
        }
    }
}

const struct perfpy_trie_layout perfpy_trie_compact = {
    .name = "compact",
    .build = perfpy_compact_build,
    .open = perfpy_compact_open,
    .check = perfpy_compact_check,
    .find = find,
    .lower_bound = lower_bound,
    .span = span,
    .find_many = find_many,
    .seek = perfpy_compact_seek,
    .seek_span = perfpy_compact_seek_span,
    .next = perfpy_compact_next,
    .walk = perfpy_compact_walk,
    .close = perfpy_compact_close,
    .prefixes = perfpy_compact_prefixes,
};
